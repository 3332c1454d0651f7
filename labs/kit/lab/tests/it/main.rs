//! Black-box tests of the programs: each is spawned, spoken to over the wire, and stopped.

mod support;

mod smoke;
