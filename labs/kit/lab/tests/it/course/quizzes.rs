//! Questions, where nobody sits at a terminal.

use rstest::rstest;

use super::world::Learner;

#[rstest]
#[tokio::test]
async fn enter_skips_and_the_end_of_the_input_skips_the_rest(
    #[values(
        "lesson", "postman", "rest", "grpc", "kafka", "choose", "stage-1", "stage_4", "stage-6", "rest/01", "grpc/02"
    )]
    quiz: &str,
    #[values("", "\n", "\n\n\n\n\n\n\n\n\n\n\n\n")] typed: &str,
) {
    let learner = Learner::new();
    let output = learner.run_with(&["quiz", quiz, "--json"], typed).await.expect(0);
    let lines = output.json_lines();
    let score = lines.last().expect("a score");
    assert_eq!((&score["skipped"], &score["right"]), (&score["questions"], &0.into()), "{score}");
    assert_eq!(score["questions"], lines.len() - 1);
    let text = learner.run_with(&["quiz", quiz], typed).await.expect(0).stdout;
    assert!(text.contains("skipped") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[tokio::test]
async fn q_ends_them_and_what_was_answered_counts() {
    let learner = Learner::new();
    let text = learner.run_with(&["quiz", "postman"], "1\nq\n2\n").await.expect(0).stdout;
    assert_eq!(text.matches("(Enter skips)").count(), 2, "{text}");
    assert!(text.contains("of 1 right, 2 skipped"), "{text}");
}

#[tokio::test]
async fn what_was_missed_is_explained_and_comes_back_until_it_is_right() {
    let learner = Learner::new();
    let missed = learner.run_with(&["quiz", "postman"], "1\n2\n2\n").await.expect(0).stdout;
    assert!(missed.contains("Not quite.") && missed.contains("→ 2 Yes: "), "{missed}");
    assert!(missed.contains("1 of 3 right"), "{missed}");
    let again = learner.run_with(&["quiz", "again", "--json"], "").await.expect(0).json_lines();
    assert_eq!(again.last().expect("a score")["questions"], 2);
    let right = again[..2].iter().map(|asked| {
        let options = asked["options"].as_array().expect("a list").iter().enumerate();
        let right = options.filter(|(_, option)| option["right"] == true).map(|(at, _)| (at + 1).to_string());
        right.collect::<Vec<_>>().join(" ") + "\n"
    });
    learner.run_with(&["quiz", "again"], &right.collect::<String>()).await.expect(0);
    let over = learner.run_with(&["quiz", "again", "--json"], "").await.expect(0).json();
    assert_eq!(over["questions"], 0);
}

#[tokio::test]
async fn nonsense_is_asked_again_and_in_the_end_skipped() {
    let learner = Learner::new();
    let output = learner.run_with(&["quiz", "rest/01", "--json"], "x\n9\n-1\n1\n").await.expect(0);
    assert_eq!(output.json_lines()[1]["skipped"], 1);
    let output = learner.run_with(&["quiz", "rest/01", "--json"], "x\n1\n").await.expect(0);
    assert_eq!(output.json_lines()[1]["right"], 1);
}
