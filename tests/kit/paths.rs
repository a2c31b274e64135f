//! Paths of the repository and of the binaries that cargo built.

use std::path::{Path, PathBuf};

/// The root folder of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR"));
    kit.ancestors().nth(2).unwrap_or(kit)
}

/// The provider's binary of this build.
///
/// # Panics
/// If cargo has not built it.
#[must_use]
#[track_caller]
pub fn provider() -> PathBuf {
    built("terraform-provider-eod", "--bin terraform-provider-eod")
}

/// A file that cargo built together with the running test or benchmark, by its path below the folder of the profile
/// (`target/debug`). `target` is the part of the cargo command that builds it, for the message.
///
/// Cargo sets `CARGO_BIN_EXE_*` only for the tests of the package that owns the binary. The kit is a package of its own,
/// so it starts from the path of the running executable, which is in the subfolder `deps`.
///
/// # Panics
/// If the file does not exist.
#[must_use]
#[track_caller]
pub fn built(path: &str, target: &str) -> PathBuf {
    let running = std::env::current_exe().unwrap();
    let profile = running.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "deps"));
    let profile = profile.and_then(Path::parent).unwrap_or(&running);
    let file = profile.join(path);
    assert!(file.is_file(), "{} does not exist; build it with `cargo build {target}`", file.display());
    file
}

/// True if `EOD_TEST_KEEP` requests that the folders of the tests are kept.
#[must_use]
pub fn keep_folders() -> bool {
    std::env::var_os("EOD_TEST_KEEP").is_some_and(|value| !value.is_empty() && value != "0")
}
