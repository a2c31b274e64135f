//! Options of copies.

use eod_domain::vault::OnExistingSecret;

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
    /// Behaviour if a target has a secret of another owner. It is never overwritten.
    pub on_existing: OnExistingSecret,
}
