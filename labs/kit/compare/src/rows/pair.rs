//! Reading an order: two servers that stay up for the whole row.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab_orders::{Order, OrderDraft, OrderId, Store};
use lab_proto::pb;
use tokio::runtime::Runtime;

use super::{DRAFT, Experiment, Sample, Side};
use crate::child::Child;
use crate::load::{self, GrpcTarget, HttpTarget, PingTarget, Run, Target};
use crate::servers::{Answer, Server};

/// Connections of HTTP/1.1; of HTTP/2 a few carry as many callers.
const CONNECTIONS: usize = 64;
const HTTP2_CONNECTIONS: usize = 8;
const GET_ORDER: &str = "/orders.v1.OrderService/GetOrder";

/// Two servers, and what to ask each.
pub(super) struct Pair<L, P> {
    lab: (Child, L),
    peer: (Child, P),
    connections: usize,
    figure: fn(&Run) -> f64,
}

impl<L: Target, P: Target> Experiment for Pair<L, P> {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let run = match side {
            Side::Lab => load::run(Some(&mut self.lab.0), &self.lab.1, self.connections, time)?,
            Side::Peer => load::run(Some(&mut self.peer.0), &self.peer.1, self.connections, time)?,
        };
        Ok(Sample { value: (self.figure)(&run), cpu: Some(run.cpu()), notes: Vec::new() })
    }
}

pub(super) fn rest_get(folder: &Path) -> Result<Pair<HttpTarget, HttpTarget>> {
    let (lab, target, answer) = rest_order(folder)?;
    let peer = bare_http(answer)?;
    // The same bytes, or the peer would be another.
    ensure!(peer.1.sizes() == target.sizes(), "the peer's answer has another length than the lab's");
    Ok(Pair { lab: (lab, target), peer, connections: CONNECTIONS, figure: Run::rate })
}

pub(super) fn rest_lone_get(folder: &Path) -> Result<Pair<HttpTarget, PingTarget>> {
    let (lab, target, ..) = rest_order(folder)?;
    let peer = ping(target.sizes())?;
    Ok(Pair { lab: (lab, target), peer, connections: 1, figure: median })
}

pub(super) fn grpc_get(folder: &Path) -> Result<Pair<GrpcTarget, GrpcTarget>> {
    let at_once = CONNECTIONS / HTTP2_CONNECTIONS;
    let database = folder.join("orders.db");
    let order = placed_order(&database)?;
    let lab = Child::start(&Server::Grpc { database })?;
    let peer = Child::start(&Server::BareGrpc { order: order.clone() })?;
    let (lab_target, peer_target) = (get_order(&lab, &order, at_once), get_order(&peer, &order, at_once));
    Ok(Pair { lab: (lab, lab_target), peer: (peer, peer_target), connections: HTTP2_CONNECTIONS, figure: Run::rate })
}

pub(super) fn grpc_lone_get(folder: &Path) -> Result<Pair<GrpcTarget, PingTarget>> {
    let database = folder.join("orders.db");
    let order = placed_order(&database)?;
    let lab = Child::start(&Server::Grpc { database })?;
    let target = get_order(&lab, &order, 1);
    let peer = ping(Runtime::new()?.block_on(target.sizes())?)?;
    Ok(Pair { lab: (lab, target), peer, connections: 1, figure: median })
}

/// A peer against itself, in two processes: it must give 1.
pub(super) fn control() -> Result<Pair<HttpTarget, HttpTarget>> {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let answer = || Answer { headers: headers.clone(), body: DRAFT.to_owned() };
    Ok(Pair { lab: bare_http(answer())?, peer: bare_http(answer())?, connections: CONNECTIONS, figure: Run::rate })
}

fn median(run: &Run) -> f64 {
    run.latency_us(0.5)
}

/// A REST server with an order; how to get it, and what it answers.
pub(super) fn rest_order(folder: &Path) -> Result<(Child, HttpTarget, Answer)> {
    let database = folder.join("orders.db");
    let order = placed_order(&database)?;
    let lab = Child::start(&Server::Rest { database })?;
    let path = format!("/v1/orders/{}", order.id);
    let (target, answer) = Runtime::new()?.block_on(HttpTarget::get(lab.address(), &path))?;
    // What hyper adds itself.
    let own = |name: &str| ["date", "content-length"].contains(&name);
    let headers = answer.headers.into_iter().filter(|(name, _)| !own(name)).collect();
    Ok((lab, target, Answer { headers, body: answer.body }))
}

/// Makes a database with an order in it.
fn placed_order(database: &Path) -> Result<Order> {
    let store = Store::open(database)?;
    let new = OrderDraft::from_json(DRAFT.as_bytes())?.parse()?;
    let order = Runtime::new()?.block_on(store.create(new)).context("failed to place the first order")?;
    store.close();
    Ok(order)
}

fn bare_http(answer: Answer) -> Result<(Child, HttpTarget)> {
    let child = Child::start(&Server::BareHttp(answer))?;
    let path = format!("/v1/orders/{}", OrderId::new());
    let (target, _) = Runtime::new()?.block_on(HttpTarget::get(child.address(), &path))?;
    Ok((child, target))
}

fn ping((request, response): (usize, usize)) -> Result<(Child, PingTarget)> {
    let child = Child::start(&Server::Ping { request, response })?;
    let address = child.address();
    Ok((child, PingTarget { address, request, response }))
}

fn get_order(server: &Child, order: &Order, at_once: usize) -> GrpcTarget {
    let request = pb::GetOrderRequest { id: order.id.to_string() };
    let answer = pb::GetOrderResponse { order: Some(order.clone().into()) };
    GrpcTarget::new(server.address(), GET_ORDER, &request, at_once).expecting(&answer)
}
