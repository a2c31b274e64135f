//! [`Store`]: the file with the things.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tfplugin::Diag;

/// File with the things; none while its path is an unknown value.
pub(crate) struct Store {
    path: Option<PathBuf>,
    /// Held while the file is read and replaced, because calls run at the same time.
    turn: Mutex<()>,
}

/// Content of the file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Things by name.
    #[serde(default)]
    pub(crate) things: BTreeMap<String, KeptThing>,
    /// Log of the calls in order, such as `create a`.
    #[serde(default)]
    pub(crate) events: Vec<String>,
}

/// One thing in the file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptThing {
    /// Arguments, in the form of a Terraform state.
    pub(crate) input: serde_json::Value,
    /// Number of changes, including the create.
    pub(crate) revision: u64,
    /// Revision of the last change of the lifetime.
    pub(crate) lifetime_since: u64,
    /// Length of the last secret. The secret itself is not stored.
    pub(crate) secret_length: u64,
}

impl Store {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), turn: Mutex::default() }
    }

    pub(crate) fn nowhere() -> Self {
        Self { path: None, turn: Mutex::default() }
    }

    /// Current content of the file; empty if the file does not exist.
    pub(crate) fn look(&self) -> Result<Kept, Diag> {
        self.change(|_| ()).map(|(kept, ())| kept)
    }

    /// Adds an event to the log of the calls.
    pub(crate) fn record(&self, event: impl Into<String>) -> Result<(), Diag> {
        self.change(|kept| kept.events.push(event.into())).map(|_| ())
    }

    /// Changes the file and returns its new content.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> Result<(Kept, T), Diag> {
        let path = self.path.as_ref().ok_or_else(|| {
            Diag::error("Unknown file")
                .detail("The file of the provider is only known later.")
                .hint("apply what it waits for first")
        })?;
        let wrong = |error: &dyn std::error::Error| {
            Diag::error("Cannot use the file").detail(format!("The things live in `{}`.", path.display())).cause(error)
        };
        // A panic in another call cannot damage the file, because it is replaced atomically.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| wrong(&error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(wrong(&error)),
        };
        let before = serde_json::to_vec(&kept).map_err(|error| wrong(&error))?;
        let answer = change(&mut kept);
        let after = serde_json::to_vec(&kept).map_err(|error| wrong(&error))?;
        if before != after {
            let new = path.with_extension("new");
            std::fs::write(&new, after).and_then(|()| std::fs::rename(&new, path)).map_err(|error| wrong(&error))?;
        }
        Ok((kept, answer))
    }
}
