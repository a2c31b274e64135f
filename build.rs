//! Generates the Rust types of `proto/*.proto`. This is the build script of the crate `eod-proto`; the folder of that
//! crate is the working directory.
//!
//! protox parses the files, so `protoc` is not required.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

/// Output folder and files of each group. go-plugin and Argo CD both have a package named `plugin`.
const FILES: [(&str, &[&str]); 2] =
    [("", &["tfplugin6.proto", "plugin.proto", "health.proto"]), ("argocd", &["argocd.proto"])];

fn main() -> anyhow::Result<()> {
    println!("cargo::rerun-if-changed=../build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?);
    for (folder, files) in FILES {
        let out = out.join(folder);
        fs::create_dir_all(&out)?;
        generate(files, out)?;
    }
    Ok(())
}

fn generate(files: &[&str], out: PathBuf) -> anyhow::Result<()> {
    for file in files {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["."])?;
    tonic_prost_build::configure()
        .out_dir(out)
        .build_server(true)
        .build_client(env::var_os("CARGO_FEATURE_CLIENT").is_some())
        .build_transport(false)
        .bytes(".")
        .btree_map(".")
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)?;
    Ok(())
}
