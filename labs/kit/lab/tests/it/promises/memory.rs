//! What waits in a topic is not held in the consumer, whatever it is made of.

use super::apache::On;
use crate::kafka::programs::stop;
use crate::kafka::records::{Raw, new_id};
use crate::memory::peak_kib;

const BACKLOG: usize = 100_000;
const HEADER_BYTES: usize = 3_000;

/// librdkafka fetches ahead by the size of values, and counts no header: at its own
/// settings this backlog took 443 MiB of a consumer (and 38 MiB with ours).
const MOST_MIB: u64 = 150;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_backlog_with_large_headers_takes_little_memory() {
    let kafka = On::Apache.kafka().await;
    // Makes the topics.
    stop(kafka.apply_quietly(&[]).await).await;
    // All but the first are repeats, so that the store has no part in this.
    let request = Raw::create(&new_id()).and("x-large", vec![b'x'; HEADER_BYTES]);
    for _ in 0..BACKLOG / 10_000 {
        kafka.send_all(std::iter::repeat_n(&request, 10_000)).await;
    }
    let consumer = kafka.apply_quietly(&[]).await;
    kafka.idle().await;
    let peak = peak_kib(consumer.pid());
    println!("{BACKLOG} requests with {HEADER_BYTES} bytes in a header: {} MiB at most", peak / 1_024);
    assert!(peak < MOST_MIB * 1_024, "{peak} KiB");
    stop(consumer).await;
}
