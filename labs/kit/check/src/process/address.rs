//! Ports: one that is free, and where a program listens instead.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use tokio::net::{TcpSocket, TcpStream};

use super::family::Family;
use crate::verdict::Advice;

/// Below those that systems hand out by themselves, so that nobody gets it in between.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A port that no other checker gives away, as long as this is there: the port of the same
/// number for UDP, which no program here has a use for.
#[derive(Debug)]
pub(crate) struct Claim(#[expect(dead_code, reason = "it is there to be closed")] UdpSocket);

/// An address on which nobody listens, over IPv4 or IPv6.
pub(crate) fn free_address() -> Result<(SocketAddr, Claim), String> {
    for _ in 0..1_000 {
        let random = u16::from_le_bytes([uuid::Uuid::new_v4().as_bytes()[0], uuid::Uuid::new_v4().as_bytes()[1]]);
        let port = PORTS.start + random % (PORTS.end - PORTS.start);
        let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) else { continue };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let taken = bind(TcpSocket::new_v4(), address).is_err()
            // Where there is no IPv6, nobody listens there.
            || bind(TcpSocket::new_v6(), (Ipv6Addr::LOCALHOST, port).into())
                .is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
        if !taken {
            return Ok((address, Claim(claim)));
        }
    }
    Err(format!("no port from {} to {} is free on 127.0.0.1", PORTS.start, PORTS.end))
}

/// Fails where somebody listens. Nobody listens here to find out: a process that is just being started
/// holds what is open for a moment, and a port where somebody listens is taken as long.
fn bind(socket: io::Result<TcpSocket>, address: SocketAddr) -> io::Result<()> {
    let socket = socket?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

/// Of a program that doesn't listen at `address`: where it does. It may have begun to meanwhile.
pub(super) async fn elsewhere(address: SocketAddr, family: &Family) -> Option<String> {
    if TcpStream::connect((Ipv6Addr::LOCALHOST, address.port())).await.is_ok() {
        return Some(format!("it runs, and listens on [::1]:{0} alone, which is not 127.0.0.1:{0}", address.port()));
    }
    let others = listening(family);
    (!others.is_empty()).then(|| format!("it runs, and listens on {} instead", others.join(" and ")))
}

pub(super) const ELSEWHERE: Advice = Advice {
    why: "Whoever starts your program decides where it listens: so two of them can run at once, on any machine.",
    r#try: "Read the address from the environment variable that the task names, and listen there, on the host as \
            well as the port: `localhost` may be ::1, and the default of most frameworks is a port of their own.",
};

pub(super) const NOWHERE: Advice = Advice {
    why: "There is nothing to be graded where nobody listens.",
    r#try: "Start it by hand. What does it wait for before it listens: its input, a database, another program?",
};

/// Where its processes listen, as far as the system tells.
fn listening(family: &Family) -> Vec<String> {
    let sockets: Vec<String> = family.members().into_iter().flat_map(sockets_of).collect();
    let table = |file, parse: fn(&str) -> Option<String>| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let rows = text.lines().skip(1).map(|row| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        // Columns: number, local address, remote address, state (0A: listening), …, inode.
        let ours = rows.filter(|row| row.get(3).is_some_and(|state| state == "0A"));
        let ours = ours.filter(|row| row.get(9).is_some_and(|inode| sockets.contains(inode)));
        ours.filter_map(|row| parse(row.get(1)?)).collect::<Vec<_>>()
    };
    let mut all = table("/proc/net/tcp", ipv4);
    all.extend(table("/proc/net/tcp6", ipv6));
    all
}

/// The inodes of a process's sockets: `socket:[12345]`.
fn sockets_of(pid: nix::unistd::Pid) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
    targets
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect()
}

/// `0100007F:1F90` → `127.0.0.1:8080`: the address as the machine holds it, the port in hexadecimal.
fn ipv4(text: &str) -> Option<String> {
    let (ip, port) = text.split_once(':')?;
    let ip = Ipv4Addr::from(u32::from_str_radix(ip, 16).ok()?.to_ne_bytes());
    Some(format!("{ip}:{}", u16::from_str_radix(port, 16).ok()?))
}

/// The same, in four words.
fn ipv6(text: &str) -> Option<String> {
    let (ip, port) = text.split_once(':')?;
    let mut bytes = [0; 16];
    for (word, place) in bytes.chunks_exact_mut(4).zip(0..) {
        word.copy_from_slice(&u32::from_str_radix(ip.get(place * 8..place * 8 + 8)?, 16).ok()?.to_ne_bytes());
    }
    Some(format!("[{}]:{}", Ipv6Addr::from(bytes), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_systems_table_is_read() {
        assert_eq!(ipv4("0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(ipv6("00000000000000000000000001000000:1F90").as_deref(), Some("[::1]:8080"));
    }
}
