//! DatabaseCredentials of a database as the content of a Kubernetes Secret.

use std::collections::BTreeMap;
use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eod_domain::labels;
use eod_snapshot::{CloneName, CloneOwner, ClonePassword};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::model::SecretArgs;
use crate::provider::AdvertisedPlace;

/// DatabaseCredentials of the login of a database.
pub(super) struct DatabaseCredentials<'a> {
    /// Owner of the database.
    pub(super) owner: &'a CloneOwner,
    /// Database.
    pub(super) name: &'a CloneName,
    /// Claim of the database.
    pub(super) nonce: &'a str,
    /// Place of the server.
    pub(super) place: &'a AdvertisedPlace,
    /// Password.
    pub(super) password: &'a ClonePassword,
    /// Labels of the provider block.
    pub(super) labels: BTreeMap<String, String>,
}

/// Entries of a Secret by key, decoded. `Debug` does not print the values.
#[derive(Clone, Default, Eq, PartialEq)]
pub(crate) struct SecretData(pub(crate) BTreeMap<String, Vec<u8>>);

impl DatabaseCredentials<'_> {
    /// The Secret, without uid and resource version.
    pub(super) fn secret(&self, at: &SecretArgs) -> Value {
        let data = self.data();
        let mut metadata_labels = self.labels.clone();
        let ours = [
            (labels::MANAGED_BY, labels::MANAGED_BY_VALUE.to_owned()),
            (labels::INSTANCE, self.owner.environment.to_string()),
            (labels::ENV, self.owner.environment.to_string()),
            (labels::INSTALLATION, self.owner.installation.to_string()),
        ];
        metadata_labels.extend(ours.map(|(key, value)| (key.to_owned(), value)));
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": at.name.as_str(),
                "namespace": at.namespace.as_str(),
                "labels": metadata_labels,
                "annotations": {
                    labels::DATABASE: self.name.as_str(),
                    labels::NONCE: self.nonce,
                    labels::DIGEST: data.digest(),
                },
            },
            "type": "Opaque",
            "data": data.encoded(),
        })
    }

    fn data(&self) -> SecretData {
        let AdvertisedPlace { host, port, sslmode } = self.place;
        let (user, password, dbname) = (self.name.login(), self.password.reveal(), self.name.as_str());
        // Only an IPv6 address has colons, and URLs write it in brackets.
        let url_host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let port = port.to_string();
        // User, password and database consist of characters that URLs do not escape.
        let uri = format!("postgresql://{user}:{password}@{url_host}:{port}/{dbname}?sslmode={sslmode}");
        let jdbc =
            format!("jdbc:postgresql://{url_host}:{port}/{dbname}?user={user}&password={password}&sslmode={sslmode}");
        let entries = [
            ("dbname", dbname),
            ("host", host),
            ("jdbc_uri", &jdbc),
            ("password", password),
            ("port", &port),
            ("sslmode", sslmode),
            ("uri", &uri),
            ("user", &user),
        ];
        SecretData(entries.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec())).into())
    }
}

impl SecretData {
    /// Entries of a Secret that the API server has returned.
    pub(crate) fn of(secret: &Value) -> Self {
        let data = secret.get("data").and_then(Value::as_object);
        let decoded = |(key, value): (&String, &Value)| Some((key.clone(), STANDARD.decode(value.as_str()?).ok()?));
        Self(data.into_iter().flatten().filter_map(decoded).collect())
    }

    /// One entry as text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        String::from_utf8(self.0.get(key)?.clone()).ok()
    }

    /// Digest of all entries. It does not reveal the password, which has 256 random bits.
    pub(super) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for part in self.0.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_slice()]) {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn encoded(&self) -> Map<String, Value> {
        self.0.iter().map(|(key, value)| (key.clone(), Value::from(STANDARD.encode(value)))).collect()
    }
}

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
