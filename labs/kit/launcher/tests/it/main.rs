//! `cargo lab`, where not all is there that the first build takes. Here and not with the
//! other black-box tests, because cargo builds a package's own programs for its tests.

mod support;

use std::process::Stdio;

use rstest::rstest;

use self::support::{World, cargo_lab};

const COMPILERS: &str = "apt-get install -y build-essential";

#[rstest]
#[case::no_c("cc", COMPILERS)]
#[case::no_cxx("c++", COMPILERS)]
#[case::no_make("make", COMPILERS)]
#[case::no_bash("bash", "apt-get install -y bash")]
fn what_the_build_takes_and_is_missing_is_one_sentence_with_its_command(#[case] tool: &str, #[case] mend: &str) {
    let world = World::new();
    world.remove(tool);
    let sentence = format!("error: {tool} is not there, and librdkafka needs it -> {mend}\n");
    assert_eq!(world.run(), (3, String::new(), sentence));
}

#[test]
fn each_of_several_has_a_sentence() {
    let world = World::new();
    world.remove("c++");
    world.remove("bash");
    let (status, _, stderr) = world.run();
    assert_eq!(status, 3);
    let names: Vec<_> = stderr.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(names, ["c++", "bash"], "{stderr}");
}

/// As librdkafka's configure looks for it.
#[rstest]
#[case("g++")]
#[case("clang++")]
fn another_compiler_of_cxx_will_do(#[case] name: &str) {
    let world = World::new();
    world.remove("c++");
    world.fake(name, "exit 0");
    assert_eq!(world.run().0, 0);
}

#[test]
fn a_compiler_that_does_not_work_is_called_so() {
    let world = World::new();
    world.fake("c++", "echo c++: no developer tools >&2; exit 1");
    let (status, _, stderr) = world.run();
    assert_eq!(status, 3);
    assert!(stderr.starts_with("error: c++ fails: c++: no developer tools, and"), "{stderr}");
}

#[rstest]
#[case("CC", "ccache clang-99")]
#[case("CXX", "clang++-99")]
fn a_compiler_that_a_variable_names_is_the_one_that_counts(#[case] variable: &str, #[case] line: &str) {
    let mut world = World::new();
    world.set(variable, line);
    let sentence = format!("error: {line} (by {variable}) is not there, and librdkafka needs it -> unset {variable}\n");
    assert_eq!(world.run(), (3, String::new(), sentence));
    world.fake(line.split(' ').next().expect("a word"), "exit 0");
    assert_eq!(world.run().0, 0);
}

#[test]
fn a_space_in_the_path_of_the_target_folder_is_one_sentence() {
    let world = World::at("my target", "");
    let (status, stdout, stderr) = world.run();
    assert_eq!((status, &*stdout, stderr.lines().count()), (3, "", 1), "{stderr}");
    assert!(stderr.starts_with("error: there is a space in /"), "{stderr}");
    assert!(
        stderr.ends_with("my target, and librdkafka can't be built there -> export CARGO_TARGET_DIR=/tmp/lab-target\n"),
        "{stderr}"
    );
}

#[rstest]
#[case::too_small("1g", 3)]
#[case::large_enough("2g", 0)]
fn a_disk_without_room_to_build_is_one_sentence(#[case] size: &'static str, #[case] status: i32) {
    let world = World::at("target", size);
    let ended = world.run();
    assert_eq!(ended.0, status, "{ended:?}");
    if status == 3 {
        assert!(ended.2.starts_with("error: 1.0 GB free for /"), "{ended:?}");
        assert!(ended.2.ends_with("/target; a build takes 1.7 -> cargo clean\n"), "{ended:?}");
    }
}

/// Then cargo has nothing to build, or what is not in C.
#[test]
fn once_all_is_built_nothing_is_needed_but_the_c_compiler_that_a_variable_names() {
    let mut world = World::new();
    world.is_built();
    for tool in ["cc", "c++", "make", "bash"] {
        world.remove(tool);
    }
    world.set("CXX", "clang++-99");
    assert_eq!(world.run().0, 0);
    world.set("CC", "clang-99");
    assert_eq!(world.run().0, 3);
}

#[test]
fn where_all_is_there_it_becomes_cargo_with_the_same_words_stdin_and_exit_code() {
    let world = World::new();
    world.fake("cargo", r#"echo $$; printf '[%s]' "$@"; read -r line; printf %s "$line"; exit 7"#);
    let mut command = world.command();
    command.args(["run", "rest-client", "", "two words", "--", "-v"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let pid = child.id();
    std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), b"from stdin\n").expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    // The same process: what signals it, signals the program.
    let words = "[run][--package][lab][--][run][rest-client][][two words][--][-v]";
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{pid}\n{words}from stdin"));
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn without_a_cargo_it_says_so() {
    let world = World::new();
    world.remove("cargo");
    let (status, _, stderr) = world.run();
    assert_eq!((status, stderr.lines().count()), (3, 1), "{stderr}");
    assert!(stderr.starts_with("error: can't run /"), "{stderr}");
}

/// To the letter, from a copy of this workspace: in a subfolder, without a compiler of C++.
#[test]
fn cargo_lab_says_it_before_anything_of_c_is_built() {
    let (copy, output) = cargo_lab("my lab", "labs/rest", &["c++"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{stderr}");
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(lines[0].starts_with("error: c++ is not there"), "{stderr}");
    assert!(lines[1].starts_with("error: there is a space in /") && lines[1].contains("/my lab/target"), "{stderr}");
    let built = std::fs::read_dir(copy.path().join("my lab/target/debug/deps")).expect("the launcher is built");
    let names: Vec<_> = built.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().all(|name| name.contains("lab_launcher")), "{names:?}");
}
