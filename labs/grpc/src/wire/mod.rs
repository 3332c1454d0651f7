//! What is particular to this wire: the messages of pages and streams, and the
//! schema itself, which the server can be asked for.

mod answer;

use lab_orders::{Change, Page, Position};
use lab_proto::DESCRIPTOR_SET;
use lab_proto::pb::{ChangeKind, ListOrdersResponse, WatchOrdersResponse};
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};
use tonic_reflection::server::{Builder, v1alpha};

pub(crate) use self::answer::*;

/// Answers tools such as grpcurl, which have no copy of the schema.
pub(crate) fn reflection() -> ServerReflectionServer<impl ServerReflection> {
    schema().build_v1().expect(COMPILED_IN)
}

/// The same under its older name, for tools such as ghz that know no other.
pub(crate) fn reflection_v1alpha() -> v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection> {
    schema().build_v1alpha().expect(COMPILED_IN)
}

const COMPILED_IN: &str = "the descriptor sets were compiled with this program";

fn schema() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // The details of errors, so that grpcurl can print them.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
}

/// A page; a text that isn't there is empty (proto3).
pub(crate) fn page_message(page: Page) -> ListOrdersResponse {
    ListOrdersResponse {
        orders: page.orders.into_iter().map(Into::into).collect(),
        next_page_token: page.next_page_token.unwrap_or_default(),
        watch_position: page.watch_position.map(|position| position.to_string()).unwrap_or_default(),
    }
}

/// The first message of a watch: where it starts.
pub(crate) fn position_message(position: Position) -> WatchOrdersResponse {
    WatchOrdersResponse { position: position.to_string(), ..WatchOrdersResponse::default() }
}

/// A change: the position after it, what happened, and the order after it.
pub(crate) fn change_message(change: Change) -> WatchOrdersResponse {
    WatchOrdersResponse {
        position: change.position.to_string(),
        kind: ChangeKind::from(change.kind).into(),
        order: Some(change.order.into()),
    }
}
