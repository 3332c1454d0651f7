//! Many orders in one call.

use lab_proto::pb;
use lab_proto::pb::import_orders_response::result::Outcome;
use tonic::Code;

use crate::support::{MOUSE, Server, assert_leaks_nothing, get};

fn order(created_by: &str, equipment: &[i32]) -> pb::ImportOrdersRequest {
    pb::ImportOrdersRequest { created_by: created_by.to_owned(), equipment: equipment.to_vec() }
}

async fn import(
    server: &Server,
    orders: Vec<pb::ImportOrdersRequest>,
) -> Result<pb::ImportOrdersResponse, tonic::Status> {
    Ok(server.orders().await.import_orders(tokio_stream::iter(orders)).await?.into_inner())
}

async fn stored(server: &Server) -> usize {
    let page = server.orders().await.list_orders(pb::ListOrdersRequest::default()).await;
    page.expect("a page").into_inner().orders.len()
}

#[tokio::test]
async fn each_order_is_placed_or_refused_by_itself_and_answered_in_order() {
    let server = Server::grpc().await;
    let sent = vec![order("FIRST", &[MOUSE]), order("", &[MOUSE, 99]), order("A", &[]), order("LAST", &[MOUSE])];
    let answer = import(&server, sent).await.expect("an answer");
    assert_eq!((answer.created, answer.refused), (2, 2));
    assert_eq!(answer.results.iter().map(|result| result.index).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let outcomes: Vec<_> = answer.results.into_iter().map(|result| result.outcome.expect("one of the two")).collect();
    let [Outcome::Id(first), Outcome::Error(faults), Outcome::Error(_), Outcome::Id(last)] = &outcomes[..] else {
        panic!("{outcomes:?}");
    };
    assert!(faults.contains("created_by") && faults.contains("equipment[1]"), "{faults}");
    assert_leaks_nothing(faults);
    assert_eq!((&*get(&server, first).await.created_by, &*get(&server, last).await.created_by), ("FIRST", "LAST"));
    assert_eq!(stored(&server).await, 2);
}

#[tokio::test]
async fn an_import_of_nothing_is_no_error() {
    let server = Server::grpc().await;
    assert_eq!(import(&server, vec![]).await.expect("an answer"), pb::ImportOrdersResponse::default());
}

#[tokio::test]
async fn ten_thousand_orders_are_placed_though_they_have_more_than_a_mib() {
    let server = Server::grpc().await;
    let answer = import(&server, vec![order(&"😀".repeat(64), &[MOUSE]); 10_000]).await.expect("an answer");
    assert_eq!((answer.results.len(), answer.created, answer.refused), (10_000, 10_000, 0));
}

#[tokio::test]
async fn one_order_more_than_ten_thousand_is_too_many_and_none_is_placed() {
    let server = Server::grpc().await;
    let status = import(&server, vec![order("A", &[MOUSE]); 10_001]).await.expect_err("too many");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_leaks_nothing(&format!("{status:?}"));
    assert_eq!(stored(&server).await, 0);
}
