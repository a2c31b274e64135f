//! Random values of charts: keys for the helm of EoD's image, and its report about two renders.
//!
//! The keys come from a secret of the platform. Helm never receives the secret itself, and templates cannot read the keys.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eod_render::{RandomScope, RandomValues, SecondRender, ToolError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{OUTPUT_LIMITS, tool_error};
use crate::scratch::ToolHome;

/// File of the keys in the home of helm.
pub(super) const KEYS_FILE: &str = "random.json";
/// Report of helm in its home. Only the helm of the image writes it.
const REPORT_FILE: &str = "report.json";
/// Output of the second render in the home of helm.
const SECOND_FILE: &str = "second.yaml";
/// Maximum size of the report in bytes.
const MAX_REPORT: usize = 64 << 10;
/// Minimum size of the secret in bytes.
const MIN_SEED: usize = 32;
/// Maximum size of the secret in bytes.
const MAX_SEED: u64 = 64 << 10;

/// Texts in charts that can make random or time-dependent values.
const VARYING: [&str; 16] = [
    "ago",
    "bcrypt",
    "date",
    "durationRound",
    "encryptAES",
    "gen",
    "htmlDate",
    "htpasswd",
    "keys",
    "now",
    "rand",
    "shuffle",
    "uuid",
    "values ",
    "lookup",
    "getHostByName",
];
const VALUE_REMEDY: &str =
    "set the value in a values file, or use a Secret that exists before the chart, such as that of `secretRef`";
const SEED_REMEDY: &str = "have the platform mount a secret of at least 32 bytes and set --seed-file (`eod-cmp init` prints \
                           both; for a local render: `head -c 32 /dev/urandom > seed`), or set the value in a values file";

/// Path of the file with the secret. The file is read at each use, because Kubernetes replaces it.
pub(super) struct SeedFile(PathBuf);

/// Keys of two renders.
pub(super) struct RandomKeys {
    keys: [[u8; 32]; 2],
    /// Reason for different keys; none if the keys are equal.
    problem: Option<KeyProblem>,
}

/// Reasons for different keys.
enum KeyProblem {
    /// The policy refuses random values.
    Policy,
    /// The secret cannot be used.
    Seed(String),
}

/// Report of helm about two renders.
pub(super) struct HelmReport {
    /// Functions with equal results under equal keys.
    random: Vec<String>,
    /// Functions with results that always differ.
    unstable: Vec<String>,
    /// Output of the second render, if it differs.
    second: Option<String>,
}

impl SeedFile {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The secret, or the error of the file.
    fn read(&self) -> Result<Vec<u8>, String> {
        let shown = self.0.display();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => format!("the seed file `{shown}` does not exist"),
            _ => format!("the seed file `{shown}` cannot be read: {error}"),
        };
        let size = fs::metadata(&self.0).map_err(failed)?.len();
        if size > MAX_SEED {
            return Err(format!("the seed file `{shown}` must have at most {MAX_SEED} bytes, got {size}"));
        }
        let seed = fs::read(&self.0).map_err(failed)?;
        if seed.len() < MIN_SEED {
            return Err(format!("the seed file `{shown}` must have at least {MIN_SEED} bytes, got {}", seed.len()));
        }
        Ok(seed)
    }

    /// Digest of the secret, or of the error of the file.
    pub(super) fn version(&self) -> Vec<u8> {
        self.read().map_or_else(String::into_bytes, |seed| Sha256::digest(seed).to_vec())
    }
}

impl RandomKeys {
    /// Keys of an environment and application: equal ones from the secret if random values have to be stable.
    pub(super) fn derive(seed: &SeedFile, mode: Option<RandomValues>, scope: &RandomScope) -> Self {
        let different = |problem| Self { keys: [[1; 32], [2; 32]], problem: Some(problem) };
        if mode == Some(RandomValues::Refuse) {
            return different(KeyProblem::Policy);
        }
        let seed = match seed.read() {
            Ok(seed) => seed,
            Err(problem) => return different(KeyProblem::Seed(problem)),
        };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&seed) else {
            return different(KeyProblem::Seed("the seed file has an invalid length".to_owned()));
        };
        let RandomScope { installation, environment, application } = scope;
        for part in ["random values of charts", installation, environment, application] {
            // The length keeps the parts apart.
            mac.update(&part.len().to_be_bytes());
            mac.update(part.as_bytes());
        }
        Self { keys: [mac.finalize().into_bytes().into(); 2], problem: None }
    }

    /// Content of the file for helm.
    pub(super) fn file(&self) -> Arc<[u8]> {
        let hex = |key: &[u8; 32]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        json!({ "keys": self.keys.each_ref().map(hex) }).to_string().into_bytes().into()
    }
}

impl HelmReport {
    /// Reads the report and the second output; none if another helm has run.
    pub(super) fn read(home: &ToolHome) -> Result<Option<Self>, ToolError> {
        let read = |name: &str, limit: usize| {
            home.read(name, limit).map_err(|error| {
                let message = format!("`{name}` of helm cannot be read: {error}");
                tool_error(message, "use the helm of EoD's image")
            })
        };
        let Some(report) = read(REPORT_FILE, MAX_REPORT)? else { return Ok(None) };
        let report: Value = serde_json::from_slice(&report).unwrap_or_default();
        let names = |key: &str| {
            let names = report.get(key).and_then(Value::as_array).into_iter().flatten();
            names.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
        };
        let second = match report.get("differs").and_then(Value::as_bool) {
            Some(true) => read(SECOND_FILE, OUTPUT_LIMITS.stdout)?,
            _ => None,
        };
        let second = second.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Some(Self { random: names("random"), unstable: names("unstable"), second }))
    }

    /// The second render, if it differs, with the reason.
    pub(super) fn second(self, keys: &RandomKeys) -> Option<SecondRender> {
        let Self { random, unstable, second } = self;
        let (mut reasons, mut remedy) = (Vec::new(), VALUE_REMEDY);
        if !unstable.is_empty() {
            reasons.push(format!("the chart uses {}, with another result at every render", listed(&unstable)));
        }
        if let Some(problem) = keys.problem.as_ref().filter(|_| !random.is_empty()) {
            let because = match problem {
                KeyProblem::Policy => "the policy sets `helm.random: refuse`",
                KeyProblem::Seed(problem) => {
                    remedy = SEED_REMEDY;
                    problem
                }
            };
            reasons.push(format!("the chart uses {}, and {because}", listed(&random)));
        }
        second.map(|manifests| SecondRender { manifests, reason: reasons.join("; "), remedy: remedy.to_owned() })
    }
}

/// Names of functions for an error.
fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// True if a file of the chart has the name of a function with varying results, or is an archive.
pub(super) fn may_vary(files: &BTreeMap<String, Arc<[u8]>>) -> bool {
    files.iter().any(|(path, bytes)| {
        path.ends_with(".tgz") || {
            let text = String::from_utf8_lossy(bytes);
            VARYING.iter().any(|name| text.contains(name))
        }
    })
}

/// Second render of a helm that reports nothing.
pub(super) fn different_again(manifests: String) -> SecondRender {
    let reason = "the chart makes random or time-dependent values".to_owned();
    SecondRender { manifests, reason, remedy: format!("use the helm of EoD's image, or {VALUE_REMEDY}") }
}

/// Error of a policy that needs the helm of the image.
pub(super) fn not_of_the_image(binary: &str) -> ToolError {
    tool_error(
        format!("the policy sets `helm.random: stable`, but `{binary}` is not the helm of EoD's image"),
        "use the helm of EoD's image, or remove `helm.random` from the policy",
    )
}

#[cfg(test)]
mod tests;
