//! The command lines of both labs: stdout, stderr and exit code, the same to the letter.

mod help;
mod printing;
mod refusals;
mod signals;
mod silence;
mod usage;
mod verbs;
mod wrong_answers;

/// A command for each verb that both clients have, all of them well-formed.
const VERBS: [&[&str]; 8] = [
    &["health"],
    &["create", "--created-by", "USER14", "--equipment", "MOUSE"],
    &["get", ID],
    &["list"],
    &["update", ID, "--equipment", "MOUSE", "--version", "1"],
    &["delete", ID],
    &["watch"],
    // Of nothing, which is no error.
    &["import", "/dev/null"],
];

const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";
