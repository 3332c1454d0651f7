//! The table "came in → answer" of REST.

mod bodies;
mod conditions;
mod events;
mod http;
mod import;
mod lists;
