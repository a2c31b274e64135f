//! Generates the Rust types of `proto/*.proto`. It is the build script of the crate `eod-proto`, whose folder is the
//! working directory, and stands here so that the one step between a `.proto` and its Rust is easy to find.
//!
//! protox reads the files, so no `protoc` is needed.

use std::env;

const FILES: [&str; 3] = ["tfplugin6.proto", "plugin.proto", "health.proto"];

fn main() -> anyhow::Result<()> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    println!("cargo::rerun-if-changed=../build.rs");
    let descriptors = protox::compile(FILES, ["."])?;
    tonic_prost_build::configure()
        .build_server(true)
        .build_client(env::var_os("CARGO_FEATURE_CLIENT").is_some())
        .build_transport(false)
        .bytes(".")
        .btree_map(".")
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)?;
    Ok(())
}
