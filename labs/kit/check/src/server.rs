//! The server on trial: what a check asks of it, and what became of it when no answer came.

use std::net::SocketAddr;

use crate::http::{Answer, Request, send};
use crate::process::{Claim, Process};
use crate::rpc;
use crate::verdict::Failed;

/// A server that takes connections.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// `None`: somebody else has started it.
    pub(crate) process: Option<Process>,
    /// While it is held, nobody else is given the address.
    pub(crate) _claim: Option<Claim>,
}

impl Server {
    /// Sends a request on a connection of its own, and reads the whole answer.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Answer, Failed> {
        let answer = send(self.address, request).await;
        self.explained(answer).await
    }

    /// Calls a method on a connection of its own, and reads all that comes.
    pub(crate) async fn call(&mut self, request: rpc::Request) -> Result<rpc::Answer, Failed> {
        let answer = rpc::call(self.address, request).await;
        self.explained(answer).await
    }

    /// Calls a method on a connection of its own; what comes is read when the check wants it.
    pub(crate) async fn open(&mut self, request: rpc::Request) -> Result<rpc::Stream, Failed> {
        let stream = rpc::open(self.address, request).await;
        self.explained(stream).await
    }

    /// A connection for many calls.
    pub(crate) async fn connect(&mut self) -> Result<rpc::Connection, Failed> {
        let connection = rpc::Connection::open(self.address).await;
        self.explained(connection).await
    }

    /// Adds what became of the program, where something went wrong.
    pub(crate) async fn explained<T>(&mut self, outcome: Result<T, Failed>) -> Result<T, Failed> {
        match outcome {
            Err(failed) => Err(self.explain(failed).await),
            fine => fine,
        }
    }

    /// Adds what became of the program.
    pub(crate) async fn explain(&mut self, failed: Failed) -> Failed {
        match &mut self.process {
            Some(process) => process.explain(failed).await,
            None => failed,
        }
    }
}
