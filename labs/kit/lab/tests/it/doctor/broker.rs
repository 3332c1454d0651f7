//! Who answers where a broker should.

use rstest::rstest;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::world::{Checkup, World};
use crate::support::{Fake, Process, Server, folder, lab};

async fn with_brokers(brokers: &str) -> Checkup {
    World::new().with("KAFKA_BROKERS", brokers).checkup().await
}

#[track_caller]
fn assert_is_no_broker(checkup: &Checkup, says: &str) {
    let finding = checkup.finding("broker");
    assert_eq!((&*finding.state, checkup.output.status), ("fail", 1), "{checkup:?}");
    assert!(finding.found.contains(says), "no {says:?} in {finding:?}");
    let mend = finding.mend.as_deref().expect("what to do");
    assert!(mend.contains("cargo lab run broker --listen $KAFKA_BROKERS"), "{mend}");
}

#[tokio::test]
async fn no_broker_is_no_fault_and_the_command_for_one_is_named() {
    let checkup = World::new().checkup().await;
    let finding = checkup.finding("broker");
    assert_eq!(finding.state, "ok");
    assert!(finding.mend.as_deref().is_some_and(|mend| mend.starts_with("cargo lab run broker")), "{finding:?}");
}

#[tokio::test]
async fn the_embedded_broker_is_known_also_as_the_second_of_two() {
    let folder = folder();
    let mut broker = Process::spawn(lab(folder.path(), "broker", &["--listen", "127.0.0.1:0", "--json"]));
    let line: Value = serde_json::from_str(&broker.line().await.expect("a line")).expect("JSON");
    let address = line["listening"].as_str().expect("an address");
    let silent = Fake::silent().await;
    let both = format!("{},{address}", silent.address());
    for brokers in [address, &both] {
        let checkup = with_brokers(brokers).await;
        assert_eq!(checkup.not_ok(), Vec::<&str>::new(), "{checkup:?}");
        assert!(checkup.finding("broker").found.contains("the embedded broker"), "{checkup:?}");
    }
}

#[tokio::test]
async fn an_http_server_is_called_by_its_name() {
    let server = Server::rest().await;
    assert_is_no_broker(&with_brokers(&server.address.to_string()).await, "is an HTTP server");
}

/// The first address is in the documentation's network (RFC 3849), and so nowhere.
#[tokio::test]
async fn on_another_machine_no_broker_is_proposed() {
    let server = Server::rest().await;
    let checkup = with_brokers(&format!("[2001:db8::77]:9092,{}", server.address)).await;
    let finding = checkup.finding("broker");
    assert_eq!((&*finding.state, finding.mend.as_deref()), ("fail", Some("unset KAFKA_BROKERS")), "{finding:?}");
}

#[tokio::test]
async fn one_that_says_nothing_is_not_waited_for_longer_than_five_seconds() {
    assert_is_no_broker(&with_brokers(&Fake::silent().await.address()).await, "does not answer");
}

#[rstest]
#[case::nothing(vec![])]
#[case::a_length_and_no_more(vec![0, 0, 0, 40])]
#[case::a_negative_length(vec![0xff; 64])]
#[case::a_length_beyond_memory(vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 3])]
#[case::another_question_answered([&[0, 0, 0, 8], &[9; 8][..]].concat())]
#[case::brokers_without_end([&[0, 0, 0, 8, 0, 0, 0, 3], &[0x7f, 0xff, 0xff, 0xff][..]].concat())]
#[tokio::test]
async fn what_is_no_answer_of_a_broker_is_none(#[case] bytes: Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // What is left unread would reset the connection, and the answer with it.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    assert_is_no_broker(&with_brokers(&address).await, "is no Kafka broker");
}
