//! The broker as a program, and both brokers as a library, seen by clients.

mod all_offsets;
mod apache;
mod batches;
mod classic;
mod embedded;
mod member;
mod metadata;
mod program;
mod subscription;
mod support;
mod too_large;
