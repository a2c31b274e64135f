//! The ephemeral resource `eod_vault_secret`: a secret that is read for one run and stored nowhere.

use std::collections::BTreeMap;
use std::time::Duration;

use eod_clients::Deadline;
use eod_clients::vault::SecretRead;
use eod_domain::vault::{MountPath, SecretPath, SecretRef};
use tfplugin::{Attr, Config, Diag, Diags, Ephemeral, Model, Opened, Path, RequestContext, Text};

use crate::explain;
use crate::provider::{Context, unknown_vault};

/// It is one read.
const LIMIT: Duration = Duration::from_secs(60);

/// The ephemeral resource.
pub(crate) struct VaultSecret;

/// What the user writes: `path`, with or without `mount`, or `ref`.
#[derive(Model)]
pub(crate) struct Input {
    /// The KV mount. The default is `secret`.
    pub mount: Option<Text<MountPath>>,
    /// The secret below the mount.
    pub path: Option<Text<SecretPath>>,
    /// The secret as `<mount>/<path>`, such as `eod_vault_clone.config.secret_ref`.
    pub r#ref: Option<Text<SecretRef>>,
    /// The version. The newest where it is not given.
    #[tf(computed)]
    pub version: Option<u64>,
}

/// What is handed out.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// The entries. What is no string in Vault is JSON here.
    #[tf(sensitive)]
    pub data: BTreeMap<String, String>,
    /// The version. Null on a mount without versions.
    pub version: Option<u64>,
}

impl Ephemeral for VaultSecret {
    const TYPE: &'static str = "eod_vault_secret";
    const DESCRIPTION: &'static str = "A Vault secret for the time of one run: for provider blocks and write-only arguments. It is stored in no \
        state and no plan. It is opened as soon as its arguments are known, also in a plan, so hang it on `secret_ref` of the \
        `eod_vault_clone` that makes the secret, not on a literal.";

    type Context = Context;
    type Input = Input;
    type Output = Output;
    type Private = ();

    fn validate(&self, config: Config<'_>) -> Diags {
        let (mount, path) = (config.get(Input::MOUNT), config.get(Input::PATH));
        let reference = config.get(Input::REF);
        let told = |text: &str, at: Path| {
            Diag::error("Which secret?")
                .detail(text)
                .hint("give `path`, with `mount` where it is not `secret`, or `ref` alone")
                .at(at)
        };
        if path.is_null() && reference.is_null() {
            return told("One of `path` and `ref` is needed, and none is set.", Path::root()).into();
        }
        let is_set = matches!(path, Attr::Known(_)) || matches!(mount, Attr::Known(_));
        if is_set && matches!(reference, Attr::Known(_)) {
            return told("`ref` says mount and path, so neither can be set beside it.", Input::REF.path()).into();
        }
        match config.get(Input::VERSION) {
            Attr::Known(0) => explain::invalid(Input::VERSION.path(), "versions are numbered from 1, got 0").into(),
            _ => Diags::new(),
        }
    }

    async fn open(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Opened<Self>, Diags> {
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let vault = cx.vault()?;
        let (mount, secret) = match (input.r#ref, input.path) {
            (Some(reference), _) => {
                refuse_sensitive(cx, &reference, Input::REF.path())?;
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
        match found.map_err(|error| explain::remote(&error))? {
            SecretRead::Secret(read) => {
                let data = read.data.texts().map(|(key, text)| (key.to_owned(), text.into_owned())).collect();
                Ok(Opened { output: Output { data, version: read.version }, renew_at: None, private: () })
            }
            SecretRead::Deleted { version } => {
                let version = version.map(|version| format!(" {version}")).unwrap_or_default();
                Err(missing(&secret, &format!("its version{version} is deleted"), "restore it (`vault kv undelete`)"))
            }
            SecretRead::Absent => Err(missing(
                &secret,
                "there is none of this path and version",
                "check mount, path and version; if the same run makes it, use `ref = eod_vault_clone.<name>.secret_ref`",
            )),
        }
    }
}

/// A sensitive secret is only handed on by reference.
fn refuse_sensitive(cx: &Context, secret: &SecretRef, at: Path) -> Result<(), Diags> {
    let Some(patterns) = cx.sensitive_paths() else {
        // The patterns hang on something unknown; nothing may be read that they could cover.
        return Err(unknown_vault().into());
    };
    let Some(pattern) = patterns.covering(secret) else { return Ok(()) };
    let words = format!(
        "`{secret}` is sensitive (`vault.sensitive_paths` has `{pattern}`) and is never read; hand its reference to what \
         needs it instead"
    );
    Err(explain::invalid(at, &words).into())
}

fn missing(secret: &SecretRef, why: &str, hint: &str) -> Diags {
    Diag::error("There is no such secret")
        .detail(format!("The secret `{secret}` was not read: {why}."))
        .hint(hint)
        .into()
}
