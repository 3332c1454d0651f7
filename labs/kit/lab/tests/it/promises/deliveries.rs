//! What a producer says of its records, when the broker freezes and dies under it.

use std::time::Duration;

use super::apache::{Frozen, size, start};
use super::imports::Import;
use super::requests::import_file;
use crate::kafka::support::Kafka;

/// Longer than `socket.timeout.ms`: librdkafka gives the connection up, and sends again
/// on a new one what the broker has in its hands already.
const FREEZE: Duration = Duration::from_secs(13);
const RATE: usize = 5_000;

/// Freezes and kills while records are on their way; how many are in the topic twice.
async fn trouble(freezes: usize, kills: usize, args: &[&str]) -> usize {
    let mut apache = start(false, &[]).await;
    let kafka = Kafka::on(apache.bootstrap());
    // More than it can send in that time: it is told to end.
    let file = import_file(&kafka, 200 * RATE);
    let rate = RATE.to_string();
    let file = file.to_str().expect("temporary names are UTF-8");
    let mut import = Import::start(&kafka, &[&[file, "--rate", &rate, "--flush-timeout", "50"], args].concat());
    for _ in 0..freezes {
        import.reported(RATE).await;
        Frozen::new(&apache, 0).thaw_after(FREEZE).await;
    }
    for _ in 0..kills {
        import.reported(RATE).await;
        apache.kill(0).await;
        apache.start_again(0).await.expect("it starts again");
    }
    import.reported(RATE).await;
    import.terminate();
    let ended = import.end().await;
    let doubles = ended.doubles(&kafka).await;
    println!(
        "{} records, {freezes} freezes, {kills} kills {args:?}: {} delivered, {} unknown, {} not sent, {doubles} twice",
        ended.reports.len(),
        ended.named("delivered").len(),
        ended.named("unknown").len(),
        ended.named("not_sent").len(),
    );
    let all = ended.named("delivered").len() == ended.reports.len();
    assert_eq!(ended.output.status, i32::from(!all), "{}", ended.output.stderr);
    doubles
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn what_is_said_of_records_is_true_and_none_is_there_twice() {
    assert_eq!(trouble(size(1, 3), size(1, 3), &[]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn control_without_idempotence_records_are_there_twice() {
    assert!(trouble(2, 0, &["--break", "idempotence"]).await > 0);
}
