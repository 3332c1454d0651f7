//! rest/05: say no clearly: problem details (RFC 9457), every fault at once.

use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const FIELDS: [&str; 3] = ["created_by", "equipment", "desk"];
const KINDS: [&str; 4] = ["KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"];

/// One thing that is wrong with an order, and where (RFC 6901 §6).
#[derive(Serialize)]
struct Fault {
    pointer: String,
    detail: &'static str,
}

/// A refusal. Its texts are ours, each written for the caller: what a library says of an
/// error names our types, and changes with the library.
struct Problem {
    status: StatusCode,
    detail: &'static str,
    errors: Vec<Fault>,
}

impl Problem {
    fn new(status: StatusCode, detail: &'static str) -> Self {
        Self { status, detail, errors: Vec::new() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Without a `type` it is `about:blank`, whose title is the status's (RFC 9457 §4.2.1).
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut problem = json!({ "title": title, "status": self.status.as_u16(), "detail": self.detail });
        if !self.errors.is_empty() {
            problem["errors"] = json!(self.errors);
        }
        (self.status, [(CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}

/// What the extractor would answer in text/plain.
impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let detail = match rejection {
            JsonRejection::MissingJsonContentType(_) => "the body must be application/json",
            JsonRejection::JsonSyntaxError(_) => "the body is not JSON",
            _ => "the body can't be read",
        };
        Self::new(rejection.status(), detail)
    }
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    let app = Router::new()
        .route("/v1/orders", post(create_order))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        // The router adds `Allow` to it, because it knows the methods.
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "the Allow header names the methods of this path")
        });
    axum::serve(listener, app).await.expect("the server runs until it is ended");
}

/// `POST /v1/orders` → 201, or a problem.
///
/// The body is taken as any JSON: serde would stop at the first field that doesn't fit
/// a struct, and the caller would find the second fault only after mending the first.
async fn create_order(body: Result<Json<Value>, JsonRejection>) -> Result<(StatusCode, Json<Value>), Problem> {
    let Json(order) = body?;
    let errors = faults(&order);
    if errors.is_empty() {
        return Ok((StatusCode::CREATED, Json(order)));
    }
    let detail = "each of the errors says what is wrong, and where";
    Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail) })
}

/// All that is wrong with it.
fn faults(order: &Value) -> Vec<Fault> {
    let Some(fields) = order.as_object() else {
        return vec![Fault { pointer: "#".to_owned(), detail: "must be an object" }];
    };
    let mut faults = Vec::new();
    let mut require = |holds: bool, pointer: String, detail| {
        if !holds {
            faults.push(Fault { pointer, detail });
        }
    };
    for name in fields.keys() {
        // `~` and `/` have a meaning in a pointer (RFC 6901 §3).
        let pointer = format!("#/{}", name.replace('~', "~0").replace('/', "~1"));
        require(FIELDS.contains(&&**name), pointer, "is no field of an order");
    }
    // A field that is missing reads as null, which none of them may be.
    let created_by = order["created_by"].as_str().map_or(0, |name| name.chars().count());
    require((1..=64).contains(&created_by), "#/created_by".to_owned(), "must be text of 1 to 64 characters");
    let desk = order["desk"].as_u64().unwrap_or(0);
    require((1..=999).contains(&desk), "#/desk".to_owned(), "must be a whole number from 1 to 999");
    let equipment = order["equipment"].as_array().map_or(&[][..], Vec::as_slice);
    require(!equipment.is_empty(), "#/equipment".to_owned(), "must be a list of at least one");
    for (index, item) in equipment.iter().enumerate() {
        let pointer = || format!("#/equipment/{index}");
        let known = item.as_str().is_some_and(|item| KINDS.contains(&item));
        require(known, pointer(), "must be KEYBOARD, MOUSE, WEBCAM or MONITOR");
        let before = equipment[..index].iter().filter(|&other| other == item).count();
        require(!known || before < 2, pointer(), "is ordered twice already");
    }
    faults
}
