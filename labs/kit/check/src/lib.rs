//! The exercise checker: runs a program, talks to it over the wire, and says in
//! one sentence what is not yet as it should be.
//!
//! Read in this order: [`Exercise`], what an exercise is; [`EXERCISES`], all of
//! them; `bench`, what a check has in its hands; `called`, services that a program
//! calls; `rest/health.rs`, the checks of one; [`grade`], which runs them; [`Verdict`], what came of it.
//!
//! A check doesn't wait for luck: the checker owns what the program calls, and
//! holds it, cuts it, or lets it go. Each wait has its end. A program that is graded
//! may do what it likes: it can't stop, fill or outlive the checker.

mod bench;
mod called;
mod catalogue;
mod check;
mod compile;
mod config;
mod exercise;
mod grade;
mod http;
mod matrix;
mod process;
mod report;
mod repository;
mod rest;
mod verdict;

pub use bench::Subject;
pub use called::Called;
pub use catalogue::{EXERCISES, find};
pub use check::check;
pub use compile::{Built, build};
pub use config::CheckArgs;
pub use exercise::{Choice, Data, Exercise, Question, Remark, Replacement, Role, Wrong};
pub use grade::grade;
pub use matrix::{MatrixArgs, matrix};
pub use verdict::{CheckResult, Checked, Event, Failed, Verdict, Who};
