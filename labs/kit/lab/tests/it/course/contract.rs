//! grpc/02, whose file is read and not run. Nothing is built: there is no cargo package here.

use std::fs;

use super::world::{Learner, read_until};

const FILE: &str = "labs/grpc/exercises/02_change_a_contract.proto";

#[tokio::test]
async fn a_contract_is_graded_as_it_is_and_its_sizes_are_shown_after_a_pass() {
    let learner = Learner::new();
    let failed = learner.run(&["check", "grpc/02"]).await.expect(1).stdout;
    assert!(failed.contains("✗ It is `proto3`") && !failed.contains("What a return takes"), "{failed}");
    learner.write(FILE, &learner.right_contract().replace("quantity = 6;", "quantity = 6"));
    let failed = learner.run(&["check", "grpc/02"]).await.expect(1).stdout;
    assert!(failed.contains("02_change_a_contract.proto:26:1: "), "{failed}");
    learner.write(FILE, &learner.right_contract());
    let passed = learner.run(&["check", "grpc/02"]).await.expect(0).stdout;
    assert!(
        passed.contains("What a return takes") && passed.lines().all(|line| line.chars().count() <= 80),
        "{passed}"
    );
    let json = learner.run(&["check", "grpc/02", "--json"]).await.expect(0).json();
    assert!(json["shown"].as_array().is_some_and(|shown| shown.len() == 1), "{json}");
}

#[tokio::test]
async fn what_a_command_prints_is_graded_as_well() {
    let learner = Learner::new();
    learner.write("returns.proto", &learner.right_contract());
    learner.run(&["check", "grpc/02", "--program", "cat returns.proto"]).await.expect(0);
    learner.write("returns.proto", "syntax = 3;");
    let output = learner.run(&["check", "grpc/02", "--program", "cat returns.proto"]).await.expect(1);
    assert!(output.stdout.contains("returns.proto:1:10: "), "{output:?}");
    let output = learner.run(&["check", "grpc/02", "--at", "127.0.0.1:50051"]).await.expect(2);
    assert!(output.stderr.contains("asks for a file"), "{output:?}");
}

#[tokio::test]
async fn the_commands_about_an_exercise_know_a_file_that_is_not_run() {
    let learner = Learner::new();
    let run = learner.run(&["run", "grpc/02"]).await.expect(0).stdout;
    assert!(run.contains("protoc --decode_raw"), "{run}");
    let output = learner.run(&["start", "grpc/02", "--python"]).await.expect(2);
    assert!(output.stderr.contains(FILE), "{output:?}");
    let show = learner.run(&["show", "grpc/02", "--json"]).await.expect(0).json();
    assert_eq!(show["file"], FILE);
    learner.write(FILE, "// Mine.\n");
    let update = learner.run(&["update", "grpc/02"]).await.expect(0).stdout;
    assert!(update.contains("grpc/02 is edited"), "{update}");
    let reset = learner.run(&["reset", "grpc/02", "--json"]).await.expect(0).json();
    assert_eq!(reset["kept"], format!("{FILE}.mine-1"));
    assert_eq!(fs::read_to_string(learner.path(reset["kept"].as_str().expect("a name"))).expect("kept"), "// Mine.\n");
    let solution = learner.run(&["solution", "grpc/02", "--yes"]).await.expect(0).stdout;
    assert!(solution.contains(&learner.right_contract()), "{solution}");
}

#[tokio::test]
async fn a_save_of_the_file_is_seen_and_a_pass_shows_ours_beside_it() {
    let learner = Learner::new();
    let mut watch = learner.spawn(&["watch", "grpc/02"]);
    read_until(&mut watch, "1 of 10 hold.").await;
    learner.write(FILE, &learner.right_contract().replace("DAMAGED", "BROKEN"));
    read_until(&mut watch, "10 of 10 hold.").await;
    let end = watch.end().await.expect(0).stdout;
    for part in ["What a return takes", "-   RETURN_REASON_BROKEN = 1;\n+   RETURN_REASON_DAMAGED = 1;", "Enter skips"]
    {
        assert!(end.contains(part), "no {part} in {end}");
    }
}

#[tokio::test]
async fn a_stage_is_closed_by_questions_that_are_asked_once() {
    let learner = Learner::new();
    let path = learner.run(&["path", "--json"]).await.expect(0).json_lines();
    let stage = &path.iter().find(|step| step["exercise"] == "rest/01").expect("it is there")["stage"];
    let others = path.iter().filter(|step| step["stage"] == *stage && step["exercise"] != "rest/01");
    let done = |step: &serde_json::Value| {
        (step["exercise"].as_str().expect("an id").to_owned(), serde_json::json!({ "cleared_by": "x" }))
    };
    let done: serde_json::Map<_, _> = others.map(done).collect();
    fs::create_dir_all(learner.path(".lab")).expect("made");
    learner.write(".lab/progress.json", &serde_json::json!({ "version": 1, "exercises": done }).to_string());
    learner.write_a_right_program();
    let watch = ["watch", "rest/01", "--program", "sh app.sh"];
    // The exercise's own question is skipped, and the first two of the stage are answered.
    let asked = learner.run_with(&watch, "\n1\n1\n").await.expect(0).stdout;
    assert!(asked.contains("what differed?") && asked.matches("Enter skips").count() == 4, "{asked}");
    let checked = learner.check().await.expect(0).stdout;
    assert!(checked.contains("`cargo lab quiz stage-1` asks 1 on what differed"), "{checked}");
    let path = learner.run(&["path"]).await.expect(0).stdout;
    assert!(path.contains("what differed: `cargo lab quiz stage-1`"), "{path}");
}
