//! Work handed out over a stream in both directions, and every way in which the stream ends.

use std::time::Duration;

use lab_proto::pb;
use lab_proto::pb::order_service_client::OrderServiceClient;
use rstest::rstest;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

use crate::support::{
    Refused, Server, Worker, create, get, patient_orders, refusal, refused, until, with_deadline, within,
};

const UNKNOWN: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

async fn create_many(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(create(server, &format!("USER{number}")).await.id);
    }
    ids
}

/// Waits until the order waits for a worker again.
async fn queued_again(server: &Server, id: &str) -> pb::Order {
    until("the order to be queued again", async || {
        let order = get(server, id).await;
        (order.status() == pb::OrderStatus::Queued).then_some(order)
    })
    .await
}

#[tokio::test]
async fn a_worker_is_handed_as_many_as_it_is_ready_for_the_oldest_first() {
    let server = Server::grpc().await;
    let ids = create_many(&server, 4).await;
    let mut worker = Worker::start(&server, &[Worker::ready(2)]).await;
    for id in &ids[..2] {
        let order = worker.next().await;
        assert_eq!((&order.id, order.status(), order.version), (id, pb::OrderStatus::Processing, 2));
        assert_eq!(get(&server, id).await, order);
    }
    // It hands out before it listens: one too many would come before the end.
    let (more, ended) = worker.half_close().await;
    assert_eq!(more, []);
    ended.expect("OK");
    assert_eq!(get(&server, &ids[2]).await.version, 1, "nobody has touched it");
}

#[tokio::test]
async fn what_a_worker_is_ready_for_adds_up() {
    let server = Server::grpc().await;
    let ids = create_many(&server, 5).await;
    let worker = Worker::start(&server, &[Worker::ready(1), Worker::ready(2)]).await;
    let (handed, ended) = worker.half_close().await;
    ended.expect("OK");
    assert_eq!(handed.iter().map(|order| &order.id).collect::<Vec<_>>(), ids[..3].iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_worker_that_waits_is_handed_what_is_placed_later() {
    let server = Server::grpc().await;
    let mut worker = Worker::start(&server, &[Worker::ready(u32::MAX), Worker::ready(u32::MAX)]).await;
    for name in ["FIRST", "SECOND"] {
        let order = create(&server, name).await;
        assert_eq!(worker.next().await.id, order.id);
    }
}

#[tokio::test]
async fn no_order_is_handed_to_two_workers() {
    let server = Server::grpc().await;
    let ids = create_many(&server, 6).await;
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(Worker::start(&server, &[Worker::ready(2)]).await);
    }
    let mut handed = Vec::new();
    for worker in &mut workers {
        handed.extend([worker.next().await.id, worker.next().await.id]);
    }
    handed.sort_unstable();
    let mut expected = ids;
    expected.sort_unstable();
    assert_eq!(handed, expected);
}

#[tokio::test]
async fn a_result_is_a_change_and_makes_no_room_by_itself() {
    let server = Server::grpc().await;
    let ids = create_many(&server, 3).await;
    let mut worker = Worker::start(&server, &[Worker::ready(2)]).await;
    let (first, second) = (worker.next().await, worker.next().await);
    worker.say(Worker::result(&first.id, &first.etag, true));
    worker.say(Worker::result(&second.id, &second.etag, false));
    let (more, ended) = worker.half_close().await;
    assert_eq!(more, []);
    ended.expect("OK");
    let statuses = [get(&server, &ids[0]).await, get(&server, &ids[1]).await, get(&server, &ids[2]).await];
    let statuses = statuses.map(|order| (order.status(), order.version));
    let expected = [(pb::OrderStatus::Completed, 3), (pb::OrderStatus::Failed, 3), (pb::OrderStatus::Queued, 1)];
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn a_half_close_is_ok_and_gives_back_what_has_no_result() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    worker.next().await;
    worker.half_close().await.1.expect("OK");
    let back = queued_again(&server, &order.id).await;
    let expected = pb::Order { version: 3, etag: "\"3\"".to_owned(), ..order };
    assert_eq!(back, expected, "handed out and given back: two changes");
}

#[tokio::test]
async fn a_worker_that_dies_gives_back_what_it_held() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    worker.next().await;
    drop(worker);
    assert_eq!(queued_again(&server, &order.id).await.version, 3);
    let mut other = Worker::start(&server, &[Worker::ready(1)]).await;
    assert_eq!(other.next().await.version, 4, "and another worker gets it");
}

/// Works until this deadline: whether an order was handed out, and how it ended.
async fn work_until(server: &Server, deadline: Duration) -> (bool, Code) {
    let said = tokio_stream::once(Worker::ready(1)).chain(tokio_stream::pending());
    let mut client = patient_orders(server).await;
    let mut orders = match within("the stream to open", client.process_orders(with_deadline(said, deadline))).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return (false, status.code()),
    };
    let mut handed = false;
    loop {
        match within("the deadline", orders.message()).await {
            Ok(Some(_)) => handed = true,
            Ok(None) => return (handed, Code::Ok),
            Err(status) => return (handed, status.code()),
        }
    }
}

#[tokio::test]
async fn a_deadline_ends_the_work_as_well() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    // On a busy machine the first may pass before anything else has happened.
    for milliseconds in [300, 3_000, 30_000] {
        let (handed, code) = work_until(&server, Duration::from_millis(milliseconds)).await;
        assert_eq!(code, Code::DeadlineExceeded);
        queued_again(&server, &order.id).await;
        if handed {
            return;
        }
    }
    panic!("nothing was handed out");
}

/// What the worker says of an order that it holds, and of one that it does not.
type Say = fn(held: &pb::Order, other: &pb::Order) -> pb::ProcessOrdersRequest;

#[rstest]
#[case::stale(
    |held: &pb::Order, _: &pb::Order| Worker::result(&held.id, "\"1\"", true),
    refusal(Code::Aborted, "VERSION_MISMATCH", &[])
)]
#[case::unknown(|_: &pb::Order, _: &pb::Order| Worker::result(UNKNOWN, "\"2\"", true), refusal(Code::NotFound, "NOT_FOUND", &[]))]
#[case::queued(
    |_: &pb::Order, other: &pb::Order| Worker::result(&other.id, &other.etag, true),
    refusal(Code::FailedPrecondition, "WRONG_STATUS", &[])
)]
#[case::no_uuid(
    |_: &pb::Order, _: &pb::Order| Worker::result("nonsense", "\"2\"", true),
    refusal(Code::InvalidArgument, "INVALID", &["id"])
)]
#[case::no_etag(
    |held: &pb::Order, _: &pb::Order| Worker::result(&held.id, "", true),
    refusal(Code::InvalidArgument, "INVALID", &["etag"])
)]
#[case::all_at_once(
    |_: &pb::Order, _: &pb::Order| Worker::result("nonsense", "2", true),
    refusal(Code::InvalidArgument, "INVALID", &["etag", "id"])
)]
#[case::ready_for_none(|_: &pb::Order, _: &pb::Order| Worker::ready(0), refusal(Code::InvalidArgument, "INVALID", &["ready.count"]))]
#[case::nothing(
    |_: &pb::Order, _: &pb::Order| pb::ProcessOrdersRequest::default(),
    refusal(Code::InvalidArgument, "INVALID", &["message"])
)]
#[tokio::test]
async fn a_bad_message_ends_the_stream_and_gives_back_what_it_held(#[case] say: Say, #[case] expected: Refused) {
    let server = Server::grpc().await;
    create(&server, "USER14").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    let held = worker.next().await;
    let other = create(&server, "OTHER").await;
    worker.say(say(&held, &other));
    let (more, ended) = worker.end().await;
    assert_eq!(more, []);
    assert_eq!(refused(ended), expected);
    assert_eq!(queued_again(&server, &held.id).await.version, 3);
    assert_eq!(get(&server, &other.id).await, other);
}

#[tokio::test]
async fn a_result_for_what_another_worker_holds_is_not_taken() {
    let server = Server::grpc().await;
    create(&server, "USER14").await;
    let mut holder = Worker::start(&server, &[Worker::ready(1)]).await;
    let held = holder.next().await;
    let thief = Worker::start(&server, &[Worker::result(&held.id, &held.etag, true)]).await;
    let ended: Result<(), Status> = thief.end().await.1;
    assert_eq!(refused(ended), refusal(Code::FailedPrecondition, "WRONG_STATUS", &[]));
    assert_eq!(get(&server, &held.id).await, held, "it is still in the first one's hands");
    holder.say(Worker::result(&held.id, &held.etag, true));
    holder.half_close().await.1.expect("OK");
    assert_eq!(get(&server, &held.id).await.status(), pb::OrderStatus::Completed);
}

#[tokio::test]
async fn a_second_result_for_an_order_is_not_taken() {
    let server = Server::grpc().await;
    create(&server, "USER14").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    let held = worker.next().await;
    worker.say(Worker::result(&held.id, &held.etag, true));
    worker.say(Worker::result(&held.id, "*", false));
    let ended = worker.end().await.1;
    assert_eq!(refused(ended), refusal(Code::FailedPrecondition, "WRONG_STATUS", &[]));
    assert_eq!(get(&server, &held.id).await.status(), pb::OrderStatus::Completed);
}

#[tokio::test]
async fn results_are_taken_while_orders_wait_to_be_sent() {
    let server = Server::grpc().await;
    let order = |number| pb::ImportOrdersRequest { created_by: format!("USER{number}"), equipment: vec![1] };
    let import = tokio_stream::iter((0..2_000).map(order).collect::<Vec<_>>());
    server.orders().await.import_orders(import).await.expect("2,000 orders");

    // A worker that reads nothing after its first order: the others fill its window.
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address");
    let endpoint = endpoint.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    let channel = within("a connection", endpoint.connect()).await.expect("it listens");
    let (to_server, said) = mpsc::unbounded_channel();
    to_server.send(Worker::ready(2_000)).expect("the stream is there");
    let call = OrderServiceClient::new(channel).process_orders(UnboundedReceiverStream::new(said)).await;
    let mut orders = call.expect("it opens").into_inner();
    let first = within("an order", orders.message()).await.expect("no error").expect("an order").order;
    let first = first.expect("an order");
    to_server.send(Worker::result(&first.id, &first.etag, true)).expect("the stream is there");
    until("the result to be taken", async || {
        (get(&server, &first.id).await.status() == pb::OrderStatus::Completed).then_some(())
    })
    .await;
}
