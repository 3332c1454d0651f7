//! Each verb, from the producer's request to what a reader of facts is told.

use serde_json::json;

use super::support::Kafka;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_order_and_the_order_a_fact() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("USER14", &["KEYBOARD", "WEBCAM"]).await;
    kafka.facts_once(1).await;
    let order = kafka.consumer(&["get", "--json", &id]).await.expect(0).json();
    assert_eq!(order["id"], json!(id));
    assert_eq!(order["created_by"], "USER14");
    assert_eq!(order["equipment"], json!(["KEYBOARD", "WEBCAM"]));
    assert_eq!((&order["status"], &order["version"]), (&json!("QUEUED"), &json!(1)));
    kafka.idle().await;
    consumer.signal(nix::sys::signal::Signal::SIGTERM);
    let applied = consumer.end().await.expect(0).json();
    assert_eq!(applied["outcome"], "applied");
}
