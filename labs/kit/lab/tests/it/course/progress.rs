//! What is remembered, and what a teacher's script can rely on.

use std::fs;

use futures_util::future::join_all;
use serde_json::Value;

use super::world::{Learner, names};

#[tokio::test]
async fn a_pass_is_remembered_whatever_comes_later() {
    let learner = Learner::new();
    learner.check().await.expect(1);
    assert_eq!(learner.progress().await["state"], "begun");
    learner.write_a_right_program();
    let output = learner.check().await.expect(0);
    assert!(output.stdout.contains("Done."), "{output:?}");
    learner.write("app.sh", "exit 1\n");
    learner.check().await.expect(1);
    let progress = learner.progress().await;
    assert_eq!((&progress["state"], &progress["tries"]), (&"passed".into(), &3.into()));
    let failed: Vec<&Value> =
        progress["attempts"].as_array().expect("a list").iter().map(|one| &one["failed"]).collect();
    assert_eq!(failed, [&Value::from("health_is_200"), &Value::Null, &"health_is_200".into()]);
    // Without an exercise it is the next one's turn.
    let path = learner.run(&["path", "--json"]).await.expect(0).json_lines();
    let state = |id: &str| path.iter().find(|step| step["exercise"] == id).map(|step| step["state"].clone());
    assert_eq!(state("rest/01"), Some("done".into()));
    let front = learner.run(&[]).await.expect(0).stdout;
    assert!(front.contains("1 of "), "{front}");
}

#[tokio::test]
async fn a_broken_file_is_set_aside_and_a_new_one_begun() {
    let learner = Learner::new();
    for number in 1..3 {
        learner.run(&["hint", "rest/01"]).await.expect(0);
        learner.write(".lab/progress.json", "{\"version\":");
        let output = learner.run(&["progress"]).await.expect(0);
        let aside = format!("progress.json.broken-{number}");
        assert!(output.stderr.contains(&aside) && output.stderr.lines().count() == 1, "{output:?}");
        assert_eq!(fs::read_to_string(learner.path(".lab").join(aside)).expect("kept"), "{\"version\":");
    }
    let again = learner.run(&["progress"]).await.expect(0);
    assert_eq!(again.stderr, "");
}

#[tokio::test]
async fn checks_at_the_same_time_are_all_remembered() {
    let learner = Learner::new();
    for output in join_all((0..6).map(|_| learner.check())).await {
        assert_eq!(output.expect(1).stderr.lines().count(), 1);
    }
    assert_eq!(learner.progress().await["tries"], 6);
}

#[tokio::test]
async fn where_nothing_can_be_kept_the_check_is_made_all_the_same() {
    let learner = Learner::new();
    learner.write_a_right_program();
    // A file where a folder should be.
    learner.write(".lab", "");
    let output = learner.check().await.expect(0);
    assert!(output.stderr.contains("your progress can't be"), "{output:?}");
}

#[tokio::test]
async fn the_names_in_json_stay() {
    let learner = Learner::new();
    learner.check().await.expect(1);
    let row = learner.progress().await;
    let expected = [
        "attempts",
        "begun_at",
        "cleared_by",
        "exercise",
        "hints",
        "minutes",
        "passed_at",
        "solution_shown_at",
        "state",
        "title",
        "tries",
    ];
    assert_eq!(sorted(&row), expected);
    assert_eq!(sorted(&row["attempts"][0]), ["at", "failed", "minute"]);
    assert_eq!(sorted(&row["minutes"]), ["fluent", "new", "worked"]);
    let lines = learner.run(&["progress", "--json"]).await.expect(0).json_lines();
    assert_eq!(sorted(lines.last().expect("a line")), ["done", "minutes", "missed_questions", "of", "path"]);
    let path = learner.run(&["path", "quick", "--json"]).await.expect(0).json_lines();
    assert_eq!(sorted(&path[0]), ["exercise", "stage", "state", "until"]);
    assert!(learner.run(&["path"]).await.expect(0).stdout.contains("Your path: quick"));
}

fn sorted(object: &Value) -> Vec<&str> {
    let mut names = names(object);
    names.sort_unstable();
    names
}
