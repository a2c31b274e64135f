//! Password of a login role.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use postgres_protocol::password::scram_sha_256;
use secrecy::{ExposeSecret, SecretString};

/// Generated password. `Debug` does not print it. Its characters need no escape in a URL or a connection string.
#[derive(Clone)]
pub struct ClonePassword(SecretString);

impl ClonePassword {
    /// Password from random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(SecretString::from(URL_SAFE_NO_PAD.encode(random)))
    }

    /// The password, for the Secret of the application.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// SCRAM-SHA-256 verifier with a random salt, in the form that the server stores (RFC 5803). It does not reveal the password.
    pub(crate) fn verifier(&self) -> String {
        scram_sha_256(self.reveal().as_bytes())
    }
}

impl fmt::Debug for ClonePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClonePassword(..)")
    }
}

#[cfg(test)]
mod tests;
