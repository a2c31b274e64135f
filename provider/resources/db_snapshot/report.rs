//! Report of a create: a line of the log, without values. The state has its digest.

use eod_snapshot::{CloneMark, CloneName};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Report of a create.
#[derive(Serialize)]
pub(super) struct CreateReport<'a> {
    /// Version of the form: 1.
    version: u32,
    database: &'a str,
    environment: String,
    installation: &'a str,
    golden: &'a str,
    golden_version: &'a str,
    /// Short digest of the manifest of the golden database.
    manifest: &'a str,
    /// SHA-256 of the policy.
    policy: String,
    strategy: &'a str,
    bytes: u64,
    clone_seconds: f64,
    masked_rows: u64,
}

/// Measurements of a create.
pub(super) struct CreateMeasures<'a> {
    pub(super) policy_text: &'a str,
    pub(super) strategy: &'a str,
    pub(super) bytes: u64,
    pub(super) clone_seconds: f64,
}

impl<'a> CreateReport<'a> {
    /// Report of a clone.
    pub(super) fn new(name: &'a CloneName, mark: &'a CloneMark, measures: &'a CreateMeasures<'a>) -> Self {
        let CreateMeasures { policy_text, strategy, bytes, clone_seconds } = measures;
        Self {
            version: 1,
            database: name.as_str(),
            environment: mark.owner.environment.to_string(),
            installation: mark.owner.installation.as_str(),
            golden: &mark.golden,
            golden_version: &mark.golden_version,
            manifest: &mark.manifest,
            policy: hex(policy_text.as_bytes()),
            strategy,
            bytes: *bytes,
            clone_seconds: *clone_seconds,
            masked_rows: 0,
        }
    }

    /// Writes the report to the log, and returns its digest.
    pub(super) fn record(&self) -> String {
        // A struct of texts and numbers always has a JSON form.
        let text = serde_json::to_string(self).unwrap_or_default();
        tracing::info!(report = text.as_str(), "the database was created");
        hex(text.as_bytes())
    }
}

/// SHA-256 in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
