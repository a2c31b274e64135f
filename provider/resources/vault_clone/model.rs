//! Arguments and attributes of `eod_vault_clone`.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::Installation;
use eod_domain::vault::{EnvironmentLabel, MountPath, OnDestroy, OnExistingSecret, SecretPath};
use serde::{Deserialize, Serialize};
use tfplugin::{Model, Text};

use crate::timeouts::TimeoutsArgs;

/// Arguments set by the user.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// Environment of the copy, a DNS label, such as `eod_environment.preview.id`. It is not looked up.
    #[tf(replace)]
    pub environment: Text<EnvironmentLabel>,
    /// KV mount of the source. Default: `secret`.
    #[tf(default = "secret", replace)]
    pub mount: Option<Text<MountPath>>,
    /// KV version 2 mount of the copy. Default: the mount of the source.
    #[tf(computed, replace)]
    pub target_mount: Option<Text<MountPath>>,
    /// Path of the secret, or of the root of the subtree, below the mount: without the mount and without `data/`.
    #[tf(replace)]
    pub source_path: Text<SecretPath>,
    /// Path of the copy below the mount. Default: `preview/<environment>/<last segment of source_path>`.
    #[tf(computed, replace)]
    pub target_path: Option<Text<SecretPath>>,
    /// True to copy all secrets at and below `source_path`: at most 500 secrets, 16 folders deep. Secrets that are added to
    /// the source later are not copied. Default: `false`.
    #[tf(default = false, replace)]
    pub recursive: Option<bool>,
    /// Entries that are not copied.
    pub exclude_keys: Option<BTreeSet<String>>,
    /// Entries that replace those of the source when the copy is created, so that the copy never contains the real values.
    /// Only for a single secret.
    #[tf(write_only)]
    pub overrides_wo: Option<BTreeMap<String, String>>,
    /// Version of `overrides_wo`. A higher version writes them into the copy again. They are written only if the copy
    /// was not edited and the token's policy allows `update`.
    pub overrides_wo_version: Option<u64>,
    /// Behaviour if the target has a secret of another owner: `keep` (the default) keeps it and reports `kept_foreign`,
    /// `fail` fails. It is never overwritten.
    #[tf(default = "keep")]
    pub on_existing: Option<Text<OnExistingSecret>>,
    /// `delete` (the default) deletes all versions of the copies with the resource, edited or not. `keep` keeps them.
    #[tf(default = "delete")]
    pub on_destroy: Option<Text<OnDestroy>>,
    /// Path on `mount` of a secret that is only used as a reference. It is never read.
    pub sensitive_path: Option<Text<SecretPath>>,
    /// Maximum durations of operations.
    pub timeouts: Option<TimeoutsArgs>,
}

/// Computed attributes.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Id of the copy and for imports: `<target_mount>/<target_path>`.
    #[tf(keep)]
    pub id: String,
    /// Copies by path.
    #[tf(with = "Input::overrides_wo_version")]
    pub keys: BTreeMap<String, KeyArgs>,
    /// Reference of the copy, `<mount>/<path>`, for `secretRef` of charts and for `eod_vault_secret`.
    #[tf(keep)]
    pub secret_ref: String,
    /// Reference of `sensitive_path`, `<mount>/<path>`.
    #[tf(with = "Input::sensitive_path")]
    pub sensitive_secret_ref: Option<String>,
    /// URL of the copy in Vault's web interface.
    #[tf(keep)]
    pub vault_ui_url: Option<String>,
    /// Time of creation of the copy (RFC 3339, UTC).
    #[tf(keep)]
    pub created_at: String,
}

/// One copy.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct KeyArgs {
    /// Version of the source that was copied. Null if the source has no versions.
    pub source_version: Option<u64>,
    /// Version of the copy that was written.
    pub version: u64,
    /// `cloned`, `adopted` (an interrupted run had created it) or `kept_foreign` (secret of another owner, unchanged).
    pub result: String,
    /// True if others have changed or deleted the copy since.
    pub edited: bool,
}

/// Private data stored with the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Private {
    /// Nonce in the ownership metadata of the copies: the claim of this state.
    pub nonce: String,
    /// Installation in the ownership metadata.
    pub installation: Option<Installation>,
    /// Time of each copy's storage on the server, to the nanosecond, by path.
    pub created: BTreeMap<String, String>,
    /// True if this belongs to the plan of a create. Terraform passes it to the destroy of a tainted object instead of
    /// the object's own private data.
    pub planned: bool,
    /// True if the copies were removed with their environment.
    pub absent: bool,
    /// True if the plan creates absent copies again.
    pub returns: bool,
}
