//! The address that a server listens on.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, lookup_host};

use crate::{Failure, reason};

/// A clap value parser for `HOST:PORT`; the text comes out as it went in. A
/// name is looked up when it is used, not here.
pub fn host_port(text: &str) -> Result<String, String> {
    let parts = text.rsplit_once(':').filter(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    let without = if text.contains("://") { " alone, without a scheme or a path" } else { "" };
    let wrong = || format!("must be HOST:PORT{without}, like 127.0.0.1:8080 or [::1]:8080");
    parts.map(|_| text.to_owned()).ok_or_else(wrong)
}

/// A name, an IPv4 address, or an IPv6 address in brackets; no scheme, user or path beside it.
fn is_host(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')),
    }
}

/// Resolves `HOST:PORT` and listens on it; port 0 takes one that is free. All
/// that the name stands for must be loopback unless `insecure` is set.
pub async fn bind(listen: &str, insecure: bool) -> Result<TcpListener, Failure> {
    host_port(listen).map_err(|wrong| Failure::usage(format!("--listen {listen}: it {wrong}")))?;
    let unknown = |error: io::Error| {
        Failure::missing(format!(
            "can't find the host of {listen} ({}): name an address, like 127.0.0.1:0",
            reason(&error)
        ))
    };
    let addresses: Vec<SocketAddr> = lookup_host(listen).await.map_err(unknown)?.collect();
    addresses.iter().try_for_each(|&address| check_loopback(address, insecure))?;
    let mut failed = Failure::missing(format!("{listen} stands for no address: name one, like 127.0.0.1:0"));
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            // `localhost` is two addresses. One that this machine doesn't have is
            // passed over, but not one that is taken: clients would reach the
            // program that has it, and not this one.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(taken(listen, address)),
            Err(error) => {
                failed = Failure::missing(format!(
                    "can't listen on {address} ({}): name another address with --listen",
                    reason(&error)
                ))
            }
        }
    }
    Err(failed)
}

fn taken(listen: &str, address: SocketAddr) -> Failure {
    let host = listen.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
    Failure::missing(format!(
        "another program listens on {address}: end it, or take a free port with --listen {host}:0"
    ))
}

/// Refuses an address that others can reach, unless `insecure` is set. A server
/// here asks nobody who they are.
pub fn check_loopback(address: SocketAddr, insecure: bool) -> Result<(), Failure> {
    if insecure || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{address} can be reached from other machines, and this server asks nobody who they are: \
         listen on 127.0.0.1, or allow it with --insecure"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Exit;

    #[tokio::test]
    async fn port_0_is_a_free_port_of_a_name_or_an_address() {
        for listen in ["127.0.0.1:0", "localhost:0", "[::1]:0"] {
            match bind(listen, false).await {
                Ok(listener) => assert_ne!(listener.local_addr().expect("bound").port(), 0, "{listen}"),
                // A machine may have no IPv6; then there is a sentence about it.
                Err(failure) => assert!(listen == "[::1]:0" && failure.exit == Exit::Missing, "{listen}: {failure}"),
            }
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_the_way_out() {
        let first = bind("127.0.0.1:0", false).await.expect("a free port");
        let address = first.local_addr().expect("bound");
        let failure = bind(&address.to_string(), false).await.expect_err("taken");
        assert_eq!((failure.exit, &*failure.code), (Exit::Missing, "unavailable"));
        assert_eq!(
            failure.message,
            format!("another program listens on {address}: end it, or take a free port with --listen 127.0.0.1:0")
        );
    }

    #[tokio::test]
    async fn what_is_no_address_is_wrong_usage() {
        for listen in [
            "nonsense",
            "",
            ":8080",
            "http://localhost:80",
            "a@b:80",
            "::1:80",
            "localhost:",
            "localhost:http",
            "127.0.0.1:65536",
        ] {
            assert_eq!(bind(listen, false).await.expect_err(listen).exit, Exit::Usage, "{listen}");
        }
    }

    #[tokio::test]
    async fn a_host_that_nobody_knows_is_not_there() {
        // A label of 64 characters can't be in the DNS (RFC 1035 §2.3.4), so nobody is asked.
        let listen = format!("{}.invalid:8080", "x".repeat(64));
        let failure = bind(&listen, false).await.expect_err("never there");
        assert_eq!(failure.exit, Exit::Missing);
        assert!(failure.message.contains(&listen), "{failure}");
    }

    #[tokio::test]
    async fn only_loopback_goes_without_being_asked_for() {
        for open in ["0.0.0.0:0", "[::]:0"] {
            let failure = bind(open, false).await.expect_err(open);
            assert_eq!(failure.exit, Exit::Usage, "{open}");
            assert!(failure.message.contains("--insecure"), "{failure}");
        }
        bind("0.0.0.0:0", true).await.expect("it was asked for");
        for loopback in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            check_loopback(loopback.parse().expect(loopback), false).expect(loopback);
        }
    }
}
