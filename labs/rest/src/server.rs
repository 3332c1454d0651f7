//! The server: each verb is a method on a resource.
//!
//! | verb   | request                                          | answer                   |
//! |--------|--------------------------------------------------|--------------------------|
//! | health | `GET /health`                                    | 200                      |
//! | create | `POST /v1/orders`                                | 201, `Location`, `ETag`  |
//! | get    | `GET /v1/orders/{id}`, `If-None-Match`           | 200, `ETag`; 304         |
//! | list   | `GET /v1/orders?status=&page_size=&page_token=`  | 200                      |
//! | update | `PUT /v1/orders/{id}`, `If-Match`                | 200, `ETag`              |
//! | delete | `DELETE /v1/orders/{id}`, perhaps `If-Match`     | 204                      |
//! | watch  | `GET /v1/orders/events`, perhaps `Last-Event-ID` | 200, server-sent events  |
//! | import | `POST /v1/orders/import`, NDJSON                 | 200, NDJSON              |
//!
//! Run it: `cargo run -p lab-rest --bin server`. What goes wrong is in [`crate::error`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use lab_console::{Failure, Output};
use lab_lifecycle::{Limits, Protocol};
use lab_orders::{DeleteDraft, OrderDraft, OrderError, OrderId, Store, UpdateDraft, WatchFrom};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::ServerArgs;
use crate::error::RestError;
use crate::wire::{self, Created, Id, JsonBody, NotModified, PageBody, Stored};
use crate::{import, limits};

/// Opens the store, binds, and serves until Ctrl-C or SIGTERM.
pub async fn serve(args: ServerArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let Some(store) = args.database.open_unless(stop.cancelled()).await? else { return Ok(()) };
    let listener = lab_console::bind(&args.listen, args.insecure).await?;
    let address = listener.local_addr().map_err(Failure::no_address)?;
    let line = format!("REST server on http://{address}, {}", args.database.describe());
    Output::new(args.output.json).listening(address, &line)?;
    run(listener, store, stop).await;
    Ok(())
}

/// Serves until `stop`; then finishes what is in flight, ends watches, and closes the store.
pub async fn run(listener: TcpListener, store: Store, stop: CancellationToken) {
    let app = app(store.clone(), stop.clone());
    lab_lifecycle::serve(listener, Protocol::Http1, app, &Limits::default(), stop).await;
    store.close();
}

/// The routes, callable without a socket. Watches end at `stop`.
pub fn app(store: Store, stop: CancellationToken) -> Router {
    // Who reads waits for nobody. Who changes something waits for the disk, and
    // perhaps for another program's lock.
    let in_time = from_fn(limits::handler_time);
    Router::new()
        .route("/v1/orders", post(create_order).layer(in_time.clone()).get(list_orders))
        .route("/v1/orders/{id}", put(update_order).delete(delete_order).layer(in_time).get(get_order))
        .route("/v1/orders/events", get(watch_orders))
        .route("/v1/orders/import", post(import::import_orders))
        .route("/health", get(health))
        .fallback(|| async { RestError::http(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            RestError::http(StatusCode::METHOD_NOT_ALLOWED, "the Allow header names the methods of this path")
        })
        .with_state(Arc::new(App { store, stop, bodies: limits::Bodies::default() }))
}

/// What the handlers share.
pub struct App {
    pub(crate) store: Store,
    pub(crate) stop: CancellationToken,
    pub(crate) bodies: limits::Bodies,
}

/// `GET /health` → 200: the process is up.
async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// `POST /v1/orders` → 201 with `Location` and `ETag` (RFC 9110 §15.3.2).
async fn create_order(State(app): State<Arc<App>>, JsonBody(body): JsonBody) -> Result<Created, RestError> {
    let draft = OrderDraft::from_json(&body)?;
    let order = app.store.create(draft.parse()?).await?;
    Ok(Created(order))
}

/// `GET /v1/orders/{id}` → 200 with `ETag`, or 304 when `If-None-Match` names it (RFC 9110 §13.1.2).
async fn get_order(State(app): State<Arc<App>>, Id(id): Id, headers: HeaderMap) -> Result<Response, RestError> {
    let order = app.store.get(OrderId::parse(&id)?).await?;
    if wire::none_match_names(&headers, &order) {
        return Ok(NotModified(order).into_response());
    }
    Ok(Stored(order).into_response())
}

/// `GET /v1/orders` → a page, in the order of creation (AIP-158).
async fn list_orders(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<PageBody, RestError> {
    let draft = wire::list_draft(query.as_deref());
    let page = app.store.list(draft.parse()?).await?;
    Ok(PageBody::from(page))
}

/// `PUT /v1/orders/{id}` with `If-Match` → the order as it is stored now (RFC 9110 §13.1.1).
async fn update_order(
    State(app): State<Arc<App>>,
    Id(id): Id,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Stored, RestError> {
    let draft = UpdateDraft::from_json(id, &body, wire::if_match(&headers))?;
    let order = app.store.update(draft.parse()?).await?;
    Ok(Stored(order))
}

/// `DELETE /v1/orders/{id}` → 204. `If-Match` guards it when it is there.
async fn delete_order(State(app): State<Arc<App>>, Id(id): Id, headers: HeaderMap) -> Result<StatusCode, RestError> {
    let draft = DeleteDraft { id, etag: wire::if_match(&headers) };
    app.store.delete(draft.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/orders/events` → server-sent events: first the position, then each change once, in order.
async fn watch_orders(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, OrderError>>>, RestError> {
    let from = WatchFrom::parse(wire::last_event_id(&headers).as_deref())?;
    let watch = app.store.watch(from).await?;
    let first = wire::position_event(watch.position());
    let changes = watch.changes().map_ok(|change| wire::change_event(&change));
    // An error in the middle cuts the connection; the client comes back with its last position.
    let events = stream::once(async { Ok(first) }).chain(changes).take_until(app.stop.clone().cancelled_owned());
    // A comment now and then tells a quiet connection from a dead one, to both sides.
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
