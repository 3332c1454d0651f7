//! What a server says that doesn't do what was asked.

use http::StatusCode;

use crate::http::Reply;

pub(super) fn problem(status: StatusCode) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    Reply::text(status, "application/problem+json", body.to_string())
}

pub(super) fn not_found() -> Reply {
    problem(StatusCode::NOT_FOUND)
}

pub(super) fn busy() -> Reply {
    problem(StatusCode::SERVICE_UNAVAILABLE)
}

pub(super) fn later(seconds: u64) -> Reply {
    busy().header("retry-after", seconds.to_string())
}

pub(super) fn too_many(seconds: u64) -> Reply {
    problem(StatusCode::TOO_MANY_REQUESTS).header("retry-after", seconds.to_string())
}
