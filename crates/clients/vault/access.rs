//! How to reach a Vault: the `vault` block of the provider and the environment, parsed.
//!
//! There is no fallback to a local server or a token on disk. Parsing does no I/O: files are read at the first call.

use std::{env, fmt, path::PathBuf};

use http::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// Where a pod finds its service account's token.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The attributes of the `vault` block as the user wrote them.
#[derive(Clone, Default)]
pub struct VaultSettings {
    /// The server, `https://host:port`; a path before `/v1` is allowed.
    pub address: Option<String>,
    /// The namespace (Vault Enterprise, OpenBao), sent as a header.
    pub namespace: Option<String>,
    /// The certificate authority of the server: PEM, or a file with it. With it no other authority is trusted.
    pub ca_cert: Option<String>,
    /// Do not check the server's certificate.
    pub skip_verify: Option<bool>,
    /// How to get a token.
    pub auth: Option<Auth>,
}

/// How to get a token.
#[derive(Clone)]
pub enum Auth {
    /// A token that is there already.
    Token(SecretString),
    /// `auth/approle`.
    AppRole {
        /// The role's id.
        role_id: String,
        /// The secret that goes with it.
        secret_id: SecretString,
        /// The auth mount; none means `approle`.
        mount: Option<String>,
    },
    /// `auth/kubernetes`: a service account's token.
    Kubernetes {
        /// The role.
        role: String,
        /// The file with the token, read at every login; none means the pod's own.
        token_path: Option<String>,
        /// The auth mount; none means `kubernetes`.
        mount: Option<String>,
    },
    /// `auth/jwt`.
    Jwt {
        /// The role; none means the mount's default.
        role: Option<String>,
        /// Where the JWT comes from.
        jwt: JwtSource,
        /// The auth mount; none means `jwt`.
        mount: Option<String>,
    },
}

/// Where a JWT comes from.
#[derive(Clone)]
pub enum JwtSource {
    /// It is given.
    Token(SecretString),
    /// A file with it, read at every login.
    File(String),
}

/// A server and how to get a token from it; both may still be missing, and then the first call says so.
#[derive(Clone)]
pub struct VaultAccess {
    pub(super) address: Option<Url>,
    pub(super) namespace: Option<HeaderValue>,
    pub(super) authority: Authority,
    pub(super) skip_verify: bool,
    pub(super) auth: Option<VaultLogin>,
}

/// Whom to trust.
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

/// A mistake in the settings.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VaultAccessError {
    /// Not a URL of a server.
    #[error(
        "{} is no URL of a Vault server; write it as `https://host:port`, without a query or a user name",
        named(attribute)
    )]
    BadUrl {
        /// The attribute.
        attribute: &'static str,
    },
    /// Cannot be sent in a header.
    #[error("{} contains a character that cannot be sent; check it for a line break at its end", named(attribute))]
    Unsendable {
        /// The attribute.
        attribute: &'static str,
    },
    /// Needed and empty.
    #[error("`{attribute}` is empty; set it, or remove it")]
    Empty {
        /// The attribute.
        attribute: &'static str,
    },
    /// Not a name of an auth mount.
    #[error("`{attribute}` is `{got}`; expected the path of an auth mount, such as `approle`, without `auth/`")]
    BadMount {
        /// The attribute.
        attribute: &'static str,
        /// What was written.
        got: String,
    },
    /// Not a truth value.
    #[error("VAULT_SKIP_VERIFY is `{got}`; expected `true` or `false` (or `1`, `0`, `t`, `f`), or leave it unset")]
    BadBool {
        /// What was found.
        got: String,
    },
}

impl VaultAccessError {
    /// The attribute that is wrong, such as `vault.auth.approle.role_id`; none where a variable is.
    pub fn attribute(&self) -> Option<&'static str> {
        match self {
            Self::BadUrl { attribute }
            | Self::Unsendable { attribute }
            | Self::Empty { attribute }
            | Self::BadMount { attribute, .. } => Some(attribute),
            Self::BadBool { .. } => None,
        }
    }
}

/// An attribute, and the variable that stands in for it.
fn named(attribute: &str) -> String {
    match attribute {
        "vault.address" => "`vault.address` (VAULT_ADDR)".to_owned(),
        "vault.auth.token" => "`vault.auth.token` (VAULT_TOKEN)".to_owned(),
        "vault.namespace" => "`vault.namespace` (VAULT_NAMESPACE)".to_owned(),
        _ => format!("`{attribute}`"),
    }
}

impl VaultSettings {
    /// The settings that the process's environment gives.
    ///
    /// # Errors
    ///
    /// As [`VaultSettings::or_environment`].
    pub fn from_environment() -> Result<Self, VaultAccessError> {
        Self::default().or_environment(|name| env::var(name).ok())
    }

    /// What is not set is taken from VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_SKIP_VERIFY and VAULT_TOKEN. An
    /// empty variable is an unset one, above all an empty VAULT_SKIP_VERIFY.
    ///
    /// # Errors
    ///
    /// When VAULT_SKIP_VERIFY is no truth value of the official client.
    pub fn or_environment(self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, VaultAccessError> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        let skip_verify = match (self.skip_verify, read("VAULT_SKIP_VERIFY")) {
            (Some(given), _) => Some(given),
            (None, None) => None,
            (None, Some(text)) => Some(truth(&text).ok_or(VaultAccessError::BadBool { got: text })?),
        };
        Ok(Self {
            address: self.address.or_else(|| read("VAULT_ADDR")),
            namespace: self.namespace.or_else(|| read("VAULT_NAMESPACE")),
            ca_cert: self.ca_cert.or_else(|| read("VAULT_CACERT")),
            skip_verify,
            auth: self.auth.or_else(|| read("VAULT_TOKEN").map(|token| Auth::Token(token.into()))),
        })
    }
}

impl VaultAccess {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// The first mistake.
    pub fn new(settings: VaultSettings) -> Result<Self, VaultAccessError> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let address = filled(settings.address).map(|text| server(&text)).transpose()?;
        let namespace =
            filled(settings.namespace).map(|text| header(text.trim_matches('/'), "vault.namespace")).transpose()?;
        let authority = match filled(settings.ca_cert) {
            None => Authority::System,
            Some(text) if text.contains("-----BEGIN") => Authority::Pem(text),
            Some(file) => Authority::File(file.into()),
        };
        let auth = settings.auth.map(login).transpose()?;
        Ok(Self { address, namespace, authority, skip_verify: settings.skip_verify.unwrap_or(false), auth })
    }

    /// The server in words, without secrets.
    pub fn describe(&self) -> String {
        let Some(address) = &self.address else { return "no Vault".to_owned() };
        let place = address.as_str().trim_end_matches('/');
        match self.namespace.as_ref().and_then(|namespace| namespace.to_str().ok()) {
            None => format!("Vault at {place}"),
            Some(namespace) => format!("Vault at {place}, namespace `{namespace}`"),
        }
    }
}

impl VaultLogin {
    /// Whether a new token can be had.
    pub(super) fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Token(_))
    }
}

/// The truth values of the official client, which are those of Go.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn server(text: &str) -> Result<Url, VaultAccessError> {
    let bad = || VaultAccessError::BadUrl { attribute: "vault.address" };
    let url = Url::parse(text.trim()).map_err(|_| bad())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let web = matches!(url.scheme(), "http" | "https") && url.has_host() && url.password().is_none();
    if plain && web { Ok(url) } else { Err(bad()) }
}

fn header(text: &str, attribute: &'static str) -> Result<HeaderValue, VaultAccessError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| VaultAccessError::Unsendable { attribute })?;
    value.set_sensitive(attribute.ends_with("token"));
    Ok(value)
}

fn login(auth: Auth) -> Result<VaultLogin, VaultAccessError> {
    let needed =
        |text: &str, attribute| if text.is_empty() { Err(VaultAccessError::Empty { attribute }) } else { Ok(()) };
    match auth {
        Auth::Token(token) => {
            needed(token.expose_secret(), "vault.auth.token")?;
            Ok(VaultLogin::Token(header(token.expose_secret(), "vault.auth.token")?))
        }
        Auth::AppRole { role_id, secret_id, mount } => {
            needed(&role_id, "vault.auth.approle.role_id")?;
            Ok(VaultLogin::AppRole {
                mount: auth_mount(mount, "vault.auth.approle.mount", "approle")?,
                role_id,
                secret_id,
            })
        }
        Auth::Kubernetes { role, token_path, mount } => {
            needed(&role, "vault.auth.kubernetes.role")?;
            let file = token_path.filter(|path| !path.is_empty()).unwrap_or_else(|| POD_TOKEN.to_owned()).into();
            Ok(VaultLogin::Kubernetes {
                mount: auth_mount(mount, "vault.auth.kubernetes.mount", "kubernetes")?,
                role,
                file,
            })
        }
        Auth::Jwt { role, jwt, mount } => {
            match &jwt {
                JwtSource::Token(token) => needed(token.expose_secret(), "vault.auth.jwt.token")?,
                JwtSource::File(path) => needed(path, "vault.auth.jwt.token_path")?,
            }
            Ok(VaultLogin::Jwt {
                mount: auth_mount(mount, "vault.auth.jwt.mount", "jwt")?,
                role: role.filter(|role| !role.is_empty()),
                jwt,
            })
        }
    }
}

/// The path of an auth mount; every segment is one that URL libraries keep.
fn auth_mount(given: Option<String>, attribute: &'static str, default: &str) -> Result<String, VaultAccessError> {
    let Some(given) = given.filter(|mount| !mount.is_empty()) else { return Ok(default.to_owned()) };
    let mount = given.trim_matches('/');
    let fine = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control);
    if mount.split('/').all(fine) && !mount.starts_with("auth/") {
        Ok(mount.to_owned())
    } else {
        Err(VaultAccessError::BadMount { attribute, got: given })
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
