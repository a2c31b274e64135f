//! Address of a Vault and the login to it, from settings and environment variables.
//!
//! There is no fallback to a local server or a token on disk. Parsing does no I/O: files are read at the first request.

use std::{env, fmt, path::PathBuf};

use http::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::access_error::VaultAccessError;
use crate::server::{AddressOrigin, ServerAddress};

/// Path of the service account's token in a pod.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Settings of a Vault.
#[derive(Clone, Default)]
pub struct VaultSettings {
    /// URL of the server, `https://host:port`; a path before `/v1` is allowed.
    pub address: Option<String>,
    /// Origin of `address`.
    pub address_origin: AddressOrigin,
    /// Namespace (Vault Enterprise, OpenBao); it is sent as a header.
    pub namespace: Option<String>,
    /// Certificate authority of the server: PEM, or the path of a PEM file. If set, no other authority is trusted.
    pub ca_cert: Option<String>,
    /// Accept any certificate of the server.
    pub skip_verify: Option<bool>,
    /// Source of the token.
    pub auth: Option<Auth>,
}

/// Sources of a token.
#[derive(Clone)]
pub enum Auth {
    /// An existing token.
    Token(SecretString),
    /// `auth/approle`.
    AppRole {
        /// Id of the role.
        role_id: String,
        /// Secret of the role.
        secret_id: SecretString,
        /// Auth mount; the default is `approle`.
        mount: Option<String>,
    },
    /// `auth/kubernetes`: the token of a service account.
    Kubernetes {
        /// Name of the role.
        role: String,
        /// Path of the file with the token, read at every login; the default is that of the pod.
        token_path: Option<String>,
        /// Auth mount; the default is `kubernetes`.
        mount: Option<String>,
    },
    /// `auth/jwt`.
    Jwt {
        /// Name of the role; the default is that of the mount.
        role: Option<String>,
        /// Source of the JWT.
        jwt: JwtSource,
        /// Auth mount; the default is `jwt`.
        mount: Option<String>,
    },
}

/// Sources of a JWT.
#[derive(Clone)]
pub enum JwtSource {
    /// The JWT itself.
    Token(SecretString),
    /// Path of a file with it, read at every login.
    File(String),
}

/// A server and the login to it. Both may be missing; the first request fails then.
#[derive(Clone)]
pub struct VaultAccess {
    pub(super) address: Option<Url>,
    address_origin: AddressOrigin,
    pub(super) namespace: Option<HeaderValue>,
    pub(super) authority: Authority,
    pub(super) skip_verify: bool,
    pub(super) auth: Option<VaultLogin>,
}

/// Trusted certificate authorities.
#[derive(Clone)]
pub(super) enum Authority {
    System,
    Pem(String),
    File(PathBuf),
}

/// A checked [`Auth`].
#[derive(Clone)]
pub(super) enum VaultLogin {
    Token(HeaderValue),
    AppRole { mount: String, role_id: String, secret_id: SecretString },
    Kubernetes { mount: String, role: String, file: PathBuf },
    Jwt { mount: String, role: Option<String>, jwt: JwtSource },
}

impl VaultSettings {
    /// Settings from the environment variables of the process.
    ///
    /// # Errors
    ///
    /// See [`VaultSettings::or_environment`].
    pub fn from_environment() -> Result<Self, VaultAccessError> {
        Self::default().or_environment(|name| env::var(name).ok())
    }

    /// Replaces settings that are not set with VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_SKIP_VERIFY and
    /// VAULT_TOKEN. Empty variables count as not set.
    ///
    /// # Errors
    ///
    /// VAULT_SKIP_VERIFY is not a boolean of the official client.
    pub fn or_environment(self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, VaultAccessError> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        let skip_verify = match (self.skip_verify, read("VAULT_SKIP_VERIFY")) {
            (Some(given), _) => Some(given),
            (None, None) => None,
            (None, Some(text)) => {
                Some(boolean(&text).ok_or(VaultAccessError::BadBool { variable: "VAULT_SKIP_VERIFY", got: text })?)
            }
        };
        let (address, address_origin) = match self.address {
            Some(address) => (Some(address), self.address_origin),
            None => (read("VAULT_ADDR"), AddressOrigin::Variable("VAULT_ADDR")),
        };
        Ok(Self {
            address,
            address_origin,
            namespace: self.namespace.or_else(|| read("VAULT_NAMESPACE")),
            ca_cert: self.ca_cert.or_else(|| read("VAULT_CACERT")),
            skip_verify,
            auth: self.auth.or_else(|| read("VAULT_TOKEN").map(|token| Auth::Token(token.into()))),
        })
    }
}

impl VaultAccess {
    /// Checks settings.
    ///
    /// # Errors
    ///
    /// The first mistake.
    pub fn new(settings: VaultSettings) -> Result<Self, VaultAccessError> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let address = filled(settings.address).map(|text| server(&text)).transpose()?;
        let namespace =
            filled(settings.namespace).map(|text| header(text.trim_matches('/'), "namespace")).transpose()?;
        let authority = match filled(settings.ca_cert) {
            None => Authority::System,
            Some(text) if text.contains("-----BEGIN") => Authority::Pem(text),
            Some(file) => Authority::File(file.into()),
        };
        let auth = settings.auth.map(login).transpose()?;
        let (address_origin, skip_verify) = (settings.address_origin, settings.skip_verify.unwrap_or(false));
        Ok(Self { address, address_origin, namespace, authority, skip_verify, auth })
    }

    /// Address of the server for errors.
    pub(super) fn server_address(&self) -> ServerAddress {
        let url = self.address.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        ServerAddress { server: "Vault", url, origin: self.address_origin.clone() }
    }

    /// The namespace as text.
    pub(super) fn namespace_name(&self) -> Option<&str> {
        self.namespace.as_ref().and_then(|namespace| namespace.to_str().ok())
    }

    /// Description of the server without secrets.
    pub fn describe(&self) -> String {
        let Some(address) = &self.address else { return "no Vault".to_owned() };
        let place = address.as_str().trim_end_matches('/');
        match self.namespace_name() {
            None => format!("Vault at {place}"),
            Some(namespace) => format!("Vault at {place}, namespace `{namespace}`"),
        }
    }
}

impl VaultLogin {
    /// True if the login can be repeated to get another token.
    pub(super) fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Token(_))
    }
}

/// The booleans of the official client, which are those of Go.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn server(text: &str) -> Result<Url, VaultAccessError> {
    let bad = || VaultAccessError::BadUrl { field: "address" };
    let url = Url::parse(text.trim()).map_err(|_| bad())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let web = matches!(url.scheme(), "http" | "https") && url.has_host() && url.password().is_none();
    if plain && web { Ok(url) } else { Err(bad()) }
}

fn header(text: &str, field: &'static str) -> Result<HeaderValue, VaultAccessError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| VaultAccessError::Unsendable { field })?;
    value.set_sensitive(field.ends_with("token"));
    Ok(value)
}

fn login(auth: Auth) -> Result<VaultLogin, VaultAccessError> {
    let required = |text: &str, field| if text.is_empty() { Err(VaultAccessError::Empty { field }) } else { Ok(()) };
    match auth {
        Auth::Token(token) => {
            required(token.expose_secret(), "auth.token")?;
            Ok(VaultLogin::Token(header(token.expose_secret(), "auth.token")?))
        }
        Auth::AppRole { role_id, secret_id, mount } => {
            required(&role_id, "auth.approle.role_id")?;
            Ok(VaultLogin::AppRole { mount: auth_mount(mount, "auth.approle.mount", "approle")?, role_id, secret_id })
        }
        Auth::Kubernetes { role, token_path, mount } => {
            required(&role, "auth.kubernetes.role")?;
            let file = token_path.filter(|path| !path.is_empty()).unwrap_or_else(|| POD_TOKEN.to_owned()).into();
            Ok(VaultLogin::Kubernetes { mount: auth_mount(mount, "auth.kubernetes.mount", "kubernetes")?, role, file })
        }
        Auth::Jwt { role, jwt, mount } => {
            match &jwt {
                JwtSource::Token(token) => required(token.expose_secret(), "auth.jwt.token")?,
                JwtSource::File(path) => required(path, "auth.jwt.token_path")?,
            }
            Ok(VaultLogin::Jwt {
                mount: auth_mount(mount, "auth.jwt.mount", "jwt")?,
                role: role.filter(|role| !role.is_empty()),
                jwt,
            })
        }
    }
}

/// The path of an auth mount, without segments that URL libraries remove.
fn auth_mount(given: Option<String>, field: &'static str, default: &str) -> Result<String, VaultAccessError> {
    let Some(given) = given.filter(|mount| !mount.is_empty()) else { return Ok(default.to_owned()) };
    let mount = given.trim_matches('/');
    let fine = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control);
    if mount.split('/').all(fine) && !mount.starts_with("auth/") {
        Ok(mount.to_owned())
    } else {
        Err(VaultAccessError::BadMount { field, got: given })
    }
}

impl fmt::Debug for VaultSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("address", &self.address).field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::AppRole { .. } => "AppRole(..)",
            Self::Kubernetes { .. } => "Kubernetes(..)",
            Self::Jwt { .. } => "Jwt(..)",
        })
    }
}

impl fmt::Debug for VaultAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Access").field(&self.describe()).finish()
    }
}

#[cfg(test)]
mod tests;
