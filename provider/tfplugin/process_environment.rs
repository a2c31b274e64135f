//! [`ProcessEnvironment`]: the environment variables that concern a plugin process.
//!
//! They are read once, at the start, so that everything else is a function of its arguments. Only the variables of the
//! host and of the log are kept: the other variables of the user may contain secrets.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Variable that a host sets for its plugin processes.
pub const COOKIE_NAME: &str = "TF_PLUGIN_MAGIC_COOKIE";

/// A snapshot of the variables of the host and of the log.
#[derive(Clone, Default)]
pub struct ProcessEnvironment(BTreeMap<OsString, OsString>);

impl ProcessEnvironment {
    /// Reads the variables of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of a variable. An empty value counts as not set, as in go-plugin.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for ProcessEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.filter(|(name, _)| is_kept(name)).collect())
    }
}

fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "TMPDIR" || name == COOKIE_NAME || name.starts_with("PLUGIN_") || name.starts_with("TF_LOG")
}

#[cfg(test)]
mod tests;
