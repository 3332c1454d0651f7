//! Answers that say where brokers are: they say the tap's address instead, so that
//! clients come through it to all of them. Nothing else in them changes.
//!
//! Newer brokers also name the new leader's address when a partition has moved
//! (KIP-951, in errors to Produce and Fetch). One node has nowhere to move it.

use std::net::SocketAddr;

use super::request::{Api, Request};
use super::topics::Topics;
use super::wire::Reader;

/// What stands at some bytes of a message instead.
struct Edit {
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

/// The message with other addresses; `None` when it can't be read. Names of topics are learned on the way.
pub(super) fn rewrite(request: &Request, message: &[u8], tap: SocketAddr, topics: &Topics) -> Option<Vec<u8>> {
    let mut reader = request.answer(message)?;
    let mut edits = Vec::new();
    match request.api {
        Api::Metadata => metadata(request.version, &mut reader, tap, &mut edits)?,
        Api::FindCoordinator => coordinator(request.version, &mut reader, tap, &mut edits)?,
        Api::DescribeCluster => cluster(request.version, &mut reader, tap, &mut edits)?,
        _ => return None,
    }
    if request.api == Api::Metadata {
        // Addresses stand before; were the rest unknown, they'd be right all the same.
        let _ = learn(request.version, &mut reader, topics);
    }
    let (mut rewritten, mut at) = (Vec::with_capacity(message.len() + 64), 0);
    for edit in edits {
        rewritten.extend_from_slice(message.get(at..edit.from)?);
        rewritten.extend_from_slice(&edit.bytes);
        at = edit.to;
    }
    rewritten.extend_from_slice(message.get(at..)?);
    let length = u32::try_from(rewritten.len() - 4).ok()?;
    rewritten[..4].copy_from_slice(&length.to_be_bytes());
    Some(rewritten)
}

fn metadata(version: i16, reader: &mut Reader<'_>, tap: SocketAddr, edits: &mut Vec<Edit>) -> Option<()> {
    if version >= 3 {
        reader.i32()?; // throttle time
    }
    reader.list(|broker| {
        broker.i32()?; // node id
        address(version >= 9, broker, tap, edits)?;
        if version >= 1 {
            broker.text()?; // rack
        }
        broker.tags()
    })
}

fn coordinator(version: i16, reader: &mut Reader<'_>, tap: SocketAddr, edits: &mut Vec<Edit>) -> Option<()> {
    if version >= 1 {
        reader.i32()?; // throttle time
    }
    if version >= 4 {
        return reader.list(|found| {
            found.text()?; // key
            found.i32()?; // node id
            address(true, found, tap, edits)?;
            found.i16()?; // error
            found.text()?; // its message
            found.tags()
        });
    }
    reader.i16()?; // error
    if version >= 1 {
        reader.text()?; // its message
    }
    reader.i32()?; // node id
    address(version >= 3, reader, tap, edits)
}

fn cluster(version: i16, reader: &mut Reader<'_>, tap: SocketAddr, edits: &mut Vec<Edit>) -> Option<()> {
    reader.i32()?; // throttle time
    reader.i16()?; // error
    reader.text()?; // its message
    if version >= 1 {
        reader.i8()?; // kind of endpoint
    }
    reader.text()?; // cluster id
    reader.i32()?; // controller
    reader.list(|broker| {
        broker.i32()?; // node id
        address(true, broker, tap, edits)?;
        broker.text()?; // rack
        if version >= 2 {
            broker.i8()?; // is it fenced
        }
        broker.tags()
    })
}

/// Reads a host and a port, and puts the tap's there.
fn address(flexible: bool, reader: &mut Reader<'_>, tap: SocketAddr, edits: &mut Vec<Edit>) -> Option<()> {
    let from = reader.at();
    let host = reader.text()?;
    reader.i32()?;
    // Nobody is the coordinator yet: an address of nothing stays one.
    if !host.is_empty() {
        let host = tap.ip().to_string();
        let mut bytes = if flexible { vec![host.len() as u8 + 1] } else { vec![0, host.len() as u8] };
        bytes.extend_from_slice(host.as_bytes());
        bytes.extend_from_slice(&i32::from(tap.port()).to_be_bytes());
        edits.push(Edit { from, to: reader.at(), bytes });
    }
    Some(())
}

/// The rest of a Metadata answer: topics have ids from version 10 on.
fn learn(version: i16, reader: &mut Reader<'_>, topics: &Topics) -> Option<()> {
    if version < 10 {
        return Some(());
    }
    reader.text()?; // cluster id
    reader.i32()?; // controller
    reader.list(|topic| {
        topic.i16()?; // error
        let name = topic.text()?;
        topics.learn(topic.array()?, name);
        topic.i8()?; // is it internal
        topic.list(|partition| {
            partition.i16()?; // error
            partition.i32()?; // index
            partition.i32()?; // leader
            partition.i32()?; // its epoch
            for _ in 0..3 {
                partition.list(|replica| replica.i32().map(drop))?; // all, in sync, offline
            }
            partition.tags()
        })?;
        topic.i32()?; // what is allowed
        topic.tags()
    })
}
