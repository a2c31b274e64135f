//! Forges in the configuration file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

/// Forge of the repositories of one host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgeConfig {
    /// Host of the repositories.
    pub(crate) host: String,
    /// Kind of the forge.
    pub(crate) kind: ForgeKindKey,
    /// URL of the API; the default follows from kind and host.
    #[serde(default)]
    pub(crate) api: Option<String>,
    /// Source of the token.
    pub(crate) auth: ForgeAuthConfig,
    /// Label that requests an environment; none if the platform uses no trigger label.
    #[serde(default)]
    pub(crate) trigger_label: Option<String>,
    /// Label that puts an environment to sleep.
    #[serde(default)]
    pub(crate) sleep_label: Option<String>,
}

/// Kind of a forge.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ForgeKindKey {
    /// GitHub and GitHub Enterprise.
    Github,
    /// GitLab.
    Gitlab,
}

/// Source of the token: exactly one of the keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ForgeAuthConfig {
    /// Path of a file with the token.
    pub(crate) token_file: Option<PathBuf>,
    /// Name of an environment variable with the token.
    pub(crate) token_env: Option<String>,
    /// GitHub App.
    pub(crate) app: Option<ForgeAppConfig>,
}

/// GitHub App.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgeAppConfig {
    /// Id or client id of the app.
    pub(crate) id: String,
    /// Id of the installation.
    pub(crate) installation: u64,
    /// Path of the PEM file with the key.
    pub(crate) private_key_file: PathBuf,
}

/// First mistake in the forges.
pub(super) fn mistake(forges: &[ForgeConfig]) -> Option<String> {
    let mut hosts = BTreeSet::new();
    for (index, forge) in forges.iter().enumerate() {
        let at = format!("forges[{index}]");
        if forge.host.is_empty() || forge.host.contains(['/', ' ']) {
            return Some(format!("`{at}.host` must be the host of the repositories, got `{}`", forge.host));
        }
        if !hosts.insert(forge.host.to_ascii_lowercase()) {
            return Some(format!("`{at}.host`: host `{}` has two forges; remove one", forge.host));
        }
        let ForgeAuthConfig { token_file, token_env, app } = &forge.auth;
        let count = [token_file.is_some(), token_env.is_some(), app.is_some()].into_iter().filter(|set| *set).count();
        if count != 1 {
            return Some(format!(
                "`{at}.auth` must have exactly one of `token_file`, `token_env` and `app`, got {count}"
            ));
        }
        if app.is_some() && forge.kind == ForgeKindKey::Gitlab {
            return Some(format!("`{at}.auth.app` is a GitHub App; a GitLab needs `token_file` or `token_env`"));
        }
    }
    None
}
