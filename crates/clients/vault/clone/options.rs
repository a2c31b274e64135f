//! Options of copies.

use crate::vault::secret::SecretMap;

/// Maximum number of secrets that are processed at once: below the limit of the client, so that other operations
/// continue meanwhile.
pub(super) const MAX_AT_ONCE: usize = 4;

/// Options of new copies.
#[derive(Clone, Debug, Default)]
pub struct CloneOptions {
    /// Entries that are removed from every copy.
    pub exclude_keys: Vec<String>,
    /// Entries that replace those of the source; only for a single secret.
    pub overrides: SecretMap,
    /// True to copy the source and everything below it.
    pub recursive: bool,
    /// Reaction to a secret of another owner at a target.
    pub on_existing: OnForeignSecret,
}

/// Reactions to a secret of another owner at a target. It is never overwritten.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnForeignSecret {
    /// Keep the secret and continue.
    #[default]
    Keep,
    /// Fail.
    Fail,
}
