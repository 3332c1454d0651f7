//! The REST lab's `create` with a commit for each order.
//!
//! Only the grouping differs from the lab's store: the tables are the lab's own,
//! one thread owns the connection, and each order is in both tables before its
//! answer. What the lab does beside that (the rules of an order, savepoints,
//! trimming of changes, routes, limits, logs) is left out in this peer's favour.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, ETAG, LOCATION};
use hyper::{Request, Response, StatusCode};
use jiff::Timestamp;
use lab_orders::{Equipment, Order, OrderId, Status, Store};
use rusqlite::{Connection, params};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::bare_http;

type Job = (Draft, oneshot::Sender<Order>);

#[derive(Deserialize)]
pub(super) struct Draft {
    created_by: String,
    equipment: Vec<Equipment>,
}

/// Starts the thread that owns the database.
pub(super) fn open(database: &Path) -> Result<Sender<Job>> {
    // Makes the tables, and the WAL: the mode stays with the file.
    Store::open(database)?.close();
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let (jobs, to_writer) = channel();
    std::thread::spawn(move || write(&connection, &to_writer));
    Ok(jobs)
}

pub(super) async fn run(listener: TcpListener, writer: Sender<Job>) {
    bare_http::serve(listener, move |request| {
        let writer = writer.clone();
        async move { create_order(&writer, request).await.unwrap_or_else(failed) }
    })
    .await;
}

async fn create_order(writer: &Sender<Job>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let body = request.into_body().collect().await?.to_bytes();
    let draft = serde_json::from_slice(&body)?;
    let (reply, placed) = oneshot::channel();
    writer.send((draft, reply))?;
    let order = placed.await?;
    let response = Response::builder()
        .status(StatusCode::CREATED)
        .header(LOCATION, format!("/v1/orders/{}", order.id))
        .header(ETAG, order.etag())
        .header(CONTENT_TYPE, "application/json");
    Ok(response.body(Full::new(serde_json::to_vec(&order)?.into()))?)
}

/// The load generator takes this for what it is, and the run fails.
fn failed(error: anyhow::Error) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(format!("{error:#}").into()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn write(connection: &Connection, jobs: &Receiver<Job>) {
    for (draft, reply) in jobs {
        // An order that fails gets no reply, and its request an error.
        if let Ok(order) = insert(connection, draft) {
            let _ = reply.send(order);
        }
    }
}

fn insert(connection: &Connection, draft: Draft) -> rusqlite::Result<Order> {
    let order = Order {
        id: OrderId::new(),
        created_by: draft.created_by,
        status: Status::Queued,
        equipment: draft.equipment,
        created_at: Timestamp::now(),
        version: 1,
    };
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let (id, status) = (order.id.to_string(), order.status.name());
    let equipment = order.equipment.iter().map(|item| item.name()).collect::<Vec<_>>().join(",");
    let created_at_ms = order.created_at.as_millisecond();
    let place = connection
        .prepare_cached(
            "INSERT INTO changes (kind, id, created_by, status, equipment, created_at_ms, version)
             VALUES ('created', ?1, ?2, ?3, ?4, ?5, 1)",
        )?
        .insert(params![id, order.created_by, status, equipment, created_at_ms])?;
    connection
        .prepare_cached(
            "INSERT INTO orders (place, id, created_by, status, equipment, created_at_ms, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
        )?
        .execute(params![place, id, order.created_by, status, equipment, created_at_ms])?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(order)
}
