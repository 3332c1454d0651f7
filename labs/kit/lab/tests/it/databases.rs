//! Databases that can't be used: one sentence, exit code 3, and the file stays as it was.

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::client::Client;
use crate::mounts::with_mounts;
use crate::support::{Lab, Process, Server, folder, lab_under};

/// Starts a server that must not start; its one sentence, which names the file.
async fn refusal(starter: &[&str], lab: Lab, database: &Path) -> String {
    let folder = folder();
    let path = database.to_str().expect("UTF-8");
    let args = ["--listen", "127.0.0.1:0", "--json", "--database", path];
    let server = Process::spawn(lab_under(starter, folder.path(), lab.server(), &args));
    let output = server.end().await.expect(3);
    assert_eq!(output.stdout, "");
    assert_eq!(output.error_code(), "unavailable");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    assert!(output.stderr.contains(path), "{output:?}");
    output.stderr
}

/// A database with orders, which no program has open.
async fn sound(folder: &TempDir) -> PathBuf {
    let database = folder.path().join("orders.db");
    let server = Server::on(Lab::Rest, &database).await;
    Client::of(&server).import(500).await.expect("orders");
    server.stop().await.expect(0);
    database
}

fn execute(database: &Path, sql: &str) {
    Connection::open(database).expect("a database").execute_batch(sql).expect("SQL");
}

fn replace_by_text(database: &Path) {
    fs::write(database, "These are my notes.\n".repeat(500)).expect("a file");
}

fn replace_by_notes(database: &Path) {
    fs::remove_file(database).expect("it is there");
    execute(database, "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')");
}

fn make_newer(database: &Path) {
    execute(database, "PRAGMA user_version = 99");
}

fn overwrite_a_page(database: &Path) {
    let mut bytes = fs::read(database).expect("a file");
    bytes[4 * 4_096..5 * 4_096].fill(0xa5);
    fs::write(database, bytes).expect("a file");
}

fn cut_short(database: &Path) {
    let bytes = fs::read(database).expect("a file");
    fs::write(database, &bytes[..bytes.len() / 2]).expect("a file");
}

#[rstest]
#[case(replace_by_text, "is not a database of this lab")]
#[case(replace_by_notes, "is not a database of this lab")]
#[case(make_newer, "was made by a newer version")]
#[case(overwrite_a_page, "is damaged")]
#[case(cut_short, "is damaged")]
#[tokio::test]
async fn an_unsound_file_is_refused_and_left_alone(#[case] spoil: fn(&Path), #[case] reason: &str) {
    let folder = folder();
    let database = sound(&folder).await;
    spoil(&database);
    let before = fs::read(&database).expect("a file");
    for lab in [Lab::Rest, Lab::Grpc] {
        let sentence = refusal(&[], lab, &database).await;
        assert!(sentence.contains(reason), "{sentence}");
        assert!(fs::read(&database).expect("a file") == before, "the file has changed");
    }
}

#[rstest]
#[tokio::test]
async fn a_directory_is_no_database(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    refusal(&[], lab, folder.path()).await;
}

/// One folder is made, more would be a typing error.
#[rstest]
#[tokio::test]
async fn a_folder_in_a_missing_folder_is_not_made(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    refusal(&[], lab, &folder.path().join("missing/too/orders.db")).await;
    assert!(!folder.path().join("missing").exists());
}

#[rstest]
#[tokio::test]
async fn a_read_only_disk_is_refused(#[values(Lab::Rest, Lab::Grpc)] lab: Lab, #[values(true, false)] is_there: bool) {
    let folder = folder();
    let database = if is_there { sound(&folder).await } else { folder.path().join("orders.db") };
    let read_only = r#"mount --bind "$folder" "$folder" && mount -o remount,bind,ro "$folder""#;
    let sentence = refusal(&with_mounts(read_only, folder.path()), lab, &database).await;
    assert!(sentence.contains("can't be written"), "{sentence}");
}

/// Wherever the room ends: in the file, or in one of those beside it.
#[rstest]
#[tokio::test]
async fn a_disk_without_room_for_a_database_is_refused(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    for tiny in ["16k", "32k", "48k", "64k"] {
        let folder = folder();
        let tiny = format!(r#"mount -t tmpfs -o size={tiny} tmpfs "$folder""#);
        refusal(&with_mounts(&tiny, folder.path()), lab, &folder.path().join("orders.db")).await;
    }
}

/// Both at once: each waits 5 s for the lock.
#[tokio::test]
async fn a_locked_database_is_refused() {
    let folder = folder();
    let database = sound(&folder).await;
    let other = Connection::open(&database).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let (rest, grpc) = tokio::join!(refusal(&[], Lab::Rest, &database), refusal(&[], Lab::Grpc, &database));
    for sentence in [rest, grpc] {
        assert!(sentence.contains("is locked by another program"), "{sentence}");
    }
}
