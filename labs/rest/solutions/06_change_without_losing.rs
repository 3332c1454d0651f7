//! rest/06: change an order, without losing what somebody else has written meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let stock_url = std::env::var("LAB_STOCK_URL").unwrap_or("http://127.0.0.1:8081/stock".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    // Without a time-out, a stock that hangs would hold our own callers for ever.
    let http = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().expect("a client");
    let app = Arc::new(App { orders: Mutex::default(), http, stock_url });
    let routes = Router::new()
        .route("/v1/orders", post(create_order))
        .route("/v1/orders/{id}", get(get_order).put(change_order))
        .with_state(app);
    axum::serve(listener, routes).await.expect("the server runs until it is ended");
}

struct App {
    orders: Mutex<HashMap<u64, Order>>,
    http: reqwest::Client,
    stock_url: String,
}

#[derive(Clone, Serialize)]
struct Order {
    id: u64,
    created_by: String,
    equipment: Vec<String>,
    version: u64,
}

#[derive(Deserialize)]
struct Draft {
    created_by: String,
    equipment: Vec<String>,
}

#[derive(Deserialize)]
struct Change {
    equipment: Vec<String>,
}

impl App {
    fn orders(&self) -> MutexGuard<'_, HashMap<u64, Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is enough.
    async fn ask_stock(&self, equipment: &[String]) -> Result<(), StatusCode> {
        let question = self.http.post(&self.stock_url).json(&json!({ "equipment": equipment }));
        match question.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) if status.is_client_error() => Err(StatusCode::CONFLICT),
            // Broken, silent or away: that is no "no", and no "yes" either.
            _ => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

impl Order {
    fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Whether `If-Match` holds for it (RFC 9110 §13.1.1). Its comparison is the strong one:
    /// `W/"1"` is never equal to `"1"`. No tag of ours has a comma in it.
    fn matches(&self, condition: &str) -> bool {
        condition.trim() == "*" || condition.split(',').any(|tag| tag.trim() == self.etag())
    }
}

/// An order as an answer has its tag, always.
impl IntoResponse for Order {
    fn into_response(self) -> Response {
        ([(ETAG, self.etag())], Json(self)).into_response()
    }
}

/// `POST /v1/orders` → 201, `Location`.
async fn create_order(State(app): State<Arc<App>>, Json(draft): Json<Draft>) -> impl IntoResponse {
    let mut orders = app.orders();
    let id = orders.len() as u64 + 1;
    let order = Order { id, created_by: draft.created_by, equipment: draft.equipment, version: 1 };
    orders.insert(id, order.clone());
    (StatusCode::CREATED, [(LOCATION, format!("/v1/orders/{id}"))], order)
}

/// `GET /v1/orders/{id}` → 200, `ETag`.
async fn get_order(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Result<Order, StatusCode> {
    app.orders().get(&id).cloned().ok_or(StatusCode::NOT_FOUND)
}

/// `PUT /v1/orders/{id}` with `If-Match` → 200 and the new `ETag`.
async fn change_order(
    State(app): State<Arc<App>>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    Json(change): Json<Change>,
) -> Result<Order, StatusCode> {
    // Who has lost already needs nothing from the stock. The lock ends with the statement.
    check(app.orders().get(&id), &headers)?;
    app.ask_stock(&change.equipment).await?;
    // While we waited, somebody may have written. So the check that counts is this
    // one: no other can come between it and the change, for the lock is held over both.
    let mut orders = app.orders();
    check(orders.get(&id), &headers)?;
    let order = orders.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
    order.equipment = change.equipment;
    order.version += 1;
    Ok(order.clone())
}

/// 404 without the order, 428 without a condition, 412 if it doesn't hold.
fn check(order: Option<&Order>, headers: &HeaderMap) -> Result<(), StatusCode> {
    let order = order.ok_or(StatusCode::NOT_FOUND)?;
    let mut conditions = headers.get_all(IF_MATCH).iter().peekable();
    conditions.peek().ok_or(StatusCode::PRECONDITION_REQUIRED)?;
    // Several lines are one list.
    let holds = conditions.any(|line| line.to_str().is_ok_and(|condition| order.matches(condition)));
    if holds { Ok(()) } else { Err(StatusCode::PRECONDITION_FAILED) }
}
