//! The Terraform and OpenTofu binaries that the stories run on.

mod selection;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub use self::selection::{OPENTOFU_MODULES, OPENTOFU_SHARE, is_selected};
use crate::{command::on_path, testbed};

/// One `terraform` or `tofu` binary.
#[derive(Clone, Debug)]
pub struct Terraform(PathBuf);

impl Terraform {
    /// The binaries to run the current test on.
    ///
    /// - `EOD_TEST_TERRAFORM=path[,path]`: exactly these, for every test.
    /// - `terraform` on PATH: Terraform for every test, and OpenTofu for the tests that `EOD_TEST_OPENTOFU` selects: `all`,
    ///   `some` (see [`is_selected`]) or `none`, which is the default.
    /// - No `terraform` on PATH: OpenTofu for every test.
    ///
    /// OpenTofu is `tofu` on PATH, or is built from its source.
    ///
    /// # Panics
    /// If a binary does not exist or cannot be built, or `EOD_TEST_OPENTOFU` has another value.
    #[track_caller]
    pub fn all() -> &'static [Self] {
        static MAIN: OnceLock<Result<Vec<Terraform>, String>> = OnceLock::new();
        static WITH_OPENTOFU: OnceLock<Result<Vec<Terraform>, String>> = OnceLock::new();
        let found = if runs_on_opentofu() { WITH_OPENTOFU.get_or_init(with_opentofu) } else { MAIN.get_or_init(find) };
        match found {
            Ok(found) => found,
            Err(error) => panic!("there is no Terraform to test with: {error}"),
        }
    }

    /// The binary for tests that need only one.
    #[track_caller]
    pub fn first() -> &'static Self {
        &Self::all()[0]
    }

    /// A binary at a given path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Path of the binary.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// True if the current test runs on OpenTofu in addition to Terraform.
#[track_caller]
fn runs_on_opentofu() -> bool {
    match std::env::var("EOD_TEST_OPENTOFU").unwrap_or_default().as_str() {
        "" | "none" => false,
        "all" => true,
        // The test harness names the thread of each test after the test. A thread without such a name runs on both.
        "some" => std::thread::current().name().is_none_or(|test| !test.contains("::") || is_selected(test)),
        other => panic!("EOD_TEST_OPENTOFU must be `all`, `some` or `none`, got `{other}`"),
    }
}

fn find() -> Result<Vec<Terraform>, String> {
    let named = std::env::var("EOD_TEST_TERRAFORM").unwrap_or_default();
    let named: Vec<_> = named.split(',').map(str::trim).filter(|path| !path.is_empty()).collect();
    if !named.is_empty() {
        return named.into_iter().map(existing).collect();
    }
    match on_path("terraform") {
        Some(path) => {
            eprintln!("kit: Terraform from {} (on PATH)", path.display());
            Ok(vec![Terraform(path)])
        }
        None => Ok(vec![opentofu()?]),
    }
}

fn with_opentofu() -> Result<Vec<Terraform>, String> {
    let mut found = find()?;
    let is_complete = std::env::var_os("EOD_TEST_TERRAFORM").is_some_and(|named| !named.is_empty());
    if !is_complete && on_path("terraform").is_some() {
        found.push(opentofu()?);
        eprintln!(
            "kit: OpenTofu runs the tests of {}, and one in {OPENTOFU_SHARE} of the others; EOD_TEST_OPENTOFU=all runs all",
            OPENTOFU_MODULES.map(|(module, _)| module).join(", ")
        );
    }
    Ok(found)
}

fn opentofu() -> Result<Terraform, String> {
    let (path, place) = match on_path("tofu") {
        Some(path) => (path, "on PATH"),
        None => (testbed::build("opentofu").map_err(|error| format!("OpenTofu was not built: {error}"))?, "cache"),
    };
    eprintln!("kit: OpenTofu from {} ({place})", path.display());
    Ok(Terraform(path))
}

fn existing(path: &str) -> Result<Terraform, String> {
    // A test runs in a folder of its own, so relative paths are resolved here.
    match std::path::absolute(path) {
        Ok(path) if path.is_file() => Ok(Terraform(path)),
        _ => Err(format!("EOD_TEST_TERRAFORM: there is no file {path}")),
    }
}
