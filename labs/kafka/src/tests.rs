//! In-process tests: what becomes of each error, and the records themselves.
