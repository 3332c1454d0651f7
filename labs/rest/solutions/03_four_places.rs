//! rest/03: the four places of a request that hold data.

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    let app = Router::new().route("/demo/{path_demo}", post(demo));
    axum::serve(listener, app).await.expect("the server runs until it is ended");
}

/// What is wanted of the query. Without it `Query` answers 400; what else stands there is left alone.
#[derive(Deserialize)]
struct Demo {
    param_demo: String,
}

/// `POST /demo/{path_demo}?param_demo=…` → 200 and what was sent, by its place.
///
/// `Path` and `Query` decode, each by its own rules. A header and a body have no such
/// encoding, and `String` takes a body of any content type.
async fn demo(
    Path(path): Path<String>,
    Query(query): Query<Demo>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, (StatusCode, &'static str)> {
    let header = headers.get("header-demo").and_then(|value| value.to_str().ok());
    let Some(header) = header else {
        return Err((StatusCode::BAD_REQUEST, "the header header-demo is missing, or isn't ASCII"));
    };
    let param = query.param_demo;
    Ok(Json(json!({ "result": { "path": path, "param": param, "header": header, "body": body } })))
}
