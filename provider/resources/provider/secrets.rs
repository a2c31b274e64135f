//! [`ProviderVault`]: the Vault of the provider block, and the secrets that may be read and written in it.

use eod_clients::vault::Vault;
use eod_domain::vault::{Globs, Route, SecretRef};
use tfplugin::{Attr, Diag, Diags};

use super::{Context, ProviderConfig};
use crate::explain;

/// Vault of the provider, if the argument is known, and the patterns of allowed secrets.
pub(super) struct ProviderVault {
    /// `None` while the argument depends on an unknown value.
    pub(super) vault: Option<Vault>,
    /// Secrets that are never read.
    pub(super) sensitive: Attr<Globs>,
    /// Allowed targets of copies.
    pub(super) targets: Attr<Globs>,
}

impl Context {
    /// The Vault.
    ///
    /// # Errors
    /// The provider block is not known yet. No other Vault is used instead.
    pub(crate) fn vault(&self) -> Result<&Vault, Diag> {
        self.secrets.vault.as_ref().ok_or_else(unknown_vault_error)
    }

    /// True if the Vault is known.
    pub(crate) fn is_vault_known(&self) -> bool {
        self.secrets.vault.is_some()
    }

    /// Secrets that are never read, if they are known.
    pub(crate) fn sensitive_paths(&self) -> Option<&Globs> {
        self.secrets.sensitive.as_ref().known()
    }

    /// The route from a source to a target, if it is allowed.
    ///
    /// # Errors
    /// The route is not allowed, or the patterns are not known yet.
    pub(crate) fn route(&self, source: SecretRef, target: SecretRef) -> Result<Route, Diags> {
        let Some((sensitive, targets)) = self.known_patterns() else {
            return Err(unknown_vault_error().into());
        };
        Route::new(source, target, sensitive, targets).map_err(|mistakes| explain::mistakes(&mistakes))
    }

    /// True if the patterns that [`Context::route`] needs are known.
    pub(crate) fn knows_routes(&self) -> bool {
        self.known_patterns().is_some()
    }

    fn known_patterns(&self) -> Option<(&Globs, &Globs)> {
        Some((self.sensitive_paths()?, self.secrets.targets.as_ref().known()?))
    }
}

/// The error for a call that needs an argument that is not known yet.
pub(crate) fn unknown_vault_error() -> Diag {
    Diag::error("Vault is not known yet")
        .detail(
            "The argument `vault` of the provider depends on a value that is known only after apply, and no other Vault is used \
             instead.",
        )
        .hint("first apply the resources that the argument depends on, with `-target` or in a separate configuration")
        .at(ProviderConfig::VAULT)
}
