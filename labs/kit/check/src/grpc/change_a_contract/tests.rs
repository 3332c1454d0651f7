//! Contracts in other styles, all of them right; and command lines that print none.

use std::fs;

use rstest::rstest;

use super::EXERCISE;
use crate::bench::Subject;
use crate::grade::grade;
use crate::verdict::{CheckResult, Verdict};

/// As short as it gets.
const SHORT: &str = "syntax = \"proto3\"; package returns.v1; message Return { reserved 3; reserved \"note\"; \
                     string id = 1; string order_id = 2; string created_at = 4; R reason = 5; int32 quantity = 6; } \
                     enum R { R_UNSPECIFIED = 0; R_A = 1; R_B = 2; }";

async fn of_text(text: &str) -> Verdict {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("returns.proto");
    fs::write(&path, text).expect("written");
    grade(&EXERCISE, Subject::File(path)).await.expect("a verdict")
}

#[rstest]
#[case::as_it_is(&[])]
#[case::an_enum_in_the_message(&[("enum R { R_U", "message E {} enum S { S_U"), ("R_A = 1; R_B = 2", "S_A = 1"),
    ("R reason", "enum Reason { REASON_UNSPECIFIED = 0; REASON_A = 1; REASON_B = 9; } Reason reason")])]
#[case::the_message_before_the_enum(&[("R reason",
    "enum Reason { RETURN_REASON_UNSPECIFIED = 0; RETURN_REASON_A = 1; RETURN_REASON_B = -2; } Reason reason")])]
#[case::words_in_the_enums_name(&[("R reason", "RMAReason reason"), ("enum R {", "enum RMAReason {"),
    ("R_UNS", "RMA_REASON_UNS"), ("R_A", "RMA_REASON_NOT_AS_SHOWN"), ("R_B", "RMA_REASON_2")])]
#[case::presence(&[("string id", "optional string id"), ("R reason", "optional R reason"),
    ("int32 q", "optional sint64 q")])]
#[case::high_numbers(&[("reason = 5", "reason = 16"), ("quantity = 6", "quantity = 536870911")])]
#[case::another_order(&[("string id = 1; ", ""), ("quantity = 6;", "quantity = 6; string id = 1;")])]
#[case::more_is_reserved(&[("reserved 3;", "reserved 3, 10 to 20, 1000 to max;"), ("\"note\"", "\"note\", \"text\"")])]
#[case::a_range_around_it(&[("reserved 3;", "reserved 3 to 3;")])]
#[case::other_integers(&[("int32 q", "fixed64 q")])]
#[case::no_sign(&[("int32 q", "uint32 q")])]
#[case::alone_in_a_oneof(&[("int32 quantity = 6;", "oneof count { int32 quantity = 6; }")])]
#[case::old_ones_alone_in_a_oneof(&[("string id = 1;", "oneof key { string id = 1; }")])]
#[case::more_fields(&[("quantity = 6;", "quantity = 6; map<string, string> labels = 7; repeated Return parts = 8;")])]
#[case::options(&[("string id = 1", "string id = 1 [json_name = \"id\", deprecated = true]"),
    ("package returns.v1;", "package returns.v1; option java_package = \"com.example\"; option go_package = \"a/b\";")])]
#[case::services_and_imports(&[("package returns.v1;", "import \"google/protobuf/timestamp.proto\"; package returns.v1; \
    service Returns { rpc Get(Return) returns (stream Return); } message At { google.protobuf.Timestamp at = 3; }")])]
#[case::long_names(&[("R reason", "Rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr reason"),
    ("enum R {", "enum Rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr {"), ("R_", "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR_")])]
#[case::full_names(&[("R reason", ".returns.v1.R reason")])]
#[case::windows(&[("; ", ";\r\n"), ("syntax", "\u{feff}// Ein Kommentar: größer\r\nsyntax")])]
#[case::comments(&[("reserved 3;", "/* note was here */ reserved 3; // for good\n")])]
#[tokio::test]
async fn a_right_contract_passes_in_any_style(#[case] changes: &[(&str, &str)]) {
    let text = changes.iter().fold(SHORT.to_owned(), |text, (find, with)| {
        assert!(text.contains(find), "{find}");
        text.replace(find, with)
    });
    let verdict = of_text(&text).await;
    assert!(verdict.passed, "{text}\n{verdict:?}");
    let [table] = &verdict.shown[..] else { panic!("{verdict:?}") };
    assert!(table.contains("in all") && table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[rstest]
#[case("exit 3", "exit code 3")]
#[case("true", "nothing on stdout")]
#[case("yes", "more than 3 MiB")]
#[case("sleep 100", "it still ran after 5 s")]
#[case("cat no/such.proto", "exit code 1")]
#[tokio::test]
async fn a_command_that_prints_no_file_gets_a_sentence(#[case] line: &str, #[case] expected: &str) {
    let verdict = grade(&EXERCISE, Subject::Typed(line.to_owned())).await.expect("a verdict");
    let CheckResult::Failed { failed, r#try, .. } = &verdict.checks[0].result else { panic!("{verdict:?}") };
    assert!(failed.came_back.contains(expected) && r#try.contains("`cat`"), "{failed:?}");
}

#[rstest]
#[case("")]
#[case("\u{feff}")]
#[case("edition = \"2023\"; package returns.v1; message Return {}")]
#[case("message Return { message A { message A { message A {")]
#[case("syntax = \"proto3\"; import \"returns.proto\";")]
#[tokio::test]
async fn what_is_no_contract_gets_a_sentence(#[case] text: &str) {
    let verdict = of_text(text).await;
    assert!(verdict.failed().is_some() && verdict.shown.is_empty(), "{verdict:?}");
}

#[tokio::test]
async fn what_no_parser_should_be_given_is_refused() {
    for text in ["message A {".repeat(50_000), "[".repeat(100_000), format!("option (a) = {};", "{ a: ".repeat(50_000))]
    {
        assert!(of_text(&text).await.failed().is_some());
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("latin", b"// gr\xf6\xdfer".to_vec()), ("long", vec![b' '; 2 * 1024 * 1024])] {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    for name in ["latin", "long", "nowhere", "."] {
        let verdict = grade(&EXERCISE, Subject::File(folder.path().join(name))).await.expect("a verdict");
        assert_eq!(verdict.failed(), Some("it_compiles"), "{name}");
    }
}
