//! The course: what a learner has done, and the commands that lead through it.

mod contract;
mod exercises;
mod progress;
mod quizzes;
mod watches;
mod world;
