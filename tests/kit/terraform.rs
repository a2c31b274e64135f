//! Which Terraform the tests run.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{command::on_path, testbed};

/// One `terraform` or `tofu` binary.
#[derive(Clone, Debug)]
pub struct Terraform(PathBuf);

impl Terraform {
    /// All that the stories are to be run on: those of `EOD_TEST_TERRAFORM=path[,path]`,
    /// else `terraform` on PATH, else `tofu` on PATH, else OpenTofu built from its source.
    ///
    /// # Panics
    /// When a named one does not exist, or none could be built.
    #[track_caller]
    pub fn all() -> &'static [Self] {
        static FOUND: OnceLock<Result<Vec<Terraform>, String>> = OnceLock::new();
        match FOUND.get_or_init(find) {
            Ok(found) => found,
            Err(error) => panic!("there is no Terraform to test with: {error}"),
        }
    }

    /// The one for tests that need no more than one.
    #[track_caller]
    pub fn first() -> &'static Self {
        &Self::all()[0]
    }

    /// One at a given path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Path of the binary.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

fn find() -> Result<Vec<Terraform>, String> {
    let named = std::env::var("EOD_TEST_TERRAFORM").unwrap_or_default();
    let named: Vec<_> = named.split(',').map(str::trim).filter(|path| !path.is_empty()).collect();
    if !named.is_empty() {
        return named.into_iter().map(existing).collect();
    }
    if let Some(path) = on_path("terraform").or_else(|| on_path("tofu")) {
        eprintln!("kit: Terraform from {} (on PATH)", path.display());
        return Ok(vec![Terraform(path)]);
    }
    let path = testbed::build("opentofu")
        .map_err(|error| format!("neither terraform nor tofu is on PATH, and OpenTofu was not built: {error}"))?;
    eprintln!("kit: Terraform from {} (OpenTofu, cache)", path.display());
    Ok(vec![Terraform(path)])
}

fn existing(path: &str) -> Result<Terraform, String> {
    // A test runs in its own folder, where a relative path would lead elsewhere.
    match std::path::absolute(path) {
        Ok(path) if path.is_file() => Ok(Terraform(path)),
        _ => Err(format!("EOD_TEST_TERRAFORM names {path}, and there is no such file")),
    }
}
