//! rest/04: place an order, and read it back.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What comes in.
#[derive(Deserialize)]
struct Draft {
    created_by: String,
    equipment: Vec<String>,
}

/// What is kept, and goes out.
#[derive(Clone, Serialize)]
struct Order {
    id: String,
    created_by: String,
    equipment: Vec<String>,
}

/// All orders, in memory: a real service would write them to a disk before it answers 201.
/// Each clone of it is the same list.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<Vec<Order>>>);

impl Orders {
    /// The id is drawn and the order put there under one lock, so that no other request
    /// comes in between and draws the same.
    fn place(&self, draft: Draft) -> Order {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("order-{}", orders.len() + 1);
        let order = Order { id, created_by: draft.created_by, equipment: draft.equipment };
        orders.push(order.clone());
        order
    }

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

/// `POST /v1/orders` → 201 with `Location`. `Json` answers 415 to any other content type
/// before this runs, so a form places nothing.
async fn create_order(State(orders): State<Orders>, Json(draft): Json<Draft>) -> Response {
    let order = orders.place(draft);
    // Relative to the request's address: whatever name the server has, the client knows it.
    let location = format!("/v1/orders/{}", order.id);
    (StatusCode::CREATED, [(LOCATION, location)], Json(order)).into_response()
}

/// `GET /v1/orders/{id}` → 200, or 404 when there is no such order.
async fn get_order(State(orders): State<Orders>, Path(id): Path<String>) -> Result<Json<Order>, StatusCode> {
    orders.get(&id).map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// `GET /v1/orders` → 200, an object, so that a page's token can stand beside the list one day.
async fn list_orders(State(orders): State<Orders>) -> Json<Value> {
    Json(json!({ "orders": orders.all() }))
}
