//! Arguments and attributes of `eod_db_snapshot`.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::vault::EnvironmentLabel;
use eod_domain::{Installation, NamespaceName, SecretName};
use eod_golden::GoldenName;
use eod_snapshot::CloneName;
use serde::{Deserialize, Serialize};
use tfplugin::{Model, Number, Text};

use super::engine::CloneEngine;
use super::extension::ExtensionName;
use crate::timeouts::TimeoutsArgs;

/// Arguments set by the user.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// Environment of the database, a DNS label, such as `eod_environment.preview.id`. It is not looked up.
    #[tf(replace)]
    pub environment: Text<EnvironmentLabel>,
    /// Engine: `postgres` (the default) clones a golden database.
    #[tf(default = "postgres", replace)]
    pub engine: Option<Text<CloneEngine>>,
    /// Golden database, published with `eod mask golden publish`. A database without a manifest is refused.
    #[tf(replace)]
    pub golden: Option<Text<GoldenName>>,
    /// Text of the masking policy. The golden database must have its rules. A policy that masks a column which the previous policy
    /// kept replaces the database; any other change updates it in place and changes no row.
    pub masking_policy: Option<String>,
    /// SQL of the migrations that the pull request adds or changes, by file name. They are read in the order of their names
    /// and not run. A column that they add needs a rule in `masking_policy`.
    pub migrations: Option<BTreeMap<String, String>>,
    /// Name of the database. Default: `<golden>_<environment>`, with `_` in place of `-`; cut, with a hash, above 56 bytes.
    #[tf(computed, replace)]
    pub database: Option<Text<CloneName>>,
    /// Kubernetes Secret for the credentials. A change of it makes a new password.
    pub secret: Option<SecretArgs>,
    /// Extensions that are created before the database is opened. All others are decided by the server and the role of
    /// the application.
    pub extensions_allowed: Option<BTreeSet<Text<ExtensionName>>>,
    /// Version of the credentials. A change makes a new password; sessions stay connected.
    pub credentials_version: Option<u64>,
    /// Maximum durations of operations.
    pub timeouts: Option<TimeoutsArgs>,
}

/// Secret with the credentials.
#[derive(Clone, Eq, Model, PartialEq)]
pub(crate) struct SecretArgs {
    /// Name. A Secret of another owner is never changed.
    pub name: Text<SecretName>,
    /// Namespace, such as `eod_environment.preview.namespace`.
    pub namespace: Text<NamespaceName>,
}

/// Computed attributes.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Name of the database, for imports and for `eod_db_credentials`. It is unknown until the database exists.
    #[tf(keep)]
    pub id: String,
    /// Role that applications log in with. It owns nothing and acts as the owner of the tables.
    #[tf(keep)]
    pub role: String,
    /// Host that applications reach the server at: the provider's `postgres.advertise_host`.
    pub host: String,
    /// Port that applications reach the server at: the provider's `postgres.advertise_port`.
    pub port: u64,
    /// Secret with the credentials, `<namespace>/<name>`. It is unknown until the Secret exists.
    #[tf(with = "Input::secret")]
    pub secret_ref: Option<String>,
    /// Version of the golden database: the time of its snapshot.
    #[tf(keep)]
    pub golden_version: String,
    /// `clone` if the database shares blocks with the golden database, `copy` if all blocks were copied, `unknown` if the golden
    /// database is too small to tell. It is measured.
    #[tf(keep)]
    pub strategy: String,
    /// Tables that differ from the golden database.
    #[tf(keep)]
    pub scope: Vec<ScopeArgs>,
    /// Number of rows that were masked for this database.
    #[tf(keep)]
    pub masked_rows: u64,
    /// Duration of the masking in seconds.
    #[tf(keep)]
    pub masking_seconds: Number,
    /// Duration of the creation of the database in seconds.
    #[tf(keep)]
    pub clone_seconds: Number,
    /// SHA-256 of the report of the create. The report is a line of the log and has no values.
    #[tf(keep)]
    pub report_digest: String,
    /// Time of the opening (RFC 3339, UTC).
    #[tf(keep)]
    pub created_at: String,
    /// `ready`; `failed` if a part of the database is missing, so that it is replaced; `expired` if it was removed with its
    /// environment.
    #[tf(keep)]
    pub status: String,
    /// Differences that the last refresh has found, as sentences. The next apply repairs them.
    pub drift: Vec<String>,
}

/// Table that differs from the golden database.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct ScopeArgs {
    /// Table.
    pub table: String,
    /// Reason: `new_column` for columns that the migrations add.
    pub reason: String,
    /// Number of rows that were masked.
    pub rows: u64,
    /// Columns.
    pub columns: Vec<String>,
}

/// Private data stored with the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Private {
    /// Nonce in the mark of the clone: the claim of this state.
    pub nonce: String,
    /// Installation in the mark.
    pub installation: Option<Installation>,
    /// True if this belongs to the plan of a create. Terraform passes it to the destroy of a tainted object instead of
    /// the object's own private data.
    pub planned: bool,
    /// True if the database was removed with its environment.
    pub absent: bool,
    /// True if the plan creates an absent database again.
    pub returns: bool,
}
