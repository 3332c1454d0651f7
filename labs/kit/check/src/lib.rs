//! The exercise checker: runs a program, talks to it over the wire, and says in
//! one sentence what is not yet as it should be.
//!
//! Read in this order: [`Exercise`], what an exercise is; [`EXERCISES`], all of
//! them; `bench`, what a check has in its hands; `rest/health.rs`, the checks of one;
//! [`grade`], which runs them; [`Verdict`], what came of it. `http` and `rpc` talk to
//! programs over HTTP/1.1 and gRPC; `called` plays the services that a program calls,
//! and `broker` is what a Kafka program works against.
//!
//! Around it is the learner's side, a file a command: `course`, the way through the
//! exercises; `progress`, what somebody has done of it; `watch`, which leads along;
//! `question` and `quiz`; `starter`, from where a file comes back. They know exercises by
//! the catalogue alone, whatever transport they are about.
//!
//! A check doesn't wait for luck: the checker owns what the program calls, and
//! holds it, cuts it, or lets it go. Each wait has its end. A program that is graded
//! may do what it likes: it can't stop, fill or outlive the checker.

mod ask;
mod bench;
mod beside;
mod broker;
mod call;
mod called;
mod catalogue;
mod check;
mod compile;
mod config;
mod course;
mod exercise;
mod grade;
mod grpc;
mod hint;
mod http;
mod inside;
mod kafka;
mod markdown;
mod matrix;
mod meanwhile;
mod path;
mod play;
mod process;
mod progress;
mod question;
mod quiz;
mod report;
mod repository;
mod reset;
mod rest;
mod rpc;
mod schema;
mod server;
mod show;
mod solution;
mod start;
mod starter;
mod text;
mod trial;
mod unlike;
mod update;
mod verdict;
mod watch;

pub use bench::Subject;
pub use called::Called;
pub use catalogue::{EXERCISES, find};
pub use check::check;
pub use compile::{Built, build};
pub use config::{
    CheckArgs, HintArgs, PathArgs, PathName, PlayArgs, ProgressArgs, QuizArgs, ResetArgs, ShowArgs, SolutionArgs,
    StartArgs, UpdateArgs, WatchArgs,
};
pub use exercise::{Choice, Data, Exercise, Question, Remark, Replacement, Role, Wrong};
pub use grade::grade;
pub use hint::hint;
pub use matrix::{MatrixArgs, matrix};
pub use path::path;
pub use play::play;
pub use progress::{end_of_course, next_step, progress};
pub use quiz::quiz;
pub use reset::reset;
pub use show::show;
pub use solution::solution;
pub use start::start;
pub use update::update;
pub use verdict::{CheckResult, Checked, Event, Failed, Verdict, Who};
pub use watch::watch;
