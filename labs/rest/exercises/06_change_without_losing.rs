//! rest/06: change an order, without losing what somebody else has written meanwhile.
//!
//! `cargo lab show rest/06` has the task, `cargo lab check rest/06` grades this
//! program over the wire, `cargo lab hint rest/06` helps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    // The stock's address is told in the same way, in LAB_STOCK_URL. Nobody reads it yet.
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    let app = Arc::new(App { orders: Mutex::default() });
    let routes = Router::new()
        .route("/v1/orders", post(create_order))
        .route("/v1/orders/{id}", get(get_order).put(change_order))
        .with_state(app);
    axum::serve(listener, routes).await.expect("the server runs until it is ended");
}

struct App {
    orders: Mutex<HashMap<u64, Order>>,
}

#[derive(Clone, Serialize)]
struct Order {
    id: u64,
    created_by: String,
    equipment: Vec<String>,
}

#[derive(Deserialize)]
struct Draft {
    created_by: String,
    equipment: Vec<String>,
}

impl App {
    /// A std lock: the compiler doesn't let a handler keep it over an `.await`.
    fn orders(&self) -> MutexGuard<'_, HashMap<u64, Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `POST /v1/orders` → 201, `Location`. You have it from rest/04.
async fn create_order(State(app): State<Arc<App>>, Json(draft): Json<Draft>) -> impl IntoResponse {
    let mut orders = app.orders();
    let id = orders.len() as u64 + 1;
    let order = Order { id, created_by: draft.created_by, equipment: draft.equipment };
    orders.insert(id, order.clone());
    (StatusCode::CREATED, [(LOCATION, format!("/v1/orders/{id}"))], Json(order))
}

/// `GET /v1/orders/{id}` → 200. What is missing is its `ETag`.
async fn get_order(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Result<Json<Order>, StatusCode> {
    app.orders().get(&id).cloned().map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// `PUT /v1/orders/{id}` with `If-Match` → 200 and the new `ETag`.
async fn change_order() -> StatusCode {
    // Here is your part: 501 says that nobody has written this yet.
    StatusCode::NOT_IMPLEMENTED
}
