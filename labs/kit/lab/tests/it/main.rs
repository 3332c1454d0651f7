//! Black-box tests of the programs: each is spawned, spoken to over the wire, and stopped.

mod client;
mod load;
mod memory;
mod mounts;
mod raw;
mod support;

mod bad_days;
mod check;
mod command_line;
mod course;
mod crash;
mod databases;
mod disk;
mod doctor;
mod drain;
mod durability;
mod front;
mod garbage;
mod grpc;
mod kafka;
mod large;
mod leases;
mod logs;
mod promises;
mod rest;
mod same_order;
mod sharing;
mod slow;
mod tour;
mod watch;
