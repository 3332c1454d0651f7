//! Requests that are removed from the topic before anybody takes them.

use super::programs::{says, stop};
use super::records::{Raw, new_id};
use super::support::Kafka;

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_were_removed_before_they_were_taken_are_counted_in_a_warning() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply_quietly(&[]).await;
    let request = Raw::create(&new_id());
    let (partition, _) = kafka.send_all([&request]).await[0];
    kafka.idle().await;
    let told = "requests were removed before they were taken";
    assert!(!stop(consumer).await.stderr.contains(told), "none was");
    // Of one key, so that all go into one partition. The embedded broker keeps 5 MiB of it.
    let large = request.and("x-large", vec![b'x'; 100_000]);
    kafka.send_all(std::iter::repeat_n(&large, 100)).await;
    let lost = 1 + 100 - kafka.read(&kafka.requests()).await.len() - 1;
    assert!(lost > 0, "the broker keeps all");
    let consumer = kafka.apply_quietly(&[]).await;
    says(&consumer, told).await;
    let said = format!("partition={partition} lost={lost} from=1");
    assert!(consumer.stderr().contains(&said), "no {said} in {}", consumer.stderr());
    stop(consumer).await;
}
