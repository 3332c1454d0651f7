//! What a body may hold, and what is said of one that holds something else.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ask};

const INVALID: &str = "urn:lab:problem:invalid";
const NOT_PARSEABLE: &str = "urn:lab:problem:not_parseable";

async fn post(server: &Server, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.request(Method::POST, "/v1/orders").header("content-type", "application/json");
    ask(request.body(body)).await
}

/// `USER14` with this equipment.
fn with(equipment: &Value) -> String {
    json!({ "created_by": "USER14", "equipment": equipment }).to_string()
}

#[tokio::test]
async fn a_created_order_is_201_with_its_place_and_its_etag() {
    let server = Server::rest().await;
    let answer = post(&server, with(&json!(["KEYBOARD", "MOUSE", "KEYBOARD"]))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let order = answer.json();
    let fields: Vec<_> = order.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["created_at", "created_by", "equipment", "id", "status", "version"]);
    assert_eq!((&order["status"], &order["version"]), (&json!("QUEUED"), &json!(1)));
    assert_eq!(order["equipment"], json!(["KEYBOARD", "MOUSE", "KEYBOARD"]));
    let id = order["id"].as_str().expect("text");
    assert_eq!((id.len(), id.as_bytes()[14], id), (36, b'7', &*id.to_ascii_lowercase()), "UUID version 7");
    let pattern = order["created_at"].as_str().expect("text").replace(|c: char| c.is_ascii_digit(), "9");
    assert_eq!(pattern, "9999-99-99T99:99:99.999Z");
    let location = answer.header("location").expect("a place");
    assert_eq!(location, format!("/v1/orders/{id}"));
    let read = server.get(location).await;
    assert_eq!((read.status.as_u16(), read.header("etag"), read.text()), (200, Some("\"1\""), answer.text()));
}

#[rstest]
#[case::one_character("A")]
#[case::emoji(&"😀".repeat(64))]
#[case::spaces("  two  ")]
#[case::a_script_from_right_to_left("שלום")]
#[tokio::test]
async fn a_name_of_1_to_64_characters_is_kept_as_given(#[case] name: &str) {
    let server = Server::rest().await;
    let answer = post(&server, json!({ "created_by": name, "equipment": ["MOUSE"] }).to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["created_by"]), (201, &json!(name)));
}

#[tokio::test]
async fn twenty_items_are_taken_and_every_kind_of_them() {
    let server = Server::rest().await;
    let all = ["KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"];
    let twenty: Vec<_> = all.iter().cycle().take(20).collect();
    let answer = post(&server, with(&json!(twenty))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["equipment"]), (201, &json!(twenty)));
}

#[rstest]
#[case::empty("")]
#[case::cut_short(r#"{"created_by":"USER14""#)]
#[case::something_after_it(r#"{"created_by":"USER14","equipment":["MOUSE"]}}"#)]
#[case::a_form("created_by=USER14")]
#[case::half_a_surrogate(r#"{"created_by":"\ud800","equipment":["MOUSE"]}"#)]
#[case::not_utf8(b"{\"created_by\":\"USER\xff\",\"equipment\":[\"MOUSE\"]}")]
#[case::utf16(b"{\0}\0")]
#[case::nested_deeply("[".repeat(100_000))]
#[tokio::test]
async fn a_body_that_is_not_json_is_400(#[case] body: impl AsRef<[u8]>) {
    let server = Server::rest().await;
    let answer = post(&server, body.as_ref().to_vec()).await;
    assert_eq!(answer.problem(400, NOT_PARSEABLE), [""; 0]);
    assert_eq!(server.get("/v1/orders").await.json()["orders"], json!([]), "nothing was placed");
}

#[rstest]
#[case::no_fields(json!({}), &["#/created_by", "#/equipment"])]
#[case::an_array(json!([1]), &["#"])]
#[case::a_string(json!("order"), &["#"])]
#[case::null(json!(null), &["#"])]
#[case::null_fields(json!({"created_by": null, "equipment": null}), &["#/created_by", "#/equipment"])]
#[case::wrong_types(json!({"created_by": 14, "equipment": "MOUSE"}), &["#/created_by", "#/equipment"])]
#[case::an_empty_name(json!({"created_by": "", "equipment": ["MOUSE"]}), &["#/created_by"])]
#[case::a_name_of_65(json!({"created_by": "😀".repeat(65), "equipment": ["MOUSE"]}), &["#/created_by"])]
#[case::a_name_with_nul(json!({"created_by": "a\0b", "equipment": ["MOUSE"]}), &["#/created_by"])]
#[case::a_name_with_delete(json!({"created_by": "a\u{7f}b", "equipment": ["MOUSE"]}), &["#/created_by"])]
#[case::a_name_with_c1(json!({"created_by": "a\u{85}b", "equipment": ["MOUSE"]}), &["#/created_by"])]
#[case::no_items(json!({"created_by": "A", "equipment": []}), &["#/equipment"])]
#[case::items_21(json!({"created_by": "A", "equipment": vec!["MOUSE"; 21]}), &["#/equipment"])]
#[case::an_unknown_item(json!({"created_by": "A", "equipment": ["MOUSE", "PHONE"]}), &["#/equipment/1"])]
#[case::lower_case(json!({"created_by": "A", "equipment": ["mouse"]}), &["#/equipment/0"])]
#[case::unspecified(json!({"created_by": "A", "equipment": ["EQUIPMENT_UNSPECIFIED"]}), &["#/equipment/0"])]
#[case::prefixed(json!({"created_by": "A", "equipment": ["EQUIPMENT_MOUSE"]}), &["#/equipment/0"])]
#[case::items_of_other_types(
    json!({"created_by": "A", "equipment": [1, "MOUSE", null, {}, ["MOUSE"]]}),
    &["#/equipment/0", "#/equipment/2", "#/equipment/3", "#/equipment/4"]
)]
#[case::a_field_too_many(json!({"created_by": "A", "equipment": ["MOUSE"], "status": "FAILED"}), &["#/status"])]
#[case::a_field_that_a_pointer_escapes(
    json!({"created_by": "A", "equipment": ["MOUSE"], "a/b~c": 1}),
    &["#/a~1b~0c"]
)]
#[case::all_at_once(
    json!({"created_by": "", "equipment": ["MOUSE", "PHONE", "MOUSE", "x"], "id": 1, "version": 2}),
    &["#/created_by", "#/equipment/1", "#/equipment/3", "#/id", "#/version"]
)]
#[tokio::test]
async fn a_wrong_order_is_422_and_every_fault_is_named(#[case] body: Value, #[case] faults: &[&str]) {
    let server = Server::rest().await;
    let answer = post(&server, body.to_string()).await;
    let mut named = answer.problem(422, INVALID);
    named.sort_unstable();
    assert_eq!(named, faults, "{answer:?}");
    assert_eq!(server.get("/v1/orders").await.json()["orders"], json!([]), "nothing was placed");
}

#[rstest]
#[case::no_field(json!({}), &["#/equipment"])]
#[case::fields_of_a_create(json!({"created_by": "A", "equipment": ["MOUSE"]}), &["#/created_by"])]
#[case::a_status(json!({"equipment": ["MOUSE"], "status": "COMPLETED"}), &["#/status"])]
#[case::wrong_items(json!({"equipment": ["x", "MOUSE", "y"]}), &["#/equipment/0", "#/equipment/2"])]
#[tokio::test]
async fn a_wrong_update_is_422_and_changes_nothing(#[case] body: Value, #[case] faults: &[&str]) {
    let server = Server::rest().await;
    let order = server.create("USER14", &["KEYBOARD"]).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().expect("text"));
    let answer = ask(server.request(Method::PUT, &path).header("if-match", "\"1\"").json(&body)).await;
    assert_eq!(answer.problem(422, INVALID), faults);
    assert_eq!(server.get(&path).await.json(), order);
}

#[tokio::test]
async fn faults_without_end_are_counted_and_not_all_told() {
    let server = Server::rest().await;
    let body: serde_json::Map<_, _> = (0..20_000).map(|number| (format!("x{number}"), json!(0))).collect();
    let answer = post(&server, Value::from(body).to_string()).await;
    let named = answer.problem(422, INVALID);
    assert!(named.contains(&"#/created_by".to_owned()) && named.len() < 100, "{}", named.len());
    assert!(answer.text().contains("more faults"), "{answer:?}");
}
