//! The platform's active policy. It is replaced as a whole, and only by a valid policy.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use eod_render::{Location, Policy, Refusal, RefusalRule, Refusals, parse_policy};
use sha2::{Digest as _, Sha256};

/// Active policy and the path of its file.
#[derive(Debug)]
pub(crate) struct PolicyStore {
    path: PathBuf,
    current: RwLock<Arc<LoadedPolicy>>,
    /// Errors of the current file, if it is invalid.
    errors: RwLock<Option<Arc<Refusals>>>,
}

/// Policy with the digest of its file.
#[derive(Debug)]
pub(crate) struct LoadedPolicy {
    /// Parsed policy.
    pub(crate) policy: Policy,
    /// SHA-256 of the file's content.
    pub(crate) digest: [u8; 32],
}

/// Result of reading the file again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PolicyReload {
    /// The file has not changed.
    Same,
    /// The new policy is active.
    Replaced,
    /// The file is invalid; the old policy stays active.
    Refused(Arc<Refusals>),
}

/// Maximum size of the file in bytes. A policy usually has some kilobytes.
const MAX_BYTES: u64 = 1 << 20;

impl PolicyStore {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// Fails with every error of the file: without a policy nothing is rendered.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, Refusals> {
        let path = path.into();
        let loaded = load(&path)?;
        Ok(Self { path, current: RwLock::new(Arc::new(loaded)), errors: RwLock::new(None) })
    }

    /// Active policy. A render uses the same policy from its start to its end.
    pub(crate) fn current(&self) -> Arc<LoadedPolicy> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Errors of the current file; none if it is active.
    pub(crate) fn errors(&self) -> Option<Arc<Refusals>> {
        self.errors.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again and replaces the policy if the file is valid and has changed.
    pub(crate) fn reload(&self) -> PolicyReload {
        let (result, errors) = match load(&self.path) {
            Ok(loaded) if loaded.digest == self.current().digest => (PolicyReload::Same, None),
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                (PolicyReload::Replaced, None)
            }
            Err(refusals) => {
                let refusals = Arc::new(refusals);
                (PolicyReload::Refused(Arc::clone(&refusals)), Some(refusals))
            }
        };
        *self.errors.write().unwrap_or_else(PoisonError::into_inner) = errors;
        result
    }
}

/// Reads and parses a policy file.
///
/// # Errors
///
/// Fails with every error of the file.
pub(crate) fn load(path: &Path) -> Result<LoadedPolicy, Refusals> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| {
        let message = format!("cannot read the policy: {error}");
        Refusal::new(
            Location::file(&name),
            RefusalRule::Policy,
            message,
            "create the file, or correct its path (--policy)",
        )
    })?;
    Ok(LoadedPolicy { policy: parse_policy(&name, &bytes)?, digest: Sha256::digest(&bytes).into() })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > MAX_BYTES {
        return Err(io::Error::other(format!("file must have at most {MAX_BYTES} bytes, got {size}")));
    }
    std::fs::read(path)
}

#[cfg(test)]
mod tests;
