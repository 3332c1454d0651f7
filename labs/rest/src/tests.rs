//! The table of errors, and the routes without a socket.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use lab_orders::{Condition, Fault, OrderError, OrderId, Status, Store};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::error::RestError;
use crate::server::app;

#[test]
fn each_order_error_has_its_status_code() {
    let id = OrderId::new();
    let rows = [
        (OrderError::NotParseable("at line 1".into()), 400),
        (OrderError::ConditionMissing, 428),
        (Fault::parameter("page_size", "must be a number").into(), 400),
        (Fault::body("/equipment/3", "must be one of …").into(), 422),
        (OrderError::NotFound { id }, 404),
        (OrderError::AlreadyExists { id }, 409),
        (OrderError::VersionMismatch { expected: Condition::version(1), actual: 2 }, 412),
        (OrderError::WrongStatus { id, status: Status::Processing, rule: "no" }, 409),
        (OrderError::PositionGone, 410),
        (OrderError::Unavailable { reason: "the disk is full" }, 503),
    ];
    for (error, status) in rows {
        let code = error.code();
        let answer = RestError::from(error).into_response();
        assert_eq!(answer.status().as_u16(), status, "{code}");
        assert_eq!(answer.headers().contains_key("retry-after"), status == 503, "{code}");
    }
}

#[tokio::test]
async fn the_routes_can_be_called_without_a_socket() {
    let app = app(Store::in_memory().expect("memory opens"), CancellationToken::new());
    let request = Request::post("/v1/orders").header("content-type", "application/json");
    let request = request.body(Body::from(r#"{"created_by":"USER14","equipment":["KEYBOARD"]}"#)).expect("a request");
    let answer = app.clone().oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CREATED);
    let location = answer.headers()["location"].to_str().expect("text").to_owned();
    let placed = to_bytes(answer.into_body(), 4_096).await.expect("a body");
    let read = app.oneshot(Request::get(location).body(Body::empty()).expect("a request")).await.expect("an answer");
    assert_eq!(to_bytes(read.into_body(), 4_096).await.expect("a body"), placed);
}
