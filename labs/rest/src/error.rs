//! From what can go wrong to what HTTP calls it: problem details (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use lab_orders::{Fault, OrderError, Place};
use serde::{Deserialize, Serialize};

/// The content type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Before the code of an [`OrderError`], it makes the `type` of a problem.
pub const PROBLEM_TYPE: &str = "urn:lab:problem:";

/// How long a client should wait before it tries again, in seconds (RFC 9110 §10.2.3).
const RETRY_AFTER_SECONDS: u64 = 1;

/// An answer that says why there is no order in it.
#[derive(Debug)]
pub struct RestError {
    status: StatusCode,
    problem: Problem,
}

/// `application/problem+json` (RFC 9457 §3); the client reads the same type.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:lab:problem:<code>`, or `about:blank` for what is HTTP's own.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The same for each problem of one type.
    #[serde(default)]
    pub title: String,
    /// The status code, once more.
    #[serde(default)]
    pub status: u16,
    /// About this occurrence, for a person.
    #[serde(default)]
    pub detail: String,
    /// Every fault of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemError>,
}

/// One fault.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProblemError {
    /// `#/equipment/3` in a body, else the name of a parameter or header.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

impl RestError {
    /// What is HTTP's own, such as 405: its type is `about:blank`, its title the status's (RFC 9457 §4.2.1).
    pub fn http(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or_default().to_owned();
        let problem = Problem { kind: "about:blank".into(), title, detail: detail.into(), ..Problem::default() };
        Self { status, problem }
    }

    /// The problem by itself, for an answer that is a line of an import.
    pub fn into_problem(self) -> Problem {
        Problem { status: self.status.as_u16(), ..self.problem }
    }
}

impl From<OrderError> for RestError {
    fn from(error: OrderError) -> Self {
        let (status, title) = match &error {
            OrderError::NotParseable(_) => (StatusCode::BAD_REQUEST, "The body is not JSON"),
            OrderError::ConditionMissing => (StatusCode::PRECONDITION_REQUIRED, "If-Match is missing"),
            OrderError::Invalid { faults } if in_parameters(faults) => (StatusCode::BAD_REQUEST, "Invalid request"),
            OrderError::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid order"),
            OrderError::NotFound { .. } => (StatusCode::NOT_FOUND, "No such order"),
            OrderError::AlreadyExists { .. } => (StatusCode::CONFLICT, "The order exists already"),
            OrderError::VersionMismatch { .. } => (StatusCode::PRECONDITION_FAILED, "The order has changed"),
            OrderError::WrongStatus { .. } => (StatusCode::CONFLICT, "The order's status doesn't allow it"),
            OrderError::PositionGone => (StatusCode::GONE, "The position is gone"),
            OrderError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Try again later"),
        };
        let kind = format!("{PROBLEM_TYPE}{}", error.code());
        let detail = match &error {
            OrderError::Invalid { .. } => "each of the errors says what is wrong, and where".to_owned(),
            other => other.to_string(),
        };
        let errors = match error {
            OrderError::Invalid { faults } => faults.into_iter().map(ProblemError::from).collect(),
            _ => Vec::new(),
        };
        Self { status, problem: Problem { kind, title: title.into(), detail, errors, ..Problem::default() } }
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self.into_problem())).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

impl From<Fault> for ProblemError {
    fn from(fault: Fault) -> Self {
        let pointer = match fault.place {
            // As a URI fragment (RFC 6901 §6).
            Place::Body(pointer) => format!("#{pointer}"),
            // The names that these two have on this wire.
            Place::Parameter(name) if name == "etag" => "If-Match".into(),
            Place::Parameter(name) if name == "position" => "Last-Event-ID".into(),
            Place::Parameter(name) => name,
        };
        Self { pointer, detail: fault.detail }
    }
}

/// As the other labs' clients say it.
impl From<ProblemError> for Fault {
    fn from(error: ProblemError) -> Self {
        match error.pointer.strip_prefix('#') {
            Some(pointer) => Self::body(pointer, error.detail),
            None if error.pointer == "If-Match" => Self::parameter("etag", error.detail),
            None if error.pointer == "Last-Event-ID" => Self::parameter("position", error.detail),
            None => Self::parameter(error.pointer, error.detail),
        }
    }
}

/// 422 is for what the body says; a path, query or header that is wrong is 400.
fn in_parameters(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| matches!(fault.place, Place::Parameter(_)))
}
