//! Who listens on a port. Linux has it in /proc; elsewhere `lsof` knows, where there is one.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::ask::{Answer, ask};

/// `TCP_LISTEN`, as /proc/net/tcp writes it.
const LISTENING: &str = "0A";
/// What our servers are called, where nothing else tells them from others.
const OURS: [&str; 2] = ["lab", "server"];

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) name: String,
    /// A program of this lab, from the same target folder.
    pub(super) is_ours: bool,
}

/// `None` when nobody listens there, or it is hidden: another user's.
pub(super) async fn holder(address: SocketAddr) -> Option<Holder> {
    if Path::new("/proc/net/tcp").exists() {
        return tokio::task::spawn_blocking(move || by_proc(address)).await.ok().flatten();
    }
    let port = format!("-iTCP:{}", address.port());
    match ask("lsof", &["-nP", &port, "-sTCP:LISTEN", "-Fpc"]).await {
        Answer::Said(said) => by_lsof(&said),
        _ => None,
    }
}

fn by_proc(address: SocketAddr) -> Option<Holder> {
    let read = |table: &str| fs::read_to_string(table).unwrap_or_default();
    let tables = [read("/proc/net/tcp"), read("/proc/net/tcp6")];
    let sockets: Vec<PathBuf> = tables
        .iter()
        .flat_map(|table| table.lines().filter_map(listener))
        .filter(|(listener, _)| listener.port() == address.port())
        .filter(|(listener, _)| listener.ip().is_unspecified() || listener.ip() == address.ip())
        .map(|(_, inode)| PathBuf::from(format!("socket:[{inode}]")))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    let pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.into_iter().find(|&pid| holds(pid, &sockets)).map(process)
}

/// The address and the socket's number in a line of /proc/net/tcp, of one that listens.
fn listener(line: &str) -> Option<(SocketAddr, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let (ip, port) = local.split_once(':')?;
    let address = SocketAddr::new(ip_of(ip)?, u16::from_str_radix(port, 16).ok()?);
    (*state == LISTENING).then_some(())?;
    Some((address, inode.parse().ok()?))
}

/// Each 32 bits in hexadecimal, as the machine has them in memory.
fn ip_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut bytes = [0; 16];
    for (number, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(8 * number)?);
    }
    Some(Ipv6Addr::from(bytes).to_canonical())
}

fn holds(pid: u32, sockets: &[PathBuf]) -> bool {
    // Another user's files can't be listed, and a process may be gone by now.
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| sockets.contains(&target))
}

fn process(pid: u32) -> Holder {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned();
    let target = |program: PathBuf| Some(program.parent()?.parent()?.to_owned());
    let theirs = fs::read_link(format!("/proc/{pid}/exe")).ok().and_then(target);
    let is_ours = theirs.is_some() && theirs == std::env::current_exe().ok().and_then(target);
    Holder { pid, name, is_ours }
}

/// Lines that begin with `p`, a process, and `c`, its name.
fn by_lsof(said: &str) -> Option<Holder> {
    let field = |letter| said.lines().find_map(|line: &str| line.strip_prefix(letter));
    let name = field('c')?;
    Some(Holder { pid: field('p')?.parse().ok()?, name: name.to_owned(), is_ours: OURS.contains(&name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_listener_is_read_from_the_tables() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 47123 1";
        assert_eq!(listener(line), Some(("127.0.0.1:8080".parse().expect("an address"), 47123)));
        assert_eq!(listener(&line.replace(" 0A ", " 01 ")), None, "a connection");
        assert_eq!(listener("  sl  local_address rem_address   st tx_queue"), None);
        let ipv6 = line.replace("0100007F", "00000000000000000000000001000000");
        assert_eq!(listener(&ipv6), Some(("[::1]:8080".parse().expect("an address"), 47123)));
        let mapped = line.replace("0100007F", "0000000000000000FFFF00000100007F");
        assert_eq!(listener(&mapped), Some(("127.0.0.1:8080".parse().expect("an address"), 47123)));
    }

    #[test]
    fn a_process_is_read_from_lsof() {
        let expected = Holder { pid: 4711, name: "python3".to_owned(), is_ours: false };
        assert_eq!(by_lsof("p4711\ncpython3\nf3\n"), Some(expected));
        assert_eq!(by_lsof(""), None);
    }
}
