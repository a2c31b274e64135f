//! The arguments and attributes of `eod_vault_clone`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use eod_domain::Installation;
use eod_domain::vault::{EnvironmentLabel, MountPath, SecretPath};
use serde::{Deserialize, Serialize};
use tfplugin::{Model, Text};

use crate::timeouts::TimeoutsArgs;

/// What the user writes.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// The environment that the copy is for, a DNS label, such as `eod_environment.preview.name`. It is not looked up.
    #[tf(replace)]
    pub environment: Text<EnvironmentLabel>,
    /// The KV mount of the source. `secret` where it is not given.
    #[tf(default = "secret", replace)]
    pub mount: Option<Text<MountPath>>,
    /// The KV version 2 mount of the copy. The source's where it is not given.
    #[tf(computed, replace)]
    pub target_mount: Option<Text<MountPath>>,
    /// The secret to copy, or the root of the subtree, below the mount.
    #[tf(replace)]
    pub source_path: Text<SecretPath>,
    /// Where the copy goes. `preview/<environment>/<last segment of source_path>` where it is not given.
    #[tf(computed, replace)]
    pub target_path: Option<Text<SecretPath>>,
    /// Whether to copy everything at and below `source_path`: at most 500 secrets, 16 folders deep. What is added to the
    /// source later is not copied. The default is false.
    #[tf(default = false, replace)]
    pub recursive: Option<bool>,
    /// Entries that are left out of every copy.
    pub exclude_keys: Option<BTreeSet<String>>,
    /// Entries that are put over those of the source when the copy is made, so that the real value never exists in it. Only
    /// for a single secret.
    #[tf(write_only)]
    pub overrides_wo: Option<BTreeMap<String, String>>,
    /// Raise it to write `overrides_wo` into the copy again. It is written only where nobody has edited the copy and the
    /// token's policy allows `update`.
    pub overrides_wo_version: Option<u64>,
    /// What to do where a secret is that is not ours: `keep` (the default) leaves it and reports `kept_foreign`, `fail` fails.
    #[tf(default = "keep")]
    pub on_existing: Option<Text<OnExisting>>,
    /// `delete` (the default) removes all versions of the copies with the resource, edited or not; `keep` leaves them.
    #[tf(default = "delete")]
    pub on_destroy: Option<Text<OnDestroy>>,
    /// A secret on `mount` that is handed on as a reference only. It is never read.
    pub sensitive_path: Option<Text<SecretPath>>,
    /// How long operations may take.
    pub timeouts: Option<TimeoutsArgs>,
}

/// What is computed.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Output {
    /// `<target_mount>/<target_path>`; what an import takes.
    #[tf(keep)]
    pub id: String,
    /// The copies by path.
    #[tf(with = "Input::overrides_wo_version")]
    pub keys: BTreeMap<String, KeyArgs>,
    /// The copy's reference, `<mount>/<path>`, as `secretRef` of charts and `eod_vault_secret` take it.
    #[tf(keep)]
    pub secret_ref: String,
    /// The reference of `sensitive_path`, `<mount>/<path>`.
    #[tf(with = "Input::sensitive_path")]
    pub sensitive_secret_ref: Option<String>,
    /// The copy's page in Vault's web interface.
    #[tf(keep)]
    pub vault_ui_url: Option<String>,
    /// When the copy was made (RFC 3339, UTC).
    #[tf(keep)]
    pub created_at: String,
}

/// One copy.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct KeyArgs {
    /// The version of the source that was copied. Null where the source has no versions.
    pub source_version: Option<u64>,
    /// The version of the copy that was written.
    pub version: u64,
    /// `cloned`, `adopted` (an interrupted run had made it) or `kept_foreign` (another's secret was there and is left alone).
    pub result: String,
    /// Whether somebody has changed or deleted it since.
    pub edited: bool,
}

/// What is kept beside the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Private {
    /// The nonce in the marks of our copies.
    pub nonce: String,
    /// The installation in them.
    pub installation: Option<Installation>,
    /// When the server stored each copy, to the nanosecond as it wrote it, by path.
    pub created: BTreeMap<String, String>,
    /// Whether this is of a plan to make copies. The destroy of a tainted object that is replaced gets that in place of its
    /// own: Terraform plans the replacement as if there was nothing.
    pub planned: bool,
}

/// What to do where a secret is that is not ours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum OnExisting {
    #[default]
    Keep,
    Fail,
}

/// What becomes of the copies with the resource.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum OnDestroy {
    #[default]
    Delete,
    Keep,
}

impl FromStr for OnExisting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "fail" => Ok(Self::Fail),
            _ => Err(format!("expected `keep` or `fail`, got `{text}`")),
        }
    }
}

impl fmt::Display for OnExisting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "keep",
            Self::Fail => "fail",
        })
    }
}

impl FromStr for OnDestroy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "delete" => Ok(Self::Delete),
            "keep" => Ok(Self::Keep),
            _ => Err(format!("expected `delete` or `keep`, got `{text}`")),
        }
    }
}

impl fmt::Display for OnDestroy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::Keep => "keep",
        })
    }
}
