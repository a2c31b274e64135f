//! The process that Terraform starts in place of a provider.
//!
//! The kernel reports the usage of a provider only to its parent, which is Terraform. Therefore a copy of this program has
//! the provider's name. It runs the provider with the same arguments and records its usage when it ends. This costs about
//! two milliseconds per start, for both contestants.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::bench::usage::Usage;

const PROVIDER: &str = "EOD_BENCH_RUN_PROVIDER";
const NOTES: &str = "EOD_BENCH_NOTES";

/// Order to run a provider and to record its usage in a folder.
pub(crate) struct Order {
    provider: OsString,
    notes: PathBuf,
}

/// Usage of all starts of a provider during one Terraform run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) starts: usize,
    pub(crate) cpu: Duration,
    /// Peak memory of a single process, in KiB.
    pub(crate) peak_kib: u64,
}

impl Order {
    /// The order in this process's environment, if it was started as a stand-in.
    pub(crate) fn given() -> Option<Self> {
        Some(Self { provider: env::var_os(PROVIDER)?, notes: env::var_os(NOTES)?.into() })
    }

    /// The variables that give this order to a process.
    pub(crate) fn variables(provider: &Path, notes: &Path) -> [(&'static str, PathBuf); 2] {
        [(PROVIDER, provider.to_owned()), (NOTES, notes.to_owned())]
    }

    /// Runs the provider to its end.
    pub(crate) fn carry_out(&self) -> ExitCode {
        match self.try_to() {
            Ok(code) => code,
            Err(error) => {
                eprintln!("bench: the stand-in for the provider failed: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn try_to(&self) -> io::Result<ExitCode> {
        let file = |end: &str| self.notes.join(format!("{}.{end}", std::process::id()));
        let mut provider =
            Command::new(&self.provider).args(env::args_os().skip(1)).env_remove(PROVIDER).env_remove(NOTES).spawn()?;
        // If only this file exists, the stand-in was killed.
        fs::write(file("begun"), provider.id().to_string())?;
        let status = provider.wait()?;
        let usage = Usage::of_children().map_err(io::Error::other)?;
        let note =
            json!({ "cpu_us": u64::try_from(usage.cpu.as_micros()).unwrap_or(u64::MAX), "peak_kib": usage.peak_kib });
        fs::write(file("ended"), note.to_string())?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

impl Notes {
    /// Adds up the records of one run.
    ///
    /// # Errors
    /// If there are none, or if one is missing because its process was killed.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut sum = Self::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|end| end != "begun") {
                continue;
            }
            let ended = path.with_extension("ended");
            if !ended.exists() {
                let pid = fs::read_to_string(&path)?;
                bail!("Terraform did not wait for a provider to end (process {pid}), so what it used is not known");
            }
            let text = fs::read_to_string(&ended)?;
            let note: Value = serde_json::from_str(&text).with_context(|| format!("a note of a stand-in: {text}"))?;
            let number = |key: &str| note.get(key).and_then(Value::as_u64).with_context(|| format!("{key} in {text}"));
            sum.starts += 1;
            sum.cpu += Duration::from_micros(number("cpu_us")?);
            sum.peak_kib = sum.peak_kib.max(number("peak_kib")?);
        }
        if sum.starts == 0 {
            bail!("Terraform started no provider, so nothing was measured");
        }
        Ok(sum)
    }
}
