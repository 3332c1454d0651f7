//! Tools that are missing, old, broken, or hang; folders that can't be used.

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use rstest::rstest;

use super::world::World;
use crate::mounts::with_mounts;
use crate::support::until;

#[rstest]
#[case::cc("cc", "c", "apt-get install -y build-essential")]
#[case::cxx("c++", "c++", "apt-get install -y build-essential")]
#[case::make("make", "make", "apt-get install -y build-essential")]
#[case::bash("bash", "bash", "apt-get install -y bash")]
#[case::rustc("rustc", "rust", "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh")]
#[case::cargo("cargo", "rust", "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh")]
#[tokio::test]
async fn what_building_takes_and_is_missing_is_a_failure(#[case] tool: &str, #[case] check: &str, #[case] mend: &str) {
    let world = World::new();
    world.remove(tool);
    let checkup = world.checkup().await;
    assert_eq!(checkup.expect_only(check, "fail", &format!("{tool} is not there")), mend);
}

#[tokio::test]
async fn a_rust_that_is_too_old_is_a_failure_and_the_least_is_named() {
    let world = World::new();
    world.fake("rustc", "echo 'rustc 1.60.0 (7737e0b5c 2022-04-04)'");
    world.fake("rustup", "exit 9");
    let checkup = world.checkup().await;
    let mend = checkup.expect_only("rust", "fail", "rustc 1.60.0 is too old");
    assert_eq!(mend, "rustup update stable");
    assert!(checkup.finding("rust").found.contains(env!("CARGO_PKG_RUST_VERSION")), "{checkup:?}");
}

#[tokio::test]
async fn a_compiler_that_a_variable_names_is_the_one_that_counts() {
    let world = World::new().with("CC", "ccache clang-99");
    let checkup = world.checkup().await;
    assert_eq!(checkup.expect_only("c", "fail", "ccache clang-99 (by CC) is not there"), "unset CC");
    world.fake("ccache", r#"[ "$1 $2" = "clang-99 --version" ] && echo "clang 99""#);
    let checkup = world.checkup().await;
    assert_eq!(checkup.finding("c").found, "clang 99", "{checkup:?}");
}

#[rstest]
#[case::docker("docker", "docker", "docker is not there", "cargo lab run broker")]
#[case::java("java", "java", "java is not there", "apt-get install -y default-jre-headless")]
#[case::maven("mvn", "maven", "mvn is not there", "apt-get install -y maven")]
#[tokio::test]
async fn what_is_optional_and_missing_is_a_warning(
    #[case] tool: &str,
    #[case] check: &str,
    #[case] says: &str,
    #[case] mend: &str,
) {
    let world = World::new();
    world.remove(tool);
    assert_eq!(world.checkup().await.expect_only(check, "warn", says), mend);
}

#[rstest]
#[case::no_daemon("docker", r#"[ "$1" = compose ] && echo 2.39; exit 1"#, "its daemon does not answer")]
#[case::no_compose("docker", r#"[ "$1" = version ] && echo 28.2.2"#, "has no compose")]
#[case::an_old_java("java", r#"echo 'java version "1.8.0_392"' >&2"#, "java 1.8.0_392 is too old")]
#[case::a_java_that_is_none("java", "echo 'get it from java.com'", "says nothing that could be read")]
#[tokio::test]
async fn what_is_optional_and_does_not_work_is_a_warning(#[case] tool: &str, #[case] script: &str, #[case] says: &str) {
    let world = World::new();
    world.fake(tool, script);
    world.checkup().await.expect_only(tool, "warn", says);
}

/// A docker that never answers, and has started something else that never ends.
async fn with_a_docker_that_hangs() -> World {
    let world = World::new();
    let note = world.folder().join("pids");
    let script = format!("/bin/sleep 600 & echo $! >> '{0}'; echo $$ >> '{0}'; wait", note.display());
    world.fake("docker", &script);
    world
}

/// The processes that it has noted, once the doctor has asked it both of its questions.
async fn noted(world: &World) -> Vec<Pid> {
    let note = world.folder().join("pids");
    until("a docker that hangs", async || {
        let text = std::fs::read_to_string(&note).ok()?;
        let pids: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        (pids.len() == 4).then(|| pids.into_iter().map(Pid::from_raw).collect())
    })
    .await
}

/// Killed, it may wait a moment for somebody to take note of it.
async fn assert_are_gone(pids: Vec<Pid>) {
    for pid in pids {
        until("the end of what was asked", async || {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            (state.is_empty() || state.contains(") Z ")).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_docker_that_hangs_is_a_warning_and_ends_with_all_that_it_has_started() {
    let world = with_a_docker_that_hangs().await;
    let checkup = world.checkup().await;
    assert_eq!(checkup.expect_only("docker", "warn", "docker does not answer within 5 s"), "cargo lab run broker");
    assert_are_gone(noted(&world).await).await;
}

#[tokio::test]
async fn ctrl_c_ends_a_checkup_with_all_that_it_has_started() {
    let world = with_a_docker_that_hangs().await;
    let doctor = world.spawn(&["--json"]);
    let pids = noted(&world).await;
    doctor.signal(Signal::SIGINT);
    let output = doctor.end().await.expect(1);
    assert_eq!(output.error_code(), "unavailable");
    assert_are_gone(pids).await;
}

#[tokio::test]
async fn a_space_in_the_path_of_the_target_folder_is_a_failure() {
    let world = World::new();
    let target = world.folder().join("my target");
    let world = world.with("CARGO_TARGET_DIR", target.to_str().expect("UTF-8"));
    let checkup = world.checkup().await;
    assert!(checkup.expect_only("path", "fail", "my target").starts_with("export CARGO_TARGET_DIR=/"));
}

#[rstest]
#[case::a_small_one("1g", "fail", "1.0 GB free")]
#[case::a_larger_one("3g", "warn", "3.2 GB free")]
#[tokio::test]
async fn a_disk_without_room_to_build_is_found(#[case] size: &str, #[case] state: &str, #[case] says: &str) {
    let world = World::new();
    let target = world.folder().to_str().expect("UTF-8").to_owned();
    let world = world.with("CARGO_TARGET_DIR", target);
    let mount = format!(r#"mount -t tmpfs -o size={size} tmpfs "$folder""#);
    let checkup = world.checkup_under(&with_mounts(&mount, world.folder())).await;
    assert_eq!(checkup.expect_only("disk", state, says), "cargo clean");
}

/// An empty file would get tables, and the log be turned on.
#[tokio::test]
async fn to_look_at_a_database_changes_nothing() {
    let world = World::new();
    let database = world.folder().join("orders.db");
    std::fs::write(&database, "").expect("a file");
    let world = world.with("LAB_DATABASE", "orders.db");
    let checkup = world.checkup().await;
    assert_eq!(checkup.finding("database").found, "orders.db can be used", "{checkup:?}");
    assert_eq!(std::fs::read(&database).expect("it is there"), b"");
    assert_eq!(world.files(), ["orders.db"]);
}

#[tokio::test]
async fn a_database_that_never_answers_is_given_up() {
    let world = World::new();
    nix::unistd::mkfifo(&world.folder().join("orders.db"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let checkup = world.with("LAB_DATABASE", "orders.db").checkup().await;
    checkup.expect_only("database", "fail", "does not answer within 5 s");
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_a_failure() {
    let world = World::new();
    let letter = "Dear Sir or Madam, this is no database of any kind.".repeat(40);
    std::fs::create_dir(world.folder().join(".lab")).expect("a folder");
    std::fs::write(world.folder().join(".lab/orders.db"), &letter).expect("a file");
    let checkup = world.checkup().await;
    let mend = checkup.expect_only("database", "fail", ".lab/orders.db is not a database of this lab");
    assert!(mend.starts_with("export LAB_DATABASE="), "{mend}");
    assert_eq!(std::fs::read_to_string(world.folder().join(".lab/orders.db")).expect("it is there"), letter);
    let elsewhere = World::new().with("LAB_DATABASE", "no/such/folder/orders.db");
    elsewhere.checkup().await.expect_only("database", "fail", "no/such/folder/orders.db can't be made");
}
