//! The `vault` block, and the Vault that it names.

use std::collections::BTreeMap;

use eod_clients::vault::{Auth, JwtSource, Vault, VaultAccess, VaultAccessError, VaultSettings};
use eod_domain::vault::{GlobError, Globs};
use tfplugin::{Attr, Config, Diag, Diags, Key, Model, Path};

use super::ProviderConfig;
use super::secrets::Secrets;
use crate::explain;

/// How to reach a Vault, what may never be read in it, and where copies may go.
#[derive(Model)]
pub struct VaultArgs {
    /// URL of the server, such as `https://vault.acme.internal:8200`. Also from `VAULT_ADDR`; there is no default.
    pub address: Option<String>,
    /// The namespace (Vault Enterprise, OpenBao). Also from `VAULT_NAMESPACE`.
    pub namespace: Option<String>,
    /// The certificate authority that signed the server's certificate: PEM, or the path of a file with it. Also from
    /// `VAULT_CACERT`.
    pub ca_cert: Option<String>,
    /// Whether to accept any server certificate. Never use it for anything real. Also from `VAULT_SKIP_VERIFY`.
    pub skip_verify: Option<bool>,
    /// Patterns over `<mount>/<path>` of secrets that are never read; `*` crosses slashes, and `x/*` covers `x` itself.
    /// The default is `["*/sensitive/*"]`.
    pub sensitive_paths: Option<Vec<String>>,
    /// Patterns over `<mount>/<path>` of where copies may go. The default is `["*/preview/*"]`.
    pub target_prefixes: Option<Vec<String>>,
    /// How to get a token. Without it the token comes from `VAULT_TOKEN`; no other is looked for.
    pub auth: Option<VaultAuthArgs>,
}

/// One way to get a token.
#[derive(Model)]
pub struct VaultAuthArgs {
    /// A token that is there already.
    #[tf(sensitive)]
    pub token: Option<String>,
    /// A login with a role and its secret.
    pub approle: Option<AppRoleArgs>,
    /// A login with the token of a Kubernetes service account.
    pub kubernetes: Option<KubernetesLoginArgs>,
    /// A login with a JWT, such as the identity token of a pipeline or of an HCP Terraform workspace.
    pub jwt: Option<JwtLoginArgs>,
}

/// A login with a role and its secret.
#[derive(Model)]
pub struct AppRoleArgs {
    /// The role's id.
    pub role_id: String,
    /// The secret that goes with it.
    #[tf(sensitive)]
    pub secret_id: String,
    /// The auth mount. The default is `approle`.
    pub mount: Option<String>,
}

/// A login with the token of a Kubernetes service account.
#[derive(Model)]
pub struct KubernetesLoginArgs {
    /// The role.
    pub role: String,
    /// The file with the token, which is read at every login. The default is that of the pod this runs in.
    pub token_path: Option<String>,
    /// The auth mount. The default is `kubernetes`.
    pub mount: Option<String>,
}

/// A login with a JWT: `token` or `token_path`.
#[derive(Model)]
pub struct JwtLoginArgs {
    /// The role. The default is the auth mount's.
    pub role: Option<String>,
    /// The JWT.
    #[tf(sensitive)]
    pub token: Option<String>,
    /// A file with it, which is read at every login.
    pub token_path: Option<String>,
    /// The auth mount. The default is `jwt`.
    pub mount: Option<String>,
}

/// Every mistake of the block, where it is known.
pub(super) fn mistakes(config: Config<'_>, environment: &BTreeMap<String, String>) -> Diags {
    let mut diags = globs(config).map(drop).err().unwrap_or_default();
    if !config.get(ProviderConfig::VAULT).is_unknown() {
        diags.extend(access(config, environment).err().unwrap_or_default());
    }
    diags
}

/// What block and environment name. Nothing is contacted.
pub(super) fn secrets(
    config: Config<'_>,
    environment: &BTreeMap<String, String>,
    user_agent: &str,
) -> Result<Secrets, Diags> {
    let (sensitive, targets) = globs(config)?;
    let vault = match config.get(ProviderConfig::VAULT) {
        Attr::Unknown => None,
        Attr::Null | Attr::Known(_) => Some(Vault::new(access(config, environment)?, user_agent)),
    };
    Ok(Secrets { vault, sensitive, targets })
}

/// One of the ways to read a list of patterns: a mistake comes with its position.
type ParseGlobs = fn(&[String]) -> Result<Globs, (usize, GlobError)>;

/// The patterns, which may be known while other parts of the block are not.
fn globs(config: Config<'_>) -> Result<(Attr<Globs>, Attr<Globs>), Diags> {
    let Some(block) = config.nested(ProviderConfig::VAULT) else {
        let is_unknown = config.get(ProviderConfig::VAULT).is_unknown();
        let or_default = |globs: Globs| if is_unknown { Attr::Unknown } else { Attr::Known(globs) };
        return Ok((or_default(Globs::default_sensitive()), or_default(Globs::default_targets())));
    };
    let mut diags = Diags::new();
    let mut parsed = |key: Key<Vec<String>>, default: Globs, parse: ParseGlobs| match block.get(key) {
        Attr::Null => Attr::Known(default),
        Attr::Unknown => Attr::Unknown,
        Attr::Known(patterns) => match parse(&patterns) {
            Ok(globs) => Attr::Known(globs),
            Err((position, error)) => {
                let list = Path::from(ProviderConfig::VAULT).attribute(key.name());
                let at = if patterns.is_empty() { list } else { list.index(i64::try_from(position).unwrap_or(0)) };
                diags.push(explain::invalid(at, &error.to_string()));
                Attr::Unknown
            }
        },
    };
    let sensitive = parsed(VaultArgs::SENSITIVE_PATHS, Globs::default_sensitive(), Globs::sensitive);
    let targets = parsed(VaultArgs::TARGET_PREFIXES, Globs::default_targets(), Globs::targets);
    diags.into_result((sensitive, targets))
}

fn access(config: Config<'_>, environment: &BTreeMap<String, String>) -> Result<VaultAccess, Diags> {
    let settings = match config.get(ProviderConfig::VAULT) {
        Attr::Known(args) => args.settings()?,
        Attr::Null | Attr::Unknown => VaultSettings::default(),
    };
    settings
        .or_environment(|name| environment.get(name).cloned())
        .and_then(VaultAccess::new)
        .map_err(|error| Diags::from(told(&error)))
}

impl VaultArgs {
    fn settings(self) -> Result<VaultSettings, Diag> {
        let Self { address, namespace, ca_cert, skip_verify, sensitive_paths: _, target_prefixes: _, auth } = self;
        let auth = auth.map(VaultAuthArgs::auth).transpose()?;
        Ok(VaultSettings { address, namespace, ca_cert, skip_verify, auth, ..VaultSettings::default() })
    }
}

impl VaultAuthArgs {
    fn auth(self) -> Result<Auth, Diag> {
        let at = Path::from(ProviderConfig::VAULT).attribute("auth");
        match self {
            Self { token: Some(token), approle: None, kubernetes: None, jwt: None } => Ok(Auth::Token(token.into())),
            Self { token: None, approle: Some(login), kubernetes: None, jwt: None } => {
                let AppRoleArgs { role_id, secret_id, mount } = login;
                Ok(Auth::AppRole { role_id, secret_id: secret_id.into(), mount })
            }
            Self { token: None, approle: None, kubernetes: Some(login), jwt: None } => {
                let KubernetesLoginArgs { role, token_path, mount } = login;
                Ok(Auth::Kubernetes { role, token_path, mount })
            }
            Self { token: None, approle: None, kubernetes: None, jwt: Some(login) } => login.auth(),
            _ => Err(Diag::error("Invalid vault.auth")
                .detail("Exactly one of `token`, `approle`, `kubernetes` and `jwt` is needed.")
                .hint("keep one of them, or remove `auth` to take the token from VAULT_TOKEN")
                .at(at)),
        }
    }
}

impl JwtLoginArgs {
    fn auth(self) -> Result<Auth, Diag> {
        let Self { role, token, token_path, mount } = self;
        let jwt = match (token, token_path) {
            (Some(token), None) => JwtSource::Token(token.into()),
            (None, Some(path)) => JwtSource::File(path),
            _ => {
                return Err(Diag::error("Invalid vault.auth.jwt")
                    .detail("Exactly one of `token` and `token_path` is needed.")
                    .hint("give the JWT in `token`, or the file that holds it in `token_path`")
                    .at(Path::from(ProviderConfig::VAULT).attribute("auth").attribute("jwt")));
            }
        };
        Ok(Auth::Jwt { role, jwt, mount })
    }
}

fn told(error: &VaultAccessError) -> Diag {
    let path = Path::from(ProviderConfig::VAULT);
    let path = error.field().iter().flat_map(|field| field.split('.')).fold(path, Path::attribute);
    Diag::error("Invalid access to Vault").cause(error).hint(explain::vault::access(error)).at(path)
}
