//! rest/04: place an order, and read it back.
//!
//! `cargo lab show rest/04` has the task, `cargo lab check rest/04` grades this
//! program over the wire, `cargo lab hint rest/04` helps.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Serialize;
use tokio::net::TcpListener;

/// What is kept, and goes out. What comes in has no id yet.
#[derive(Clone, Serialize)]
struct Order {
    id: String,
    created_by: String,
    equipment: Vec<String>,
}

/// All orders, in memory. Each clone of it is the same list.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<Vec<Order>>>);

impl Orders {
    fn get(&self, id: &str) -> Option<Order> {
        self.all().into_iter().find(|order| order.id == id)
    }

    fn all(&self) -> Vec<Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    let app = Router::new()
        .route("/v1/orders", post(create_order).get(list_orders))
        .route("/v1/orders/{id}", get(get_order))
        .with_state(Orders::default());
    axum::serve(listener, app).await.expect("the server runs until it is ended");
}

/// `POST /v1/orders` → 201 with `Location`, and the order.
async fn create_order(State(_orders): State<Orders>) -> StatusCode {
    // Here is your part: take the body, give the order an id that no other has, keep
    // it, and answer with all that belongs to a 201.
    StatusCode::NOT_IMPLEMENTED
}

/// `GET /v1/orders/{id}` → 200, or 404 when there is no such order.
async fn get_order(State(orders): State<Orders>, Path(id): Path<String>) -> StatusCode {
    // And here: the order is found, but not yet in the answer.
    let _found = orders.get(&id);
    StatusCode::NOT_IMPLEMENTED
}

/// `GET /v1/orders` → 200 and `{"orders": […]}`.
async fn list_orders(State(orders): State<Orders>) -> StatusCode {
    // And here.
    let _all = orders.all();
    StatusCode::NOT_IMPLEMENTED
}
