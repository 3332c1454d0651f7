//! `cargo lab doctor`, in a world where everything is there but for one thing.

mod broker;
mod ports;
mod tools;
mod world;

use unicode_width::UnicodeWidthStr;

use self::world::{CHECKS, World};

#[tokio::test]
async fn where_everything_is_there_all_is_ok() {
    let world = World::new();
    let checkup = world.checkup().await;
    assert_eq!(checkup.output.status, 0, "{checkup:?}");
    let checks: Vec<&str> = checkup.findings.iter().map(|finding| &*finding.check).collect();
    assert_eq!(checks, CHECKS);
    assert_eq!(checkup.not_ok(), Vec::<&str>::new(), "{checkup:?}");
    // To look makes nothing: no database, no folder for it.
    assert_eq!(world.files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_person_sees_lines_of_80_columns_without_colours_in_a_pipe_and_with_what_to_do() {
    let world = World::new();
    // As wide on a terminal as twice as many letters.
    world.fake(
        "cc",
        "echo 'cc: 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語 日本語' >&2; exit 1",
    );
    let output = world.run(&[]).await.expect(1);
    assert_eq!(output.stderr, "error: not all is well: c\n");
    assert!(!output.stdout.contains('\x1b'), "{}", output.stdout);
    for check in CHECKS {
        let names = |line: &&str| line.split_whitespace().nth(1) == Some(check);
        assert!(output.stdout.lines().any(|line| names(&line)), "no {check} in {}", output.stdout);
    }
    for line in output.stdout.lines().filter(|line| !line.trim_start().starts_with("-> ")) {
        assert!(line.width() <= 80 || !line.trim().contains(' '), "{line:?}");
    }
    let mut after = output.stdout.lines().skip_while(|line| !line.starts_with("fail c "));
    let mend = after.find(|line| line.trim_start().starts_with("-> ")).expect("what to do");
    assert_eq!(mend.trim_start(), "-> apt-get install -y build-essential");
}
