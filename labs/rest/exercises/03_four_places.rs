//! rest/03: the four places of a request that hold data.
//!
//! `cargo lab show rest/03` has the task, `cargo lab check rest/03` grades this
//! program over the wire, `cargo lab hint rest/03` helps.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    // What stands in braces is a part of the path that may be anything.
    let app = Router::new().route("/demo/{path_demo}", post(demo));
    axum::serve(listener, app).await.expect("the server runs until it is ended");
}

/// `POST /demo/{path_demo}?param_demo=…` → 200 and what was sent, by its place.
async fn demo() -> StatusCode {
    // Here is your part. What a handler takes as arguments, axum takes out of the
    // request: one argument for each place, the body last.
    StatusCode::NOT_IMPLEMENTED
}
