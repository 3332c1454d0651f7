//! Compiles proto/ in Rust (protox), so that nobody has to install protoc.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

const FILES: [&str; 2] = ["orders/v1/orders.proto", "orders/v1/requests.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let proto = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../../proto");
    println!("cargo::rerun-if-changed={}", proto.display());
    let descriptors = protox::compile(FILES, [&proto])?;
    // What reflection serves is what the code was made from.
    let file = PathBuf::from(std::env::var("OUT_DIR")?).join("orders.v1.descriptors");
    std::fs::write(file, descriptors.encode_to_vec())?;
    // What the exercises call, and the lab doesn't: reflection must not offer it.
    let file = PathBuf::from(std::env::var("OUT_DIR")?).join("warehouse.v1.descriptors");
    std::fs::write(file, protox::compile(["warehouse/v1/warehouse.proto"], [&proto])?.encode_to_vec())?;
    generate(descriptors)
}

#[cfg(feature = "grpc")]
fn generate(descriptors: prost_types::FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    Ok(tonic_prost_build::configure().compile_fds(descriptors)?)
}

#[cfg(not(feature = "grpc"))]
fn generate(descriptors: prost_types::FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    Ok(prost_build::Config::new().compile_fds(descriptors)?)
}
