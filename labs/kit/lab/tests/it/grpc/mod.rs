//! The table "came in → answer" of gRPC.

mod calls;
mod faults;
mod import;
mod lists;
mod process;
mod watches;
