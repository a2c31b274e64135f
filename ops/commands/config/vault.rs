//! Vault in the configuration file.

use std::collections::BTreeMap;
use std::fmt;

use eod_clients::vault::{Auth, JwtSource, VaultAccess, VaultAccessError, VaultSettings};
use eod_domain::vault::SecretRef;
use serde::Deserialize;

/// Vault with the copies of environments. Without prefixes nothing is searched, and copies are not deleted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VaultConfig {
    /// URL of the server; the default is `VAULT_ADDR`.
    address: Option<String>,
    /// Namespace (Vault Enterprise, OpenBao); the default is `VAULT_NAMESPACE`.
    namespace: Option<String>,
    /// Certificate authority of the server: PEM, or the path of a PEM file; the default is `VAULT_CACERT`.
    ca_cert: Option<String>,
    /// Authentication method; the default is the token in `VAULT_TOKEN`.
    auth: Option<VaultAuthConfig>,
    /// Folders with the copies, as `<mount>/<path>`. Every copy is below one of them.
    pub(crate) prefixes: Vec<SecretRef>,
}

/// Authentication method: exactly one of the keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct VaultAuthConfig {
    token: Option<SecretText>,
    approle: Option<AppRoleConfig>,
    kubernetes: Option<KubernetesLoginConfig>,
    jwt: Option<JwtLoginConfig>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppRoleConfig {
    role_id: String,
    secret_id: SecretText,
    #[serde(default)]
    mount: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KubernetesLoginConfig {
    role: String,
    #[serde(default)]
    token_path: Option<String>,
    #[serde(default)]
    mount: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct JwtLoginConfig {
    role: Option<String>,
    token: Option<SecretText>,
    token_path: Option<String>,
    mount: Option<String>,
}

/// Text that is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct SecretText(String);

impl VaultConfig {
    /// True if Vault is used.
    pub(crate) fn is_used(&self) -> bool {
        !self.prefixes.is_empty()
    }

    /// First mistake in the block.
    pub(super) fn mistake(&self) -> Option<String> {
        let Self { address, namespace, ca_cert, auth, prefixes } = self;
        let is_set = address.is_some() || namespace.is_some() || ca_cert.is_some() || auth.is_some();
        if is_set && prefixes.is_empty() {
            return Some(
                "`vault.prefixes` must have at least one folder, such as `secret/preview`, got none".to_owned(),
            );
        }
        let mut outer = prefixes.iter().enumerate().flat_map(|(index, one)| {
            let others = prefixes.iter().enumerate().filter(move |(other, _)| *other != index);
            others.map(move |(_, other)| (one, other))
        });
        if let Some((inner, outer)) = outer.find(|(inner, outer)| inner.is_inside(outer)) {
            return Some(format!("`vault.prefixes`: `{inner}` is equal to or inside `{outer}`; remove one"));
        }
        auth.as_ref().and_then(|auth| auth.clone().login().err())
    }

    /// Access to the server, with the environment variables of Vault for settings that are not set.
    pub(crate) fn access(&self, variables: &BTreeMap<String, String>) -> Result<VaultAccess, String> {
        let auth = self.auth.clone().map(VaultAuthConfig::login).transpose()?;
        let settings = VaultSettings {
            address: self.address.clone(),
            namespace: self.namespace.clone(),
            ca_cert: self.ca_cert.clone(),
            auth,
            ..VaultSettings::default()
        };
        let settings = settings.or_environment(|name| variables.get(name).cloned());
        settings.and_then(VaultAccess::new).map_err(|error| invalid(&error))
    }
}

impl VaultAuthConfig {
    fn login(self) -> Result<Auth, String> {
        match self {
            Self { token: Some(token), approle: None, kubernetes: None, jwt: None } => Ok(Auth::Token(token.0.into())),
            Self { token: None, approle: Some(login), kubernetes: None, jwt: None } => {
                let AppRoleConfig { role_id, secret_id, mount } = login;
                Ok(Auth::AppRole { role_id, secret_id: secret_id.0.into(), mount })
            }
            Self { token: None, approle: None, kubernetes: Some(login), jwt: None } => {
                let KubernetesLoginConfig { role, token_path, mount } = login;
                Ok(Auth::Kubernetes { role, token_path, mount })
            }
            Self { token: None, approle: None, kubernetes: None, jwt: Some(login) } => login.login(),
            _ => Err("`vault.auth` must have exactly one of `token`, `approle`, `kubernetes` and `jwt`".to_owned()),
        }
    }
}

impl JwtLoginConfig {
    fn login(self) -> Result<Auth, String> {
        let Self { role, token, token_path, mount } = self;
        let jwt = match (token, token_path) {
            (Some(token), None) => JwtSource::Token(token.0.into()),
            (None, Some(path)) => JwtSource::File(path),
            _ => return Err("`vault.auth.jwt` must have exactly one of `token` and `token_path`".to_owned()),
        };
        Ok(Auth::Jwt { role, jwt, mount })
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Problem with its causes.
fn invalid(error: &VaultAccessError) -> String {
    let mut text = format!("`vault`: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        text.push_str(&format!(": {found}"));
        cause = found.source();
    }
    text
}
