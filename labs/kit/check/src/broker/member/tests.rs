//! Members that are shell scripts.

use super::*;
use crate::bench::Subject;
use crate::broker::New;
use crate::exercise::Role;

const PATIENCE: Duration = Duration::from_secs(10);
/// Prints the record of each partition, and then, until SIGTERM, nothing; SIGTERM takes a moment.
const PROGRAM: &str = r#"for p in 0 1 2; do echo "{\"partition\": $p, \"offset\": 0, \"key\": null, \"value\": \"$MINE\"}"; sleep 0.1; done
trap 'echo "bye" >&2; sleep 0.2; exit 0' TERM
while :; do sleep 0.05; done"#;

async fn bench(program: &str) -> Bench {
    let subject = Subject::Typed(program.to_owned());
    let mut bench = Bench::new(Role::KafkaConsumer, &[], subject).expect("a bench");
    bench.kafka = Some(Broker::start(Broker::named()).await.expect("a broker"));
    bench
}

async fn group_of(bench: &Bench) -> Group {
    bench.group(&bench.kafka().topic().await.expect("a topic"))
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_seen_as_they_come_and_several_members_end_apart() {
    let bench = bench(&format!("sh -c '{}' # mine", PROGRAM.replace('\'', r"'\''"))).await;
    let group = group_of(&bench).await;
    let mut one = group.start(&bench, At::Broker, &[("MINE", "1")]).expect("a process");
    let mut two = group.start(&bench, At::Broker, &[("MINE", "2")]).expect("a process");
    let all = group.have_printed(|all| all.iter().all(|records| records.len() == 3));
    group.until(&mut [&mut one, &mut two], PATIENCE, "three lines of each", all).await.expect("they come");
    assert_eq!(one.printed().await.expect("records")[2].value.as_deref(), Some(&b"1"[..]));
    one.kill().await;
    let more = two.until(Duration::from_millis(50), "a fourth", two.has_printed(|records| records.len() > 3)).await;
    let failed = more.expect_err("there is no fourth");
    assert!(failed.came_back.contains("(killed, with SIGKILL)"), "{}", failed.came_back);
    assert!(failed.came_back.contains("(it still runs)"), "{}", failed.came_back);
    assert!(failed.came_back.contains("partition 2 @ nothing"), "{}", failed.came_back);
    assert!(failed.sent.contains("MINE=2"), "{}", failed.sent);
    assert!(failed.ladder.iter().any(|event| event.what == "[1] prints partition 2 @ 0"), "{:?}", failed.ladder);
    // Also where a shell stands before it, its own end is what counts.
    two.stops(PATIENCE).await.expect("it ends by itself");
    let after = group.wrong("nothing more").await;
    assert!(after.program.ends_with("bye"), "{}", after.program);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_not_waited_for_and_the_last_words_count() {
    let bench = bench("echo '{\"partition\":0,\"offset\":7,\"key\":\"k\",\"value\":\"v\"}'; exit 3; echo").await;
    let group = group_of(&bench).await;
    let mut one = group.start(&bench, At::Broker, &[]).expect("a process");
    let begin = Instant::now();
    let failed = one.until(PATIENCE, "two lines", one.has_printed(|records| records.len() == 2)).await;
    assert!(failed.expect_err("there is one").came_back.contains("exit code 3"));
    assert!(begin.elapsed() < PATIENCE / 2);
    one.until(PATIENCE, "a line", one.has_printed(|records| records.len() == 1)).await.expect("it was there");
    one.ends(0, PATIENCE).await.expect_err("it was 3");
    one.ends(3, PATIENCE).await.expect("it was 3");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_has_committed_is_seen() {
    let bench = bench("exit 0").await;
    let topic = bench.kafka().topic().await.expect("a topic");
    let group = bench.group(&topic);
    assert_eq!(group.committed().await.expect("an answer"), [None, None, None]);
    let feed = bench.kafka().feed(&topic).expect("a producer");
    let new = New { partition: 1, key: None, value: Some("v".to_owned()) };
    feed.send(&[new.clone(), new]).await.expect("they are there");
    let mut config = bench.kafka().client();
    config.set("group.id", &group.0.name);
    let committing = move || {
        use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
        let consumer: BaseConsumer = config.create()?;
        let mut place = rdkafka::TopicPartitionList::new();
        place.add_partition_offset(&topic, 1, rdkafka::Offset::Offset(2))?;
        consumer.commit(&place, CommitMode::Sync)
    };
    super::super::blocking(committing).await.expect("committed");
    assert_eq!(group.committed().await.expect("an answer"), [None, Some(2), None]);
    bench.end().await;
}
