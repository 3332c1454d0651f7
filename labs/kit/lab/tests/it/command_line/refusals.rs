//! What each verb says when the server says no.

use rstest::rstest;

use super::ID;
use crate::support::{Lab, Server, client, client_at, folder};

#[rstest]
#[case::no_such_order(&["get", ID], "not_found")]
#[case::no_such_order_to_update(&["update", ID, "--equipment", "MOUSE", "--version", "1"], "not_found")]
#[case::no_such_order_to_delete(&["delete", ID], "not_found")]
#[case::no_uuid(&["get", "nonsense"], "invalid")]
#[case::a_path_for_an_id(&["get", "../../health"], "invalid")]
#[case::dots_for_an_id(&["get", ".."], "invalid")]
#[case::a_query_for_an_id(&["delete", "x?y#z%00"], "invalid")]
#[case::nothing_for_an_id(&["get", ""], "invalid")]
#[case::no_name(&["create", "--created-by", "", "--equipment", "MOUSE"], "invalid")]
#[case::a_name_with_controls(&["create", "--created-by", "a\u{1b}b", "--equipment", "MOUSE"], "invalid")]
#[case::a_negative_page(&["list", "--page-size", "-1"], "invalid")]
#[case::no_position(&["watch", "--position", "nonsense"], "invalid")]
#[tokio::test]
async fn a_refusal_is_a_sentence_or_a_code_and_exit_1(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[case] args: &[&str],
    #[case] code: &str,
) {
    let server = Server::start(lab).await;
    assert!(!client(&server, args).await.expect(1).sentence().is_empty());
    let json = client(&server, &[args, &["--json"]].concat()).await.expect(1);
    assert_eq!((json.error_code(), &*json.stdout), (code.to_owned(), ""));
}

#[rstest]
#[case::no_such_order(&["get", ID])]
#[case::no_uuid(&["delete", "nonsense"])]
#[case::a_name_and_items(&["create", "--created-by", "", "--equipment", "MOUSE"])]
#[case::no_position(&["watch", "--position", "nonsense"])]
#[case::a_negative_page(&["list", "--page-size", "-1"])]
#[tokio::test]
async fn a_refusal_reads_the_same_in_both_labs(#[case] args: &[&str], #[values(true, false)] json: bool) {
    let args = if json { &[args, &["--json"]].concat() } else { args };
    let rest = client(&Server::rest().await, args).await.expect(1);
    let grpc = client(&Server::grpc().await, args).await.expect(1);
    assert_eq!((rest.stdout, rest.stderr), (grpc.stdout, grpc.stderr));
}

#[rstest]
#[tokio::test]
async fn what_has_changed_meanwhile_is_not_overwritten(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let order = server.create("USER14", &["MOUSE"]).await;
    let id = order["id"].as_str().expect("text");
    for args in [
        &["update", id, "--equipment", "MONITOR", "--version", "2", "--json"][..],
        &["delete", id, "--version", "18446744073709551615", "--json"],
    ] {
        assert_eq!(client(&server, args).await.expect(1).error_code(), "version_mismatch");
    }
    let stale = client(&server, &["delete", id, "--version", "7"]).await.expect(1);
    assert_eq!(stale.sentence(), "the order is at version 1, not 7: read it again");
    assert_eq!(client(&server, &["get", id, "--json"]).await.expect(0).json(), order);
}

#[rstest]
#[tokio::test]
async fn a_position_of_another_database_is_gone(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let (server, other) = (Server::start(lab).await, Server::start(lab).await);
    other.create("USER14", &["MOUSE"]).await;
    let change = client(&other, &["watch", "--position", "0", "--count", "1", "--json"]).await.expect(0).json();
    let position = change["position"].as_str().expect("text");
    let refused = client(&server, &["watch", "--position", position, "--json"]).await.expect(1);
    assert_eq!(refused.error_code(), "position_gone");
}

#[rstest]
#[tokio::test]
async fn an_import_of_too_many_lines_places_none(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let folder = folder();
    let file = folder.path().join("orders.ndjson");
    std::fs::write(&file, "{\"created_by\":\"USER14\",\"equipment\":[\"MOUSE\"]}\n".repeat(10_001)).expect("a file");
    let path = file.to_str().expect("UTF-8");
    let refused = client(&server, &["import", path, "--timeout", "60"]).await.expect(1);
    assert!(refused.sentence().contains("10000"), "{refused:?}");
    assert_eq!(client(&server, &["list", "--json"]).await.expect(0).stdout, "");
}

#[rstest]
#[case::nothing("nothing.ndjson")]
#[case::a_folder(".")]
#[tokio::test]
async fn an_import_of_what_cannot_be_read_is_exit_3(#[values(Lab::Rest, Lab::Grpc)] lab: Lab, #[case] name: &str) {
    let server = Server::start(lab).await;
    let folder = folder();
    let path = folder.path().join(name);
    let path = path.to_str().expect("UTF-8");
    let failed = client(&server, &["import", path]).await.expect(3);
    assert!(failed.sentence().contains(path), "{failed:?}");
}

#[rstest]
#[case::grpc_client_of_rest(Lab::Rest, Lab::Grpc)]
#[case::rest_client_of_grpc(Lab::Grpc, Lab::Rest)]
#[tokio::test]
async fn the_other_labs_server_is_told_from_ones_own(#[case] server: Lab, #[case] own: Lab) {
    let server = Server::start(server).await;
    for args in super::VERBS {
        let output = client_at(own, &server.address.to_string(), args).await;
        assert!(matches!(output.status, 1 | 3), "{args:?}: {output:?}");
        assert!(output.sentence().contains(&server.address.to_string()), "{args:?}: {output:?}");
    }
}
