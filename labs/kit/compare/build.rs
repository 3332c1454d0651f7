//! Compiles librdkafka's own measuring program, so that the Kafka rows have it as a peer.
//!
//! Its source comes with librdkafka, and it is linked with the very librdkafka that
//! the lab uses: no other version, no other compiler flags. A second's work.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // rdkafka-sys builds librdkafka in a folder of its own, and says where.
    let root = std::env::var("DEP_RDKAFKA_ROOT").expect("rdkafka-sys builds librdkafka from its source");
    cc::Build::new()
        .file(Path::new(&root).join("examples/rdkafka_performance.c"))
        .include(Path::new(&root).join("src"))
        .define("main", "rdkafka_performance")
        // As librdkafka itself, also in a debug build.
        .opt_level(2)
        .warnings(false)
        .compile("rdkafka_performance");
}
