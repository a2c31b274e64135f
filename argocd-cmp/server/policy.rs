//! The platform's policy as it is in force: read whole, replaced whole, and only by one that can be read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use eod_render::{Location, Policy, Refusal, RefusalRule, Refusals, parse_policy};
use sha2::{Digest as _, Sha256};

/// The policy in force and the file it comes from.
#[derive(Debug)]
pub(crate) struct PolicyStore {
    path: PathBuf,
    current: RwLock<Arc<Loaded>>,
    /// Why the file as it is now was not taken.
    trouble: RwLock<Option<Arc<Refusals>>>,
}

/// A policy and what it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The policy.
    pub(crate) policy: Policy,
    /// SHA-256 of the file.
    pub(crate) digest: [u8; 32],
}

/// What became of a look at the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reload {
    /// It is the policy in force.
    Same,
    /// It is in force now.
    Replaced,
    /// It cannot be read; the old one stays in force.
    Refused(Arc<Refusals>),
}

/// A policy is some kilobytes; whatever is larger is none.
const LARGEST: u64 = 1 << 20;

impl PolicyStore {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// Every mistake of the file: without a policy nothing may be rendered.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, Refusals> {
        let path = path.into();
        let loaded = load(&path)?;
        Ok(Self { path, current: RwLock::new(Arc::new(loaded)), trouble: RwLock::new(None) })
    }

    /// The policy in force. A render keeps the one it began with.
    pub(crate) fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why the file as it is now is not in force; none where it is.
    pub(crate) fn trouble(&self) -> Option<Arc<Refusals>> {
        self.trouble.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the file again.
    pub(crate) fn reload(&self) -> Reload {
        let (outcome, trouble) = match load(&self.path) {
            Ok(loaded) if loaded.digest == self.current().digest => (Reload::Same, None),
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                (Reload::Replaced, None)
            }
            Err(refusals) => {
                let refusals = Arc::new(refusals);
                (Reload::Refused(Arc::clone(&refusals)), Some(refusals))
            }
        };
        *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = trouble;
        outcome
    }
}

/// Reads and parses a policy's file.
pub(crate) fn load(path: &Path) -> Result<Loaded, Refusals> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| {
        let message = format!("the policy cannot be read: {error}");
        Refusal::new(
            Location::file(&name),
            RefusalRule::Policy,
            message,
            "mount the policy there, or name it with --policy",
        )
    })?;
    Ok(Loaded { policy: parse_policy(&name, &bytes)?, digest: Sha256::digest(&bytes).into() })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(io::Error::other(format!("it has {size} bytes, and a policy has at most {LARGEST}")));
    }
    std::fs::read(path)
}

#[cfg(test)]
mod tests;
