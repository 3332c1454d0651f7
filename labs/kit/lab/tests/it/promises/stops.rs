//! An import that is told to end while the broker is frozen: what was read from
//! stdin is delivered, or named.

use std::io::Write;
use std::time::Duration;

use lab_broker::apache::Apache;

use super::apache::{Frozen, start};
use super::imports::{Ended, Import};
use super::requests::LINE;
use crate::kafka::support::Kafka;
use crate::support::within;

/// What must have been read when the signal comes.
const READ: usize = 50_000;
/// Of these, delivered before the broker freezes.
const BEFORE: usize = 3_000;
/// Bytes that a pipe holds, which nobody has read. What the program has read ahead it must send as well.
const AHEAD: usize = 64 * 1024;
/// The option's default, and a little for the end of a process on a busy machine. The
/// program says what it waits for; that it doesn't wait for ever is what is tested.
const DEADLINE: Duration = Duration::from_secs(10 + 15);

/// 50,000 records are read, of which the broker has not acknowledged 47,000; then SIGTERM.
async fn stop_while_frozen(apache: &Apache, args: &[&str], thaw: Option<Duration>) -> (Kafka, Ended) {
    let kafka = Kafka::on(apache.bootstrap());
    let (mut import, mut stdin) = Import::from_stdin(&kafka, args);
    stdin.write_all(LINE.repeat(BEFORE).as_bytes()).expect("it reads");
    import.reported(BEFORE).await;
    let frozen = Frozen::new(apache, 0);
    let lines = LINE.repeat(READ - BEFORE + AHEAD.div_ceil(LINE.len()));
    // When all is written, what is not read is in the pipe, and no more than that.
    let written = tokio::task::spawn_blocking(move || stdin.write_all(lines.as_bytes()).map(|()| stdin));
    let written = within("the program to read on while the broker is silent", written).await;
    let stdin = written.expect("it is written").expect("it reads");
    import.terminate();
    let ended = async {
        match thaw {
            Some(after) => {
                frozen.thaw_after(after).await;
                import.end().await
            }
            None => {
                let ended = import.end().await;
                drop(frozen);
                ended
            }
        }
    };
    let ended = tokio::time::timeout(DEADLINE, ended).await.expect("it ends within its deadline");
    // Open until now: it was the signal that ended the import.
    drop(stdin);
    (kafka, ended)
}

fn print(what: &str, ended: &Ended) {
    let count = |outcome| ended.named(outcome).len();
    println!(
        "SIGTERM, {what}: {} reports, {} delivered, {} unknown, {} not sent, exit {}",
        ended.reports.len(),
        count("delivered"),
        count("unknown"),
        count("not_sent"),
        ended.output.status
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn what_was_read_before_the_stop_is_delivered_or_named() {
    let apache = start(false, &[]).await;

    let (kafka, ended) = stop_while_frozen(&apache, &[], Some(Duration::from_secs(2))).await;
    print("thawed after 2 s", &ended);
    assert!(ended.reports.len() >= READ, "{}", ended.reports.len());
    assert_eq!(ended.named("delivered").len(), ended.reports.len());
    assert_eq!((ended.output.status, ended.doubles(&kafka).await), (0, 0), "{}", ended.output.stderr);

    let (kafka, ended) = stop_while_frozen(&apache, &[], None).await;
    print("never thawed", &ended);
    assert!(ended.reports.len() >= READ, "{}", ended.reports.len());
    assert!(ended.named("delivered").len() < READ, "the broker was frozen");
    assert_eq!((ended.output.status, ended.doubles(&kafka).await), (1, 0), "{}", ended.output.stderr);

    // The control: it ends without a wait for the answers, and says nothing of most.
    let (_, ended) = stop_while_frozen(&apache, &["--break", "flush"], Some(Duration::from_secs(2))).await;
    print("--break flush", &ended);
    let unsaid = READ.saturating_sub(ended.reports.len());
    println!("{unsaid} records without a word");
    assert!(unsaid > 0);
}
