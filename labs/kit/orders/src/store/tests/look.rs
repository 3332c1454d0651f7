//! Who looks at a database leaves it, and the folder around it, as they were.

use std::fs;

use super::migration::old_database;
use super::*;

/// Looks; the file and its folder must be the same afterwards.
fn look(path: &Path) -> Result<(), OpenError> {
    let state = || {
        let entries = fs::read_dir(path.parent().expect("a folder")).expect("a folder");
        let files = entries.map(|entry| entry.expect("a file").path());
        let mut files: Vec<_> = files.map(|file| (fs::read(&file).ok(), file)).collect();
        files.sort();
        files
    };
    let before = state();
    let seen = Store::look(path);
    assert!(state() == before, "something has changed");
    seen
}

#[test]
fn an_empty_file_an_old_database_and_one_of_today_can_be_used_and_stay_as_they_are() {
    let (_folder, path) = folder();
    fs::write(&path, "").expect("a file");
    look(&path).expect("to be filled");
    fs::remove_file(&path).expect("the file");
    old_database(&path);
    look(&path).expect("to be brought up to date");
    open(&path).close();
    look(&path).expect("ours");
}

#[test]
fn one_that_a_server_has_open_can_be_used_too() {
    let (_folder, path) = folder();
    let store = open(&path);
    look(&path).expect("new, with all that it has in its log");
    create(&store, "USER14");
    look(&path).expect("with an order");
    store.close();
}

#[test]
fn every_character_of_a_path_stands_for_itself() {
    let (folder, _) = folder();
    for name in ["a?b", "a#b", "a%20b", "a b", "ä", "?mode=memory", "'"] {
        let path = folder.path().join(name);
        fs::write(&path, "no database at all, by far").expect("a file");
        assert!(matches!(look(&path), Err(OpenError::Foreign(_))), "{name}");
        fs::remove_file(&path).expect("the file");
        open(&path).close();
        look(&path).expect(name);
    }
}

#[test]
fn what_cannot_be_used_is_named_as_when_it_is_opened() {
    let (_folder, path) = folder();
    assert!(matches!(look(&path), Err(OpenError::Other(..))), "a file that is not there");
    fs::create_dir(&path).expect("a folder");
    assert!(matches!(look(&path), Err(OpenError::Other(..))), "a folder");
    fs::remove_dir(&path).expect("the folder");

    Connection::open(&path).expect("a database").execute_batch("CREATE TABLE theirs (a)").expect("a table");
    assert!(matches!(look(&path), Err(OpenError::Foreign(_))));
    fs::remove_file(&path).expect("the file");

    let store = open(&path);
    let many: Vec<_> = (0..500).map(|number| new_order(&format!("USER{number}"))).collect();
    block_on(store.create_all(many)).expect("the orders");
    store.close();
    let whole = fs::read(&path).expect("the file");
    let mut damaged = whole.clone();
    let end = damaged.len();
    damaged[8_192..end - 4_096].fill(0xa5);
    fs::write(&path, &damaged).expect("the file");
    assert!(matches!(look(&path), Err(OpenError::Damaged(_))));

    fs::write(&path, &whole).expect("the file");
    Connection::open(&path).expect("the database").pragma_update(None, "user_version", 99).expect("a newer version");
    assert!(matches!(look(&path), Err(OpenError::Newer(_))));
}
