//! Watching: a stream of changes.

use lab_proto::pb;
use rstest::rstest;
use tonic::{Code, Streaming};

use crate::support::{KEYBOARD, Server, create, refusal, refused, within};

async fn watch(server: &Server, position: &str) -> Result<Streaming<pb::WatchOrdersResponse>, tonic::Status> {
    let request = pb::WatchOrdersRequest { position: position.to_owned() };
    Ok(server.orders().await.watch_orders(request).await?.into_inner())
}

async fn next(changes: &mut Streaming<pb::WatchOrdersResponse>) -> pb::WatchOrdersResponse {
    within("a change", changes.message()).await.expect("no error").expect("the stream goes on")
}

/// A stream that is open, and its first message.
async fn open(server: &Server, position: &str) -> (Streaming<pb::WatchOrdersResponse>, String) {
    let mut changes = watch(server, position).await.expect("it opens");
    let first = next(&mut changes).await;
    assert_eq!((first.kind(), &first.order), (pb::ChangeKind::Unspecified, &None), "the position alone");
    (changes, first.position)
}

/// An order placed, changed and removed; how it was after each.
async fn life(server: &Server) -> [pb::Order; 3] {
    let created = create(server, "USER14").await;
    let mut orders = server.orders().await;
    let update = pb::UpdateOrderRequest { id: created.id.clone(), equipment: vec![KEYBOARD], etag: "*".to_owned() };
    let updated = orders.update_order(update).await.expect("it is changed").into_inner().order.expect("an order");
    let delete = pb::DeleteOrderRequest { id: created.id.clone(), etag: String::new() };
    orders.delete_order(delete).await.expect("it is removed");
    [created, updated.clone(), updated]
}

const KINDS: [pb::ChangeKind; 3] = [pb::ChangeKind::Created, pb::ChangeKind::Updated, pb::ChangeKind::Deleted];

#[tokio::test]
async fn first_comes_the_position_then_each_change_once_in_order() {
    let server = Server::grpc().await;
    create(&server, "BEFORE").await;
    let (mut changes, _) = open(&server, "").await;
    let life = life(&server).await;
    for (kind, order) in KINDS.into_iter().zip(life) {
        let change = next(&mut changes).await;
        assert_eq!((change.kind(), change.order), (kind, Some(order)));
    }
}

#[tokio::test]
async fn zero_is_from_the_oldest_and_a_position_from_after_it() {
    let server = Server::grpc().await;
    let [created, updated, deleted] = life(&server).await;
    let (mut changes, _) = open(&server, "0").await;
    let first = next(&mut changes).await;
    assert_eq!((first.kind(), first.order.as_ref()), (pb::ChangeKind::Created, Some(&created)));

    let (mut resumed, position) = open(&server, &first.position).await;
    assert_eq!(position, first.position, "the position given is repeated");
    let rest = [next(&mut resumed).await, next(&mut resumed).await];
    assert_eq!([rest[0].order.as_ref(), rest[1].order.as_ref()], [Some(&updated), Some(&deleted)]);
}

#[tokio::test]
async fn a_watch_from_a_lists_position_misses_nothing_and_repeats_nothing() {
    let server = Server::grpc().await;
    create(&server, "LISTED").await;
    let page = server.orders().await.list_orders(pb::ListOrdersRequest::default()).await.expect("a page");
    let between = create(&server, "BETWEEN").await;
    let (mut changes, _) = open(&server, &page.into_inner().watch_position).await;
    assert_eq!(next(&mut changes).await.order, Some(between));
}

#[rstest]
#[case::a_word("nonsense")]
#[case::a_number("17")]
#[case::negative("-1")]
#[case::half("0a1b2c3d-")]
#[tokio::test]
async fn a_position_that_is_none_is_refused_and_named(#[case] position: &str) {
    let server = Server::grpc().await;
    let answer = watch(&server, position).await;
    assert_eq!(refused(answer), refusal(Code::InvalidArgument, "INVALID", &["position"]));
}

#[tokio::test]
async fn a_position_of_the_future_is_invalid_and_one_of_another_database_out_of_range() {
    let (server, other) = (Server::grpc().await, Server::grpc().await);
    let ((_, here), (_, there)) = (open(&server, "").await, open(&other, "").await);
    let (epoch, sequence) = here.split_once('-').expect("two parts");
    let future = format!("{epoch}-{}", sequence.parse::<i64>().expect("a number") + 1);
    assert_eq!(refused(watch(&server, &future).await), refusal(Code::InvalidArgument, "INVALID", &["position"]));
    assert_eq!(refused(watch(&server, &there).await), refusal(Code::OutOfRange, "POSITION_GONE", &[]));
}
