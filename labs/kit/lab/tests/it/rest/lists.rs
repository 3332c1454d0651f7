//! Pages of orders.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Lab, Server, Worker, ask};

const INVALID: &str = "urn:lab:problem:invalid";

/// Places so many orders in one request.
async fn import(server: &Server, count: usize) {
    let lines = "{\"created_by\":\"USER14\",\"equipment\":[\"MOUSE\"]}\n".repeat(count);
    let request = server.request(Method::POST, "/v1/orders/import").header("content-type", "application/x-ndjson");
    assert_eq!(ask(request.body(lines)).await.status, 200);
}

fn token(page: &Answer) -> String {
    page.json()["next_page_token"].as_str().unwrap_or_else(|| panic!("no token: {page:?}")).to_owned()
}

fn ids(page: &Value) -> Vec<String> {
    let orders = page["orders"].as_array().expect("orders");
    orders.iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_page_has_50_orders_or_as_many_as_asked_for_up_to_1_000() {
    let server = Server::rest().await;
    import(&server, 1_001).await;
    let huge = "9".repeat(30);
    for (query, size) in [
        ("", 50),
        ("?page_size=0", 50),
        ("?page_size=1", 1),
        ("?page_size=1000", 1_000),
        ("?page_size=1000000000", 1_000),
        (&format!("?page_size={huge}"), 1_000),
        ("?page_size=7&page_token=", 7),
    ] {
        let page = server.get(&format!("/v1/orders{query}")).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("application/json")), "{query}");
        assert_eq!(ids(&page.json()).len(), size, "{query}");
        assert!(page.json()["next_page_token"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn pages_in_turn_hold_every_order_once_from_the_first_to_the_last() {
    let server = Server::rest().await;
    let mut placed = Vec::new();
    for number in 0..6 {
        placed.push(server.create(&format!("USER{number}"), &["MOUSE"]).await["id"].as_str().expect("text").to_owned());
    }
    let first = server.get("/v1/orders?page_size=2").await.json();
    let after = async |page: &Value| {
        let token = page["next_page_token"].as_str().expect("a token");
        server.get(&format!("/v1/orders?page_size=2&page_token={token}")).await.json()
    };
    let second = after(&first).await;
    let third = after(&second).await;
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), placed);
    let fields = |page: &Value| page.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&first), ["next_page_token", "orders", "watch_position"]);
    assert_eq!(fields(&second), ["next_page_token", "orders"], "a position is true of the first page");
    assert_eq!(fields(&third), ["orders"], "after the last there is none");
}

#[tokio::test]
async fn a_list_without_orders_is_an_empty_page() {
    let server = Server::rest().await;
    let page = server.get("/v1/orders").await.json();
    assert_eq!((&page["orders"], page.get("next_page_token")), (&json!([]), None));
}

#[tokio::test]
async fn a_filter_leaves_the_orders_of_one_status() {
    let server = Server::rest().await;
    let grpc = Server::on(Lab::Grpc, server.database()).await;
    let worked_on = server.create("USER1", &["MOUSE"]).await;
    let waiting = server.create("USER2", &["MOUSE"]).await;
    let mut worker = Worker::start(&grpc, &[Worker::ready(1)]).await;
    worker.next().await;
    for (status, expected) in
        [("PROCESSING", vec![&worked_on]), ("QUEUED", vec![&waiting]), ("COMPLETED", vec![]), ("FAILED", vec![])]
    {
        let page = server.get(&format!("/v1/orders?status={status}")).await.json();
        let expected: Vec<_> = expected.iter().map(|order| order["id"].as_str().expect("text")).collect();
        assert_eq!(ids(&page), expected, "{status}");
    }
}

#[rstest]
#[case::negative("page_size=-1", &["page_size"])]
#[case::not_a_number("page_size=ten", &["page_size"])]
#[case::not_whole("page_size=1.5", &["page_size"])]
#[case::no_size("page_size=", &["page_size"])]
#[case::twice("page_size=1&page_size=2", &["page_size"])]
#[case::not_a_token("page_token=nonsense", &["page_token"])]
#[case::a_forged_token("page_token=1-0123456789abcdef", &["page_token"])]
#[case::an_unknown_status("status=DONE", &["status"])]
#[case::lower_case("status=queued", &["status"])]
#[case::unspecified("status=ORDER_STATUS_UNSPECIFIED", &["status"])]
#[case::no_status("status=", &["status"])]
#[case::an_unknown_parameter("statsu=QUEUED", &["statsu"])]
#[case::not_utf8("status=%ff", &["status"])]
#[case::all_at_once(
    "page_size=-1&page_token=nonsense&status=DONE&x=1",
    &["page_size", "page_token", "status", "x"]
)]
#[tokio::test]
async fn a_wrong_parameter_is_400_and_named(#[case] query: &str, #[case] names: &[&str]) {
    let server = Server::rest().await;
    let answer = server.get(&format!("/v1/orders?{query}")).await;
    let mut named = answer.problem(400, INVALID);
    named.sort_unstable();
    assert_eq!(named, names, "{answer:?}");
}

#[tokio::test]
async fn a_token_is_good_for_its_own_filter_and_database_alone() {
    let (server, other) = (Server::rest().await, Server::rest().await);
    import(&server, 3).await;
    import(&other, 3).await;
    let all = token(&server.get("/v1/orders?page_size=1").await);
    let queued = token(&server.get("/v1/orders?page_size=1&status=QUEUED").await);
    let (place, seal) = all.split_once('-').expect("a token has two parts");
    let altered = format!("{}-{seal}", u64::from_str_radix(place, 16).expect("a number") + 1);
    for (server, query) in [
        (&server, format!("status=QUEUED&page_token={all}")),
        (&server, format!("status=FAILED&page_token={queued}")),
        (&server, format!("page_token={queued}")),
        (&server, format!("page_token={altered}")),
        (&other, format!("page_token={all}")),
    ] {
        let answer = server.get(&format!("/v1/orders?{query}")).await;
        assert_eq!(answer.problem(400, INVALID), ["page_token"], "{query}");
    }
    let next = server.get(&format!("/v1/orders?page_size=5&status=QUEUED&page_token={queued}")).await;
    assert_eq!(ids(&next.json()).len(), 2, "another size is no other list");
}
