//! What a message may hold, and what is said of one that holds something else.

use lab_proto::pb;
use rstest::rstest;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{KEYBOARD, MOUSE, Server, Worker, create, get, refusal, refused};

const UNKNOWN: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

async fn update(server: &Server, id: &str, equipment: &[i32], etag: &str) -> Result<pb::Order, tonic::Status> {
    let request = pb::UpdateOrderRequest { id: id.to_owned(), equipment: equipment.to_vec(), etag: etag.to_owned() };
    let answer = server.orders().await.update_order(request).await?;
    Ok(answer.into_inner().order.expect("an order"))
}

async fn delete(server: &Server, id: &str, etag: &str) -> Result<(), tonic::Status> {
    let request = pb::DeleteOrderRequest { id: id.to_owned(), etag: etag.to_owned() };
    server.orders().await.delete_order(request).await.map(|_| ())
}

#[tokio::test]
async fn a_created_order_is_queued_and_has_version_1_and_its_etag() {
    let server = Server::grpc().await;
    let request = pb::CreateOrderRequest { created_by: "😀".repeat(64), equipment: vec![MOUSE, KEYBOARD, MOUSE] };
    let answer = server.orders().await.create_order(request.clone()).await.expect("it is taken");
    let order = answer.into_inner().order.expect("an order");
    assert_eq!((&order.created_by, &order.equipment), (&request.created_by, &request.equipment));
    assert_eq!((order.status(), order.version, &*order.etag), (pb::OrderStatus::Queued, 1, "\"1\""));
    assert!(order.created_at.is_some_and(|time| time.seconds > 1_700_000_000 && time.nanos % 1_000_000 == 0));
    assert_eq!(get(&server, &order.id).await, order);
    assert_eq!(get(&server, &order.id.to_ascii_uppercase()).await, order);
}

#[rstest]
#[case::nothing("", &[], &["created_by", "equipment"])]
#[case::no_name("", &[MOUSE], &["created_by"])]
#[case::a_name_of_65(&"😀".repeat(65), &[MOUSE], &["created_by"])]
#[case::a_name_with_nul("a\0b", &[MOUSE], &["created_by"])]
#[case::a_name_with_c1("a\u{9b}b", &[MOUSE], &["created_by"])]
#[case::items_21("A", &[MOUSE; 21], &["equipment"])]
#[case::unspecified("A", &[MOUSE, 0], &["equipment[1]"])]
#[case::an_unknown_number("A", &[MOUSE, MOUSE, MOUSE, 5], &["equipment[3]"])]
#[case::numbers_beyond("A", &[-1, MOUSE, i32::MAX, i32::MIN], &["equipment[0]", "equipment[2]", "equipment[3]"])]
#[case::all_at_once("", &[0, MOUSE, 99], &["created_by", "equipment[0]", "equipment[2]"])]
#[tokio::test]
async fn a_wrong_order_is_refused_and_every_fault_is_named(
    #[case] created_by: &str,
    #[case] equipment: &[i32],
    #[case] fields: &[&str],
) {
    let server = Server::grpc().await;
    let mut orders = server.orders().await;
    let request = pb::CreateOrderRequest { created_by: created_by.to_owned(), equipment: equipment.to_vec() };
    let answer = orders.create_order(request).await;
    assert_eq!(refused(answer), refusal(Code::InvalidArgument, "INVALID", fields));
    let page = orders.list_orders(pb::ListOrdersRequest::default()).await.expect("a page").into_inner();
    assert_eq!(page.orders, [], "nothing was placed");
}

#[rstest]
#[case("")]
#[case("nonsense")]
#[case("0198c5a27d1e7c3b9a553f0b7d6c1e24")]
#[case("{0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24}")]
#[tokio::test]
async fn an_id_that_is_no_uuid_is_refused_and_named(#[case] id: &str) {
    let server = Server::grpc().await;
    let expected = refusal(Code::InvalidArgument, "INVALID", &["id"]);
    let got = server.orders().await.get_order(pb::GetOrderRequest { id: id.to_owned() }).await;
    assert_eq!(refused(got), expected);
    assert_eq!(refused(delete(&server, id, "").await), expected);
    let all_at_once = refusal(Code::InvalidArgument, "INVALID", &["equipment[1]", "etag", "id"]);
    assert_eq!(refused(update(&server, id, &[MOUSE, 0], "1").await), all_at_once);
}

#[tokio::test]
async fn an_order_that_is_not_there_is_not_found_whatever_the_etag() {
    let server = Server::grpc().await;
    let expected = refusal(Code::NotFound, "NOT_FOUND", &[]);
    let got = server.orders().await.get_order(pb::GetOrderRequest { id: UNKNOWN.to_owned() }).await;
    assert_eq!(refused(got), expected);
    for etag in ["*", "\"1\""] {
        assert_eq!(refused(update(&server, UNKNOWN, &[MOUSE], etag).await), expected);
        assert_eq!(refused(delete(&server, UNKNOWN, etag).await), expected);
    }
    assert_eq!(refused(delete(&server, UNKNOWN, "").await), expected);
}

#[rstest]
#[case::the_version("\"1\"")]
#[case::a_list("\"7\", \"1\"")]
#[case::any("*")]
#[tokio::test]
async fn an_update_whose_etag_names_the_version_is_carried_out(#[case] etag: &str) {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let updated = update(&server, &order.id, &[KEYBOARD], etag).await.expect("it is carried out");
    let expected = pb::Order { equipment: vec![KEYBOARD], version: 2, etag: "\"2\"".to_owned(), ..order };
    assert_eq!(updated, expected);
    assert_eq!(get(&server, &expected.id).await, expected);
    delete(&server, &expected.id, "\"2\"").await.expect("it is removed");
}

#[rstest]
#[case::missing("", Code::InvalidArgument, "CONDITION_MISSING", &["etag"])]
#[case::a_number("1", Code::InvalidArgument, "INVALID", &["etag"])]
#[case::half_a_quote("\"1", Code::InvalidArgument, "INVALID", &["etag"])]
#[case::any_in_a_list("*, \"1\"", Code::InvalidArgument, "INVALID", &["etag"])]
#[case::stale("\"2\"", Code::Aborted, "VERSION_MISMATCH", &[])]
#[case::weak("W/\"1\"", Code::Aborted, "VERSION_MISMATCH", &[])]
#[case::no_version("\"x\"", Code::Aborted, "VERSION_MISMATCH", &[])]
#[tokio::test]
async fn an_update_whose_etag_does_not_is_refused(
    #[case] etag: &str,
    #[case] code: Code,
    #[case] reason: &str,
    #[case] fields: &[&str],
) {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let expected = refusal(code, reason, fields);
    assert_eq!(refused(update(&server, &order.id, &[KEYBOARD], etag).await), expected);
    if !etag.is_empty() {
        assert_eq!(refused(delete(&server, &order.id, etag).await), expected);
    }
    assert_eq!(get(&server, &order.id).await, order, "it is as it was");
}

#[tokio::test]
async fn a_missing_etag_is_named_alone_before_all_other_faults() {
    let server = Server::grpc().await;
    let answer = update(&server, "nonsense", &[0], "").await;
    assert_eq!(refused(answer), refusal(Code::InvalidArgument, "CONDITION_MISSING", &["etag"]));
}

#[tokio::test]
async fn a_deletion_without_an_etag_removes_any_version() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    delete(&server, &order.id, "").await.expect("it is removed");
    assert_eq!(refused(delete(&server, &order.id, "").await).code, Code::NotFound);
}

#[tokio::test]
async fn an_order_in_a_workers_hands_can_neither_be_changed_nor_removed() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    let handed = worker.next().await;
    assert_eq!((&handed.id, handed.version, handed.status()), (&order.id, 2, pb::OrderStatus::Processing));
    assert_eq!(refused(update(&server, &order.id, &[KEYBOARD], &order.etag).await).code, Code::Aborted);
    for answer in [
        update(&server, &order.id, &[KEYBOARD], &handed.etag).await.map(|_| ()),
        update(&server, &order.id, &[KEYBOARD], "*").await.map(|_| ()),
        delete(&server, &order.id, &handed.etag).await,
        delete(&server, &order.id, "").await,
    ] {
        let status = answer.expect_err("it is refused");
        let violation = status.get_details_precondition_failure().expect("PreconditionFailure").violations.remove(0);
        assert_eq!((&*violation.r#type, violation.subject), ("STATUS", format!("orders/{}", order.id)));
        assert!(!violation.description.is_empty());
        assert_eq!(refused(Err::<(), _>(status)), refusal(Code::FailedPrecondition, "WRONG_STATUS", &[]));
    }
    assert_eq!(get(&server, &order.id).await, handed);
}

#[rstest]
#[case::completed(true, pb::OrderStatus::Completed)]
#[case::failed(false, pb::OrderStatus::Failed)]
#[tokio::test]
async fn an_order_that_is_done_is_not_changed_any_more_but_may_be_removed(
    #[case] succeeded: bool,
    #[case] status: pb::OrderStatus,
) {
    let server = Server::grpc().await;
    create(&server, "USER14").await;
    let mut worker = Worker::start(&server, &[Worker::ready(1)]).await;
    let handed = worker.next().await;
    worker.say(Worker::result(&handed.id, &handed.etag, succeeded));
    worker.half_close().await.1.expect("OK");
    let done = get(&server, &handed.id).await;
    assert_eq!((done.status(), done.version), (status, 3));
    let answer = update(&server, &done.id, &[KEYBOARD], &done.etag).await;
    assert_eq!(refused(answer), refusal(Code::FailedPrecondition, "WRONG_STATUS", &[]));
    delete(&server, &done.id, &done.etag).await.expect("it is removed");
}
