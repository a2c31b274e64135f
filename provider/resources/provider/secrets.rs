//! [`Secrets`]: the Vault of the provider block, and what may be done in it.

use eod_clients::vault::Vault;
use eod_domain::vault::{Globs, Route, SecretRef};
use tfplugin::{Attr, Diag, Diags};

use super::{Context, ProviderConfig};
use crate::explain;

/// A Vault as far as the provider block is known, and what may be done in it.
pub(super) struct Secrets {
    /// None while the block hangs on something that does not exist yet.
    pub(super) vault: Option<Vault>,
    /// What is never read.
    pub(super) sensitive: Attr<Globs>,
    /// Where copies may go.
    pub(super) targets: Attr<Globs>,
}

impl Context {
    /// The Vault.
    ///
    /// # Errors
    /// The provider block is not known yet, so there is none: nothing else may stand in for it.
    pub(crate) fn vault(&self) -> Result<&Vault, Diag> {
        self.secrets.vault.as_ref().ok_or_else(unknown_vault)
    }

    /// Whether the Vault is known.
    pub(crate) fn is_vault_known(&self) -> bool {
        self.secrets.vault.is_some()
    }

    /// What is never read, as far as it is known.
    pub(crate) fn sensitive_paths(&self) -> Option<&Globs> {
        self.secrets.sensitive.as_ref().known()
    }

    /// The way from a source to a target, if it is allowed.
    ///
    /// # Errors
    /// It is not, or nobody knows yet whether it is.
    pub(crate) fn route(&self, source: SecretRef, target: SecretRef) -> Result<Route, Diags> {
        let Some((sensitive, targets)) = self.known_patterns() else {
            return Err(unknown_vault().into());
        };
        Route::new(source, target, sensitive, targets).map_err(|mistakes| explain::mistakes(&mistakes))
    }

    /// Whether [`Context::route`] can tell.
    pub(crate) fn knows_routes(&self) -> bool {
        self.known_patterns().is_some()
    }

    fn known_patterns(&self) -> Option<(&Globs, &Globs)> {
        Some((self.sensitive_paths()?, self.secrets.targets.as_ref().known()?))
    }
}

/// The refusal of what must wait until the block is known.
pub(crate) fn unknown_vault() -> Diag {
    Diag::error("Vault is not known yet")
        .detail(
            "The `vault` block of the provider hangs on a value that is known only after apply, and no other Vault may \
             stand in for it.",
        )
        .hint("apply what the block hangs on first, with `-target` or in a configuration of its own")
        .at(ProviderConfig::VAULT)
}
