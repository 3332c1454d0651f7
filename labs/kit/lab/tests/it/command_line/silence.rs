//! No server, and a server that says nothing.

use rstest::rstest;

use super::VERBS;
use crate::support::{Fake, Lab, client_at, nobody, spawn_client_at};

/// The commands of this lab's client.
fn verbs(lab: Lab) -> Vec<&'static [&'static str]> {
    let process: &[&[&str]] = if lab == Lab::Grpc { &[&["process"]] } else { &[] };
    VERBS.into_iter().chain(process.iter().copied()).collect()
}

#[rstest]
#[tokio::test]
async fn without_a_server_each_verb_says_how_to_start_one(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let (_held, address) = nobody();
    let start = match lab {
        Lab::Rest => "`cargo lab run rest-server`",
        Lab::Grpc => "`cargo lab run grpc-server`",
    };
    for args in verbs(lab) {
        let output = client_at(lab, &address, args).await.expect(3);
        let sentence = output.sentence();
        assert!(sentence.contains(start) && sentence.contains(&address), "{args:?}: {sentence}");
        let json = client_at(lab, &address, &[args, &["--json"]].concat()).await.expect(3);
        assert_eq!((json.error_code(), &*json.stdout), ("unreachable".to_owned(), ""), "{args:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_server_that_stays_silent_is_given_up(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Fake::silent().await;
    let start =
        |args: &[&'static str], more: &[&'static str]| spawn_client_at(lab, &server.address(), &[args, more].concat());
    // All at once: each waits.
    let waiting: Vec<_> = verbs(lab)
        .into_iter()
        .map(|args| (args[0], start(args, &["--timeout", "0.3"]), start(args, &["--timeout", "0.3", "--json"])))
        .collect();
    for (verb, human, json) in waiting {
        let (status, code) = if verb == "health" { (3, "unreachable") } else { (1, "unavailable") };
        let output = human.end().await.expect(status);
        assert!(output.sentence().contains("did not answer within 300ms"), "{verb}: {output:?}");
        let may_be_done = ["create", "update", "delete", "import"].contains(&verb);
        assert_eq!(output.stderr.contains("may be done or not"), may_be_done, "{verb}: {output:?}");
        assert_eq!(json.end().await.expect(status).error_code(), code, "{verb}");
    }
}
