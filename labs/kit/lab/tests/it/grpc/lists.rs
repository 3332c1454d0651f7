//! Pages of orders (AIP-158).

use lab_proto::pb;
use rstest::rstest;
use tonic::Code;

use crate::support::{MOUSE, Server, Worker, create, refusal, refused};

async fn list(server: &Server, request: pb::ListOrdersRequest) -> Result<pb::ListOrdersResponse, tonic::Status> {
    Ok(server.orders().await.list_orders(request).await?.into_inner())
}

fn page(page_size: i32, page_token: &str, status: i32) -> pb::ListOrdersRequest {
    pb::ListOrdersRequest { page_size, page_token: page_token.to_owned(), status }
}

async fn import(server: &Server, count: usize) {
    let order = pb::ImportOrdersRequest { created_by: "USER14".to_owned(), equipment: vec![MOUSE] };
    let answer = server.orders().await.import_orders(tokio_stream::iter(vec![order; count])).await;
    assert_eq!(answer.expect("it is taken").into_inner().created as usize, count);
}

#[tokio::test]
async fn a_page_has_50_orders_or_as_many_as_asked_for_up_to_1_000() {
    let server = Server::grpc().await;
    import(&server, 1_001).await;
    for (asked, given) in [(0, 50), (1, 1), (1_000, 1_000), (1_000_000_000, 1_000), (i32::MAX, 1_000)] {
        let answer = list(&server, page(asked, "", 0)).await.expect("a page");
        assert_eq!(answer.orders.len(), given, "{asked}");
        assert!(!answer.next_page_token.is_empty(), "{asked}");
    }
}

#[tokio::test]
async fn pages_in_turn_hold_every_order_once_from_the_first_to_the_last() {
    let server = Server::grpc().await;
    let mut placed = Vec::new();
    for number in 0..4 {
        placed.push(create(&server, &format!("USER{number}")).await);
    }
    let first = list(&server, page(2, "", 0)).await.expect("a page");
    let second = list(&server, page(2, &first.next_page_token, 0)).await.expect("a page");
    assert_eq!([first.orders, second.orders].concat(), placed);
    assert!(!first.watch_position.is_empty() && second.watch_position.is_empty());
    assert_eq!(second.next_page_token, "", "it is the last");
}

#[tokio::test]
async fn a_filter_leaves_the_orders_of_one_status() {
    let server = Server::grpc().await;
    let worked_on = create(&server, "USER1").await;
    let waiting = create(&server, "USER2").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    let handed = worker.next().await;
    assert_eq!(handed.id, worked_on.id);
    for (status, expected) in [
        (pb::OrderStatus::Unspecified, vec![&handed, &waiting]),
        (pb::OrderStatus::Processing, vec![&handed]),
        (pb::OrderStatus::Queued, vec![&waiting]),
        (pb::OrderStatus::Completed, vec![]),
        (pb::OrderStatus::Failed, vec![]),
    ] {
        let orders = list(&server, page(0, "", status.into())).await.expect("a page").orders;
        assert_eq!(orders.iter().collect::<Vec<_>>(), expected, "{status:?}");
    }
}

#[rstest]
#[case::negative(page(-1, "", 0), &["page_size"])]
#[case::not_a_token(page(0, "nonsense", 0), &["page_token"])]
#[case::a_forged_token(page(0, "1-0123456789abcdef", 0), &["page_token"])]
#[case::an_unknown_status(page(0, "", 5), &["status"])]
#[case::a_negative_status(page(0, "", -1), &["status"])]
#[case::all_at_once(page(i32::MIN, "nonsense", 99), &["page_size", "page_token", "status"])]
#[tokio::test]
async fn a_wrong_field_is_refused_and_named(#[case] request: pb::ListOrdersRequest, #[case] fields: &[&str]) {
    let server = Server::grpc().await;
    assert_eq!(refused(list(&server, request).await), refusal(Code::InvalidArgument, "INVALID", fields));
}

#[tokio::test]
async fn a_token_is_good_for_its_own_filter_and_database_alone() {
    let (server, other) = (Server::grpc().await, Server::grpc().await);
    import(&server, 3).await;
    import(&other, 3).await;
    let queued = pb::OrderStatus::Queued.into();
    let of_all = list(&server, page(1, "", 0)).await.expect("a page").next_page_token;
    let of_queued = list(&server, page(1, "", queued)).await.expect("a page").next_page_token;
    for (server, request) in [
        (&server, page(1, &of_all, queued)),
        (&server, page(1, &of_queued, 0)),
        (&server, page(1, &of_queued, pb::OrderStatus::Failed.into())),
        (&other, page(1, &of_all, 0)),
    ] {
        let answer = list(server, request).await;
        assert_eq!(refused(answer), refusal(Code::InvalidArgument, "INVALID", &["page_token"]));
    }
    let next = list(&server, page(5, &of_queued, queued)).await.expect("another size is no other list");
    assert_eq!(next.orders.len(), 2);
}
