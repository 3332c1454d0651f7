//! Names of topics. Newer requests say a topic's id alone; Metadata says whose it is.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// Bytes in a topic's name. Each of its records has a copy, and newer versions have room for any length.
pub(super) const LONGEST_NAME: usize = 249;
/// Of more topics the ids are shown.
const MAX_TOPICS: usize = 10_000;

/// A topic's id, a UUID.
pub(super) type Id = [u8; 16];

/// What all connections of a tap have learned.
#[derive(Default)]
pub(crate) struct Topics(Mutex<HashMap<Id, String>>);

impl Topics {
    pub(super) fn learn(&self, id: Id, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_name = (1..=LONGEST_NAME).contains(&name.len());
        if id != Id::default() && is_name && (names.len() < MAX_TOPICS || names.contains_key(&id)) {
            names.insert(id, name.to_owned());
        }
    }

    /// Its name, or its id where no Metadata passed that had it.
    pub(super) fn name(&self, id: Id) -> String {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&id).cloned().unwrap_or_else(|| {
            id.iter().fold(String::from("topic id "), |mut text, byte| {
                // Writing to a String can't fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        })
    }
}
