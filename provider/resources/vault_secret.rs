//! The ephemeral resource `eod_vault_secret`: a secret that is read for one run and never stored.

use std::collections::BTreeMap;
use std::time::Duration;

use eod_clients::Deadline;
use eod_clients::vault::SecretRead;
use eod_domain::vault::{MountPath, SecretPath, SecretRef};
use tfplugin::{Attr, Config, Diag, Diags, Ephemeral, Model, Opened, Path, RequestContext, Text};

use crate::explain;
use crate::provider::{Context, unknown_vault_error};

/// Maximum duration of opening the secret, which is one read.
const LIMIT: Duration = Duration::from_secs(60);

/// The ephemeral resource.
pub(crate) struct VaultSecret;

/// Arguments set by the user: `path`, with or without `mount`, or `ref`.
#[derive(Model)]
pub(crate) struct Input {
    /// KV mount. Default: `secret`.
    pub mount: Option<Text<MountPath>>,
    /// Path of the secret below the mount.
    pub path: Option<Text<SecretPath>>,
    /// Reference of the secret, `<mount>/<path>`, such as `eod_vault_clone.config.secret_ref`.
    pub r#ref: Option<Text<SecretRef>>,
    /// Version. Default: the newest.
    #[tf(computed)]
    pub version: Option<u64>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Entries of the secret. Values that are not strings in Vault are encoded as JSON.
    #[tf(sensitive)]
    pub data: BTreeMap<String, String>,
    /// Version that was read. Null on a mount without versions.
    pub version: Option<u64>,
}

impl Ephemeral for VaultSecret {
    const TYPE: &'static str = "eod_vault_secret";
    const DESCRIPTION: &'static str = "A Vault secret for the duration of one run, for provider blocks and write-only arguments. It is never \
        stored in a state or plan. It is opened as soon as its arguments are known, also during a plan. If the same run creates \
        the secret, refer to `secret_ref` of its `eod_vault_clone`, not to a literal path.";

    type Context = Context;
    type Input = Input;
    type Output = Output;
    type Private = ();

    fn validate(&self, config: Config<'_, Input>) -> Diags {
        let (mount, path) = (config.get(Input::MOUNT), config.get(Input::PATH));
        let reference = config.get(Input::REF);
        let unclear = |text: &str, at: Path| {
            Diag::error("The secret is not identified")
                .detail(text)
                .hint("set `path` (and `mount` if it is not `secret`), or set only `ref`")
                .at(at)
        };
        if path.is_null() && reference.is_null() {
            return unclear("One of `path` and `ref` is required, and none is set.", Path::root()).into();
        }
        let is_set = matches!(path, Attr::Known(_)) || matches!(mount, Attr::Known(_));
        if is_set && matches!(reference, Attr::Known(_)) {
            let text = "`ref` contains mount and path, so `mount` and `path` cannot be set with it.";
            return unclear(text, Input::REF.path()).into();
        }
        match config.get(Input::VERSION) {
            Attr::Known(0) => explain::invalid(Input::VERSION.path(), "versions are numbered from 1, got 0").into(),
            _ => Diags::new(),
        }
    }

    async fn open(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Opened<Self>, Diags> {
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let vault = cx.vault()?;
        let mut at = Input::PATH.path();
        let (mount, secret) = match (input.r#ref, input.path) {
            (Some(reference), _) => {
                refuse_sensitive(cx, &reference, Input::REF.path())?;
                at = Input::REF.path();
                vault.split(&reference, &remote).await.map_err(|error| explain::remote(&error))?
            }
            (None, Some(path)) => {
                let secret = SecretRef::new(input.mount.map(|mount| mount.0).unwrap_or_default(), path.0);
                refuse_sensitive(cx, &secret, Input::PATH.path())?;
                (vault.mount(secret.mount(), &remote).await.map_err(|error| explain::remote(&error))?, secret)
            }
            (None, None) => return Err(Diag::bug("an ephemeral secret without `path` and `ref` was opened").into()),
        };
        let found = vault.read(&mount, secret.path(), input.version, &remote).await;
        match found.map_err(|error| explain::unreadable_secret(&error, &secret, at.clone()))? {
            SecretRead::Secret(read) => {
                let data = read.data.texts().map(|(key, text)| (key.to_owned(), text.into_owned())).collect();
                Ok(Opened { output: Output { data, version: read.version }, renew_at: None, private: () })
            }
            SecretRead::Deleted { version } => {
                let version = version.map(|version| format!(" {version}")).unwrap_or_default();
                Err(missing_diags(&secret, &format!("its version{version} is deleted"), "restore it (`vault kv undelete`)"))
            }
            SecretRead::Absent => Err(missing_diags(
                &secret,
                "Vault has no secret with this path and version",
                &explain::pasted_hint(&secret, &at.to_string()).unwrap_or_else(|| {
                    "check mount, path and version; if the same run creates it, use `ref = eod_vault_clone.<name>.secret_ref`"
                        .to_owned()
                }),
            )),
        }
    }
}

/// Fails for a sensitive secret, which can only be used as a reference.
fn refuse_sensitive(cx: &Context, secret: &SecretRef, at: Path) -> Result<(), Diags> {
    let Some(patterns) = cx.sensitive_paths() else {
        // The patterns depend on an unknown value, so any secret may match them.
        return Err(unknown_vault_error().into());
    };
    let Some(pattern) = patterns.covering(secret) else { return Ok(()) };
    let words = format!(
        "`{secret}` is sensitive (`vault.sensitive_paths` has `{pattern}`) and is never read; use its reference instead"
    );
    Err(explain::invalid(at, &words).into())
}

fn missing_diags(secret: &SecretRef, why: &str, hint: &str) -> Diags {
    Diag::error("The secret does not exist")
        .detail(format!("The secret `{secret}` was not read: {why}."))
        .hint(hint)
        .into()
}
