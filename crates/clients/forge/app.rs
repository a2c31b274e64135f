//! GitHub Apps: a signed JWT for the app, and the token of an installation, which the forge returns for the JWT.
//!
//! <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app>

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use jiff::Timestamp;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::token_value::{TokenError, header};

/// Backdating of the JWT, for servers with a slow clock.
const SKEW: Duration = Duration::from_secs(60);

/// Lifetime of the JWT. GitHub allows ten minutes from its start.
const LIFE: Duration = Duration::from_secs(540);

/// Minimum remaining lifetime of a token of an installation that is used.
const MARGIN: Duration = Duration::from_secs(300);

/// A GitHub App and one of its installations.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GitHubApp {
    /// Id or client id of the app.
    pub id: String,
    /// Id of the installation.
    pub installation: u64,
    /// Path of a PEM file with the RSA key, in PKCS#1 or PKCS#8. It is read again for every new token.
    pub private_key_file: PathBuf,
}

/// The token of an installation.
#[derive(Clone)]
pub(super) struct InstallationToken {
    pub(super) header: HeaderValue,
    until: SystemTime,
}

impl GitHubApp {
    /// Path of the request for a token of the installation, below the API.
    pub(super) fn token_path(&self) -> String {
        format!("/app/installations/{}/access_tokens", self.installation)
    }

    /// The JWT of the app as a header value.
    pub(super) fn jwt(&self, now: SystemTime) -> Result<HeaderValue, TokenError> {
        let path = &self.private_key_file;
        let pem = fs::read(path)
            .map(Zeroizing::new)
            .map_err(|source| TokenError::Unreadable { path: path.clone(), source })?;
        let bad_key = || TokenError::BadKey { path: path.clone() };
        let key = match PrivateKeyDer::from_pem_slice(&pem).map_err(|_| bad_key())? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(bad_key()),
        };
        let key = key.map_err(|_| bad_key())?;
        let signed = self.claims(now);
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| bad_key())?;
        header("Bearer ", &format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature)))
    }

    /// Header and claims of the JWT, encoded.
    fn claims(&self, now: SystemTime) -> String {
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({ "iat": seconds(now - SKEW), "exp": seconds(now + LIFE), "iss": self.id });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", encode(&head), encode(&claims))
    }
}

impl InstallationToken {
    /// Parses the response to the request for a token.
    pub(super) fn read(response: &Value) -> Option<Self> {
        let expires: Timestamp = response.get("expires_at")?.as_str()?.parse().ok()?;
        let header = header("Bearer ", response.get("token")?.as_str()?).ok()?;
        Some(Self { header, until: SystemTime::from(expires) - MARGIN })
    }

    pub(super) fn is_usable(&self, now: SystemTime) -> bool {
        now < self.until
    }
}

#[cfg(test)]
mod tests;
