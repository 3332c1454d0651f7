//! Makes the exercises' stubs from proto/, with the feature `exercises` alone: the lab's own
//! programs have theirs from lab-proto. It is what the build.rs of any project with tonic
//! does, but for protox, which stands for a protoc that somebody would have to install.

use std::error::Error;

#[cfg(not(feature = "exercises"))]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

#[cfg(feature = "exercises")]
fn main() -> Result<(), Box<dyn Error>> {
    let proto = std::path::PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", proto.display());
    let descriptors = protox::compile(["orders/v1/orders.proto", "warehouse/v1/warehouse.proto"], [&proto])?;
    // With default stubs, a method that isn't written yet answers UNIMPLEMENTED.
    tonic_prost_build::configure().generate_default_stubs(true).compile_fds(descriptors)?;
    Ok(())
}
