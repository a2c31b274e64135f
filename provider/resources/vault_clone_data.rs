//! The data source `eod_vault_clone`: copies of another configuration. It reads metadata only.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use eod_clients::Deadline;
use eod_clients::vault::clone;
use eod_domain::Installation;
use eod_domain::vault::{EnvironmentLabel, MountPath, SecretPath, SecretRef};
use tfplugin::{DataSource, Diag, Diags, Model, RequestContext, Text};

use crate::explain;
use crate::provider::Context;
use crate::vault_clone::{Copies, KeyArgs};

/// Maximum duration of the lookup of a subtree.
const LIMIT: Duration = Duration::from_secs(120);

/// The data source.
pub(crate) struct VaultCloneData;

/// Arguments set by the user.
#[derive(Model)]
pub(crate) struct Input {
    /// KV mount of the copy. Default: `secret`.
    pub target_mount: Option<Text<MountPath>>,
    /// Path of the copy, or of the root of the copied subtree, below the mount.
    pub target_path: Text<SecretPath>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// `<target_mount>/<target_path>`.
    pub id: String,
    /// Environment of the copy.
    pub environment: Text<EnvironmentLabel>,
    /// Installation that created it.
    pub installation: Text<Installation>,
    /// Source of the copy, `<mount>/<path>`.
    pub source_ref: String,
    /// True if it is a subtree.
    pub recursive: bool,
    /// Copies by path.
    pub keys: BTreeMap<String, KeyArgs>,
    /// Reference of the copy, `<mount>/<path>`.
    pub secret_ref: String,
    /// URL of the copy in Vault's web interface.
    pub vault_ui_url: Option<String>,
    /// Time of creation of the copy (RFC 3339, UTC).
    pub created_at: String,
}

impl DataSource for VaultCloneData {
    const TYPE: &'static str = "eod_vault_clone";
    const DESCRIPTION: &'static str = "Copies of secrets that an `eod_vault_clone` of another configuration has created. Only metadata is read, never a value.";

    type Context = Context;
    type Input = Input;
    type Output = Output;

    async fn read(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Output, Diags> {
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let vault = cx.vault()?;
        let mount = input.target_mount.map(|mount| mount.0).unwrap_or_default();
        let target = SecretRef::new(mount, input.target_path.0);
        let found = clone::inspect(vault, &target, &remote).await.map_err(|error| explain::remote(&error))?;
        let now = cx.now();
        let copies = Copies::among(&found, SystemTime::from(now)).ok_or_else(|| {
            Diag::error("The copy does not exist")
                .detail(format!("Nothing at or below `{}` has the ownership metadata of EoD.", found.root))
                .hint("check `target_mount` and `target_path`, and whether the token may read the metadata there")
                .at(Input::TARGET_PATH)
        })?;
        Ok(Output {
            id: copies.target.to_string(),
            secret_ref: copies.target.to_string(),
            vault_ui_url: vault.ui_url(&copies.target),
            keys: copies.keys(),
            created_at: copies.created_at(now).to_string(),
            environment: Text(copies.environment),
            installation: Text(copies.installation),
            source_ref: copies.source,
            recursive: copies.recursive,
        })
    }
}
