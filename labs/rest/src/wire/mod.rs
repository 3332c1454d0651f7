//! What is particular to this wire: bodies by content type, entity tags, query
//! parameters, events.

mod answer;

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use lab_orders::{Change, Condition, Fault, ListDraft, Order, OrderError, OrderId, Page, Position};
use serde::{Deserialize, Serialize};

use crate::error::{Problem, RestError};
use crate::server::App;

pub(crate) use self::answer::*;

/// A JSON document a line.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// Where a watch left off, by the EventSource specification.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The bytes of a JSON body; 415 for another content type, 413 over 1 MiB.
pub(crate) struct JsonBody(pub(crate) Bytes);

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = RestError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, RestError> {
        require_content_type(request.headers(), "application/json")?;
        Ok(Self(app.bodies.read(request.into_body()).await?))
    }
}

/// 415 unless the content type is this one; parameters such as `charset` may follow.
pub(crate) fn require_content_type(headers: &HeaderMap, wanted: &str) -> Result<(), RestError> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(RestError::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the body must be {wanted}")))
}

/// The `{id}` of a path, not yet parsed.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            // Percent-encoded bytes that are no UTF-8.
            Err(_) => Err(OrderError::from(Fault::parameter("id", "must be text")).into()),
        }
    }
}

/// An order with its entity tag.
pub(crate) struct Stored(pub(crate) Order);

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        ([(ETAG, self.0.etag())], Json(self.0)).into_response()
    }
}

/// An order that has come to be, with the place where it can be read.
pub(crate) struct Created(pub(crate) Order);

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        let location = format!("/v1/orders/{}", self.0.id);
        (StatusCode::CREATED, [(LOCATION, location)], Stored(self.0)).into_response()
    }
}

/// The client has this version already; its tag is repeated (RFC 9110 §15.4.5).
pub(crate) struct NotModified(pub(crate) Order);

impl IntoResponse for NotModified {
    fn into_response(self) -> Response {
        (StatusCode::NOT_MODIFIED, [(ETAG, self.0.etag())]).into_response()
    }
}

/// A page in JSON; the client reads the same type.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PageBody {
    pub(crate) orders: Vec<Order>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_page_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) watch_position: Option<String>,
}

impl From<Page> for PageBody {
    fn from(page: Page) -> Self {
        Self {
            orders: page.orders,
            next_page_token: page.next_page_token,
            watch_position: page.watch_position.map(|position| position.to_string()),
        }
    }
}

impl IntoResponse for PageBody {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A line of an import's answer; the client reads the same type.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ImportLine {
    Placed { line: usize, id: OrderId },
    Refused { line: usize, problem: Problem },
    Summary { summary: ImportSummary },
}

/// The last line; without it the answer was cut short.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportSummary {
    pub(crate) created: u64,
    pub(crate) refused: u64,
}

/// The parameters of a list. One that we don't know is a fault: a typing error
/// in `?statsu=QUEUED` must not list everything.
pub(crate) fn list_draft(query: Option<&str>) -> ListDraft {
    let mut draft = ListDraft::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let known = match &*name {
            "page_size" => &mut draft.page_size,
            "page_token" => &mut draft.page_token,
            "status" => &mut draft.status,
            _ => {
                draft.faults.push(Fault::parameter(name, "is not a parameter of this list"));
                continue;
            }
        };
        if known.replace(value.into_owned()).is_some() {
            draft.faults.push(Fault::parameter(name, "must be given once"));
        }
    }
    draft
}

/// What `If-Match` holds; several lines are one list (RFC 9110 §5.3).
pub(crate) fn if_match(headers: &HeaderMap) -> Option<String> {
    joined(headers, &IF_MATCH)
}

/// Whether `If-None-Match` names the order's version.
pub(crate) fn none_match_names(headers: &HeaderMap, order: &Order) -> bool {
    joined(headers, &IF_NONE_MATCH).is_some_and(|tags| Condition::none_match_names(&tags, order.version))
}

/// Where a watch wants to go on.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<String> {
    joined(headers, &LAST_EVENT_ID)
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// The first event of a watch: where it starts.
pub(crate) fn position_event(position: Position) -> Event {
    Event::default().id(position.to_string()).event("position").data("{}")
}

/// A change: the position after it, what happened, and the order after it.
pub(crate) fn change_event(change: &Change) -> Event {
    let event = Event::default().id(change.position.to_string()).event(change.kind.name());
    event.json_data(&change.order).expect("an order has a JSON form without a line break")
}
