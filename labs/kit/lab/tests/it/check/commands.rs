//! Command lines as people type them, and what programs do to themselves and their surroundings.

use rstest::rstest;

use super::World;
use crate::support::{Process, Server, lab_words, nobody};

#[rstest]
#[case::exits("exit 3", "it ended at once, with exit code 3")]
#[case::has_nothing_to_do("true", "it ended at once, with exit code 0")]
#[case::no_such_program("no-such-python app.py", "the shell didn't find the program")]
#[case::no_such_file("python3 {here}/none.py", "exit code 2")]
#[case::panics("{good} 'raise ValueError(1)'", "it ended at once, with exit code 1")]
#[case::is_killed("kill -9 $$", "it ended at once, with SIGKILL")]
#[case::a_script_with_line_breaks_of_windows("{here}/windows.sh", "the shell didn't find the program")]
#[case::no_script("{here}/good.py", "exit code 126")]
#[case::in_the_background("{good} &", "it ended at once, with exit code 0")]
#[case::leaves_its_child("setsid {good} & exit 0", "it ended at once, with exit code 0")]
#[case::an_open_quote("python3 \"{here}", "exit code 2")]
#[case::a_port_of_its_own("{good} 'port = 0'", "instead")]
#[case::the_other_localhost("{good} 'host = \"::1\"'", "alone, which is not 127.0.0.1")]
#[tokio::test]
async fn a_program_that_doesnt_come_up_is_told_why(#[case] line: &str, #[case] words: &str) {
    let world = World::new();
    world.write("windows.sh", "#!/bin/sh\r\nexec true\r\n");
    let script = world.path().join("windows.sh");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    let verdict = world.check(line).await;
    verdict.came_back(words);
    // Not the exercise's own remark, which knows nothing of that.
    assert!(!verdict.failed()["try"].as_str().unwrap_or_default().contains("axum"), "{:?}", verdict.output);
}

#[tokio::test]
async fn one_that_never_listens_is_given_up_on() {
    World::new().check("sleep 60 # {here}").await.came_back("it runs, and listens nowhere");
}

#[tokio::test]
async fn its_last_words_are_shown() {
    let failed = World::new().check("{good} 'raise ValueError(\"so\")'").await.failed();
    assert!(failed["program"].as_str().is_some_and(|said| said.ends_with("ValueError: so")), "{failed}");
}

#[rstest]
#[case::spaces_and_quotes("python3 \"{here}/a name/go 'od.py\"")]
#[case::one_after_the_other("cd {here} && python3 ./good.py")]
#[case::a_pipe("{good} | cat")]
#[case::a_remark("{good} # as it was")]
#[case::a_line_break("{good}\n")]
#[case::a_variable("HERE={here} && python3 $HERE/good.py")]
#[case::on_every_address("{good} 'host = \"0.0.0.0\"'")]
#[case::a_gigabyte_on_stdout("head -c 1000000000 /dev/zero & exec {good}")]
#[case::a_gigabyte_on_stderr("head -c 1000000000 /dev/zero >&2 & exec {good}")]
#[case::never_quiet("yes {here} & exec {good}")]
#[case::a_child_keeps_the_port("{good} & sleep 20")]
#[case::a_child_in_a_session_of_its_own("setsid {good} & sleep 20")]
#[case::deaf_to_sigterm("{good} 'signal.signal(15, signal.SIG_IGN)'")]
#[case::nothing_open("{good} '[os.close(fd) for fd in (0, 1, 2)]'")]
#[case::gone_elsewhere("{good} 'os.chdir(\"/\")'")]
#[case::without_its_environment("env -i LAB_REST_ADDR=$LAB_REST_ADDR setsid {good} & sleep 20")]
#[case::without_its_environment_twice(
    "env -i LAB_REST_ADDR=$LAB_REST_ADDR setsid sh -c 'setsid {good} >/dev/null 2>&1 </dev/null & sleep 20'"
)]
#[case::without_its_files("{good} 'import shutil; shutil.rmtree(os.path.dirname(sys.argv[0]))'")]
#[case::a_slow_start("{good} 'time.sleep(3)'")]
#[case::another_port_before("{good} 's = socket.socket(); s.bind((host, 0)); s.listen(); time.sleep(2)'")]
#[tokio::test]
async fn what_a_right_program_does_besides_is_no_matter(#[case] line: &str) {
    let world = World::new();
    std::fs::create_dir(world.path().join("a name")).expect("made");
    world.write("a name/go 'od.py", super::programs::GOOD);
    world.check(line).await.passed();
}

#[tokio::test]
async fn a_very_long_line_is_taken_and_one_that_the_system_refuses_is_told() {
    let world = World::new();
    world.check(&format!("{{good}} '#{}'", "x".repeat(120_000))).await.passed();
    world.check(&format!("true {}", "x".repeat(131_064))).await.came_back("Argument list too long");
}

#[tokio::test]
async fn an_empty_line_is_wrong_usage() {
    for line in ["", " ", "\n"] {
        let words = ["check", "rest/01", "--program", line];
        let output = Process::spawn(lab_words(World::new().path(), &words)).end().await.expect(2);
        assert!(output.sentence().contains("needs a command line"), "{output:?}");
    }
}

/// The verdict on what listens there.
async fn check_at(address: &str) -> super::Verdict {
    let words = ["check", "rest/01", "--json", "--at", address];
    super::Verdict::of(Process::spawn(lab_words(World::new().path(), &words)).end().await)
}

#[tokio::test]
async fn at_an_address_there_may_be_nobody_or_another_protocol() {
    let (_kept, address) = nobody();
    check_at(&address).await.came_back("Connection refused");
    let other = Server::grpc().await;
    check_at(&other.address.to_string()).await.came_back("can't be read as HTTP");
    let rest = Server::rest().await;
    check_at(&format!("localhost:{}", rest.address.port())).await.passed();
}
