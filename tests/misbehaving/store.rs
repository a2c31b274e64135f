//! [`Store`]: the file that things live in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tfplugin::Diag;

/// The file, or nothing as long as nobody knows which.
pub(crate) struct Store {
    path: Option<PathBuf>,
    /// Calls run at the same time, and each rewrites the whole file.
    turn: Mutex<()>,
}

/// What stands in the file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The things by name.
    #[serde(default)]
    pub(crate) things: BTreeMap<String, KeptThing>,
    /// What was done, in order, such as `create a`.
    #[serde(default)]
    pub(crate) events: Vec<String>,
}

/// One thing in the file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptThing {
    /// Its arguments, as they stand in a Terraform state.
    pub(crate) input: serde_json::Value,
    /// How often it was changed, from 1.
    pub(crate) revision: u64,
    /// The revision at which its lifetime was last set.
    pub(crate) lifetime_since: u64,
    /// The length of the secret it was last given. The secret itself is kept nowhere.
    pub(crate) secret_length: u64,
}

impl Store {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), turn: Mutex::default() }
    }

    pub(crate) fn nowhere() -> Self {
        Self { path: None, turn: Mutex::default() }
    }

    /// What stands in the file now; nothing if there is no file.
    pub(crate) fn look(&self) -> Result<Kept, Diag> {
        self.change(|_| ()).map(|(kept, ())| kept)
    }

    /// Adds a line to what was done.
    pub(crate) fn record(&self, event: impl Into<String>) -> Result<(), Diag> {
        self.change(|kept| kept.events.push(event.into())).map(|_| ())
    }

    /// Changes the file and answers what stands in it then.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> Result<(Kept, T), Diag> {
        let path = self.path.as_ref().ok_or_else(|| {
            Diag::error("Unknown file")
                .detail("The file of the provider is only known later.")
                .hint("apply what it waits for first")
        })?;
        let wrong = |error: &dyn std::error::Error| {
            Diag::error("Cannot use the file").detail(format!("The things live in `{}`.", path.display())).cause(error)
        };
        // A panic elsewhere leaves the file whole: it is replaced in one step.
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
