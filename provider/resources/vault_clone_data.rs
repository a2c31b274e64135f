//! The data source `eod_vault_clone`: copies of another configuration. It reads metadata only.

use std::time::{Duration, SystemTime};

use eod_clients::Deadline;
use eod_clients::vault::clone;
use eod_domain::Installation;
use eod_domain::vault::{EnvironmentLabel, MountPath, SecretPath, SecretRef};
use tfplugin::{DataSource, Diag, Diags, Model, RequestContext, Text};

use crate::explain;
use crate::provider::Context;
use crate::vault_clone::{self, Copies};

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
    /// Environment of the copy.
    pub environment: Text<EnvironmentLabel>,
    /// Installation that created it.
    pub installation: Text<Installation>,
    /// Source of the copy, `<mount>/<path>`.
    pub source_ref: String,
    /// True if it is a subtree.
    pub recursive: bool,
    /// Computed attributes of the resource.
    #[tf(flatten(except = "sensitive_secret_ref"))]
    pub copy: vault_clone::Output,
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
            let pasted = explain::pasted_hint(&target, &Input::TARGET_PATH.path().to_string());
            let general = "check `target_mount` and `target_path`, and that the token may read the metadata there";
            Diag::error("The copy does not exist")
                .detail(format!("Nothing at or below `{}` has the ownership metadata of EoD.", found.root))
                .hint(pasted.unwrap_or_else(|| general.to_owned()))
                .at(Input::TARGET_PATH)
        })?;
        Ok(Output {
            copy: vault_clone::Output {
                id: copies.target.to_string(),
                keys: copies.keys(),
                secret_ref: copies.target.to_string(),
                sensitive_secret_ref: None,
                vault_ui_url: vault.ui_url(&copies.target),
                created_at: copies.created_at_or_now(now).to_string(),
            },
            environment: Text(copies.environment),
            installation: Text(copies.installation),
            source_ref: copies.source,
            recursive: copies.recursive,
        })
    }
}
