//! The commands about one exercise.

use std::fs;
use std::net::TcpListener;

use rstest::rstest;

use super::world::{Learner, STARTER};

#[tokio::test]
async fn hints_come_one_after_another_and_then_the_solution() {
    let learner = Learner::new();
    let mut texts = Vec::new();
    for number in 1..=3 {
        let hint = learner.run(&["hint", "rest/01", "--json"]).await.expect(0).json();
        assert_eq!((&hint["hint"], &hint["of"]), (&number.into(), &3.into()));
        texts.push(hint["text"].to_string());
    }
    texts.dedup();
    assert_eq!(texts.len(), 3);
    for _ in 0..2 {
        let last = learner.run(&["hint", "rest/01"]).await.expect(0);
        assert!(last.stdout.contains("cargo lab solution rest/01"), "{last:?}");
    }
    assert_eq!(learner.progress().await["hints"], 3);
}

#[tokio::test]
async fn a_solution_is_shown_after_a_pass_or_to_whoever_insists() {
    let learner = Learner::new();
    let refused = learner.run(&["solution", "rest/01", "--json"]).await.expect(1);
    assert_eq!((refused.error_code().as_str(), refused.stdout.as_str()), ("not_done", ""));
    let shown = learner.run(&["solution", "rest/01", "--yes"]).await.expect(0);
    let solution = fs::read_to_string(learner.path("labs/rest/solutions/01_health.rs")).expect("readable");
    assert!(shown.stdout.contains(&solution), "{shown:?}");
    assert!(learner.progress().await["solution_shown_at"].is_string());
    learner.write_a_right_program();
    learner.check().await.expect(0);
    learner.run(&["solution", "rest/01"]).await.expect(0);
}

#[tokio::test]
async fn a_reset_keeps_what_was_there_each_time() {
    let learner = Learner::new();
    let nothing = learner.run(&["reset", "rest/01", "--json"]).await.expect(0).json();
    assert!(nothing["kept"].is_null(), "{nothing}");
    for (number, mine) in [(1, "// Mine.\n"), (2, "// Mine again.\n")] {
        learner.edit(mine);
        let reset = learner.run(&["reset", "rest/01", "--json"]).await.expect(0).json();
        assert_eq!(reset["kept"], format!("labs/rest/exercises/01_health.rs.mine-{number}"));
        assert_eq!(learner.read(""), STARTER);
        assert_eq!(learner.read(&format!(".mine-{number}")), mine);
    }
    assert_eq!(learner.read(".mine-1"), "// Mine.\n");
}

#[tokio::test]
async fn a_learner_who_commits_gets_the_starter_back_and_not_the_commit() {
    let learner = Learner::new();
    learner.edit("// Mine, and committed.\n");
    learner.commit();
    let update = learner.run(&["update", "rest/01"]).await.expect(0);
    assert!(update.stdout.contains("- // Mine, and committed.\n+ // The starter."), "{update:?}");
    learner.run(&["reset", "rest/01"]).await.expect(0);
    assert_eq!(learner.read(""), STARTER);
    assert_eq!(learner.read(".mine-1"), "// Mine, and committed.\n");
}

#[tokio::test]
async fn a_newer_starter_that_was_fetched_is_shown_beside_what_was_made_of_the_old_one() {
    let learner = Learner::new();
    let line = async || learner.run(&["update", "rest/01", "--json"]).await.expect(0).json();
    let before = line().await;
    assert_eq!((&before["edited"], &before["newer_starter"]), (&false.into(), &false.into()));
    learner.git(&["branch", "-M", "mine"]);
    learner.git(&["checkout", "--quiet", "-b", "theirs"]);
    learner.edit("// The newer starter.\n");
    learner.commit_as("lab@localhost");
    learner.git(&["checkout", "--quiet", "mine"]);
    learner.git(&["branch", "--quiet", "--set-upstream-to=theirs"]);
    learner.edit("// Mine.\n");
    let after = line().await;
    assert_eq!((&after["edited"], &after["newer_starter"]), (&true.into(), &true.into()));
    let shown = learner.run(&["update"]).await.expect(0).stdout;
    assert!(shown.contains("- // Mine.\n+ // The newer starter."), "{shown}");
    assert_eq!(learner.read(""), "// Mine.\n");
    // What was committed is no starter, and what came by a merge is one.
    learner.commit();
    learner.git(&["-c", "user.name=L", "merge", "--quiet", "-X", "ours", "--no-edit", "theirs"]);
    learner.run(&["reset", "rest/01"]).await.expect(0);
    assert_eq!(learner.read(""), "// The newer starter.\n");
    assert_eq!(learner.read(".mine-1"), "// Mine.\n");
}

#[tokio::test]
async fn without_git_a_reset_says_so_and_changes_nothing() {
    let learner = Learner::new();
    fs::remove_dir_all(learner.path(".git")).expect("removed");
    learner.edit("// Mine.\n");
    let output = learner.run(&["reset", "rest/01"]).await.expect(3);
    assert!(output.sentence().contains("git"), "{output:?}");
    assert_eq!(learner.read(""), "// Mine.\n");
    assert!(!learner.path("labs/rest/exercises/01_health.rs.mine-1").exists());
}

#[tokio::test]
async fn a_file_in_python_is_written_once_and_over_nothing() {
    let learner = Learner::new();
    let started = learner.run(&["start", "rest/01", "--python", "--json"]).await.expect(0).json();
    assert_eq!(started["check"], "cargo lab check rest/01 --program \"python3 mine/rest_01_health.py\"");
    learner.write("mine/rest_01_health.py", "mine = True\n");
    let again = learner.run(&["start", "rest/01", "--python", "--json"]).await.expect(1);
    assert_eq!(again.error_code(), "is_there");
    assert_eq!(fs::read_to_string(learner.path("mine/rest_01_health.py")).expect("readable"), "mine = True\n");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_before_anything_is_built() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let learner = Learner::new();
    let mut command = learner.command(&["run", "rest/01"]);
    command.env("LAB_REST_ADDR", &address);
    let output = crate::support::Process::spawn(command).end().await.expect(3);
    assert!(output.sentence().contains(&address), "{output:?}");
}

#[tokio::test]
async fn the_task_is_shown_as_a_terminal_has_room_for_it() {
    let learner = Learner::new();
    let shown = learner.run(&["show", "rest/1"]).await.expect(0).stdout;
    assert!(shown.contains("Done when") && !shown.contains("**") && !shown.contains("]("), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let json = learner.run(&["show", "rest/1", "--json"]).await.expect(0).json();
    assert!(json["done_when"].as_array().is_some_and(|list| list.len() >= 5), "{json}");
}

#[rstest]
#[case(&["show", "rest/99"])]
#[case(&["hint", "soap/01"])]
#[case(&["watch", "x"])]
#[case(&["check", "99"])]
#[case(&["run", "rest/99"])]
#[case(&["quiz", "soap"])]
#[case(&["path", "long"])]
#[case(&["start", "rest/01"])]
#[tokio::test]
async fn what_there_is_not_is_wrong_usage(#[case] words: &[&str]) {
    let output = Learner::new().run(words).await.expect(2);
    assert_eq!(output.stdout, "");
}
