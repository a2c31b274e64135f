//! The argument `vault` and its Vault.

use std::collections::BTreeMap;

use eod_clients::vault::{Auth, JwtSource, Vault, VaultAccess, VaultAccessError, VaultSettings};
use eod_domain::vault::{GlobError, Globs};
use tfplugin::{Attr, Config, Diag, Diags, Key, Model, Path};

use super::ProviderConfig;
use super::secrets::ProviderVault;
use crate::explain;

/// Connection to Vault, secrets that are never read, and allowed targets of copies.
#[derive(Model)]
pub struct VaultArgs {
    /// URL of the server, such as `https://vault.acme.internal:8200`. Also from `VAULT_ADDR`. There is no default.
    pub address: Option<String>,
    /// Namespace of Vault Enterprise or OpenBao. Also from `VAULT_NAMESPACE`.
    pub namespace: Option<String>,
    /// Certificate authority of the server, in PEM format or as the path of a file. Also from `VAULT_CACERT`.
    pub ca_cert: Option<String>,
    /// True to accept any server certificate. Only for tests. Also from `VAULT_SKIP_VERIFY`.
    pub skip_verify: Option<bool>,
    /// Patterns for `<mount>/<path>` of secrets that are never read. `*` also matches slashes, and `x/*` also matches `x`.
    /// Default: `["*/sensitive/*"]`.
    pub sensitive_paths: Option<Vec<String>>,
    /// Patterns for `<mount>/<path>` of allowed targets of copies. Default: `["*/preview/*"]`.
    pub target_prefixes: Option<Vec<String>>,
    /// Authentication method. Default: the token in `VAULT_TOKEN`; there is no other fallback.
    pub auth: Option<VaultAuthArgs>,
}

/// Authentication method: exactly one.
#[derive(Model)]
pub struct VaultAuthArgs {
    /// Existing token.
    #[tf(sensitive)]
    pub token: Option<String>,
    /// AppRole login.
    pub approle: Option<AppRoleArgs>,
    /// Login with the token of a Kubernetes service account.
    pub kubernetes: Option<KubernetesLoginArgs>,
    /// Login with a JWT, such as the identity token of a pipeline or of an HCP Terraform workspace.
    pub jwt: Option<JwtLoginArgs>,
}

/// AppRole login.
#[derive(Model)]
pub struct AppRoleArgs {
    /// Id of the role.
    pub role_id: String,
    /// Secret id of the role.
    #[tf(sensitive)]
    pub secret_id: String,
    /// Auth mount. Default: `approle`.
    pub mount: Option<String>,
}

/// Login with the token of a Kubernetes service account.
#[derive(Model)]
pub struct KubernetesLoginArgs {
    /// Name of the role.
    pub role: String,
    /// Path of the file with the token, read at every login. Default: the token of the pod.
    pub token_path: Option<String>,
    /// Auth mount. Default: `kubernetes`.
    pub mount: Option<String>,
}

/// Login with a JWT: `token` or `token_path`.
#[derive(Model)]
pub struct JwtLoginArgs {
    /// Name of the role. Default: that of the auth mount.
    pub role: Option<String>,
    /// JWT.
    #[tf(sensitive)]
    pub token: Option<String>,
    /// Path of a file with the JWT, read at every login.
    pub token_path: Option<String>,
    /// Auth mount. Default: `jwt`.
    pub mount: Option<String>,
}

/// Mistakes in the argument, if it is known.
pub(super) fn mistakes(config: Config<'_, ProviderConfig>, environment: &BTreeMap<String, String>) -> Diags {
    let mut diags = globs(config).map(drop).err().unwrap_or_default();
    let block = config.nested(ProviderConfig::VAULT).map(Config::object);
    let empty =
        block.map(|block| explain::empty_strings(block, &ProviderConfig::VAULT.path(), &[])).unwrap_or_default();
    if empty.has_errors() {
        diags.extend(empty);
    } else if !config.get(ProviderConfig::VAULT).is_unknown() {
        diags.extend(access(config, environment).err().unwrap_or_default());
    }
    diags
}

/// The Vault of the argument and the environment variables. No server is contacted.
pub(super) fn secrets(
    config: Config<'_, ProviderConfig>,
    environment: &BTreeMap<String, String>,
    user_agent: &str,
) -> Result<ProviderVault, Diags> {
    let (sensitive, targets) = globs(config)?;
    let vault = match config.get(ProviderConfig::VAULT) {
        Attr::Unknown => None,
        Attr::Null | Attr::Known(_) => Some(Vault::new(access(config, environment)?, user_agent)),
    };
    Ok(ProviderVault { vault, sensitive, targets })
}

/// Parser of a list of patterns. An error has the position of its pattern.
pub(crate) type ParseGlobs = fn(&[String]) -> Result<Globs, (usize, GlobError)>;

/// The patterns. They may be known while other parts of the argument are not.
fn globs(config: Config<'_, ProviderConfig>) -> Result<(Attr<Globs>, Attr<Globs>), Diags> {
    let Some(block) = config.nested(ProviderConfig::VAULT) else {
        let is_unknown = config.get(ProviderConfig::VAULT).is_unknown();
        let or_default = |globs: Globs| if is_unknown { Attr::Unknown } else { Attr::Known(globs) };
        return Ok((or_default(Globs::default_sensitive()), or_default(Globs::default_targets())));
    };
    let mut diags = Diags::new();
    let mut parsed = |key: Key<VaultArgs, Vec<String>>, default: Globs, parse: ParseGlobs| match block.get(key) {
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

fn access(config: Config<'_, ProviderConfig>, environment: &BTreeMap<String, String>) -> Result<VaultAccess, Diags> {
    let settings = match config.get(ProviderConfig::VAULT) {
        Attr::Known(args) => args.settings()?,
        Attr::Null | Attr::Unknown => VaultSettings::default(),
    };
    settings
        .or_environment(|name| environment.get(name).cloned())
        .and_then(VaultAccess::new)
        .map_err(|error| Diags::from(access_error(&error)))
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
                .detail("Exactly one of `token`, `approle`, `kubernetes` and `jwt` is required.")
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
                    .detail("Exactly one of `token` and `token_path` is required.")
                    .hint("set `token` to the JWT, or `token_path` to the path of a file with it")
                    .at(Path::from(ProviderConfig::VAULT).attribute("auth").attribute("jwt")));
            }
        };
        Ok(Auth::Jwt { role, jwt, mount })
    }
}

fn access_error(error: &VaultAccessError) -> Diag {
    let path = Path::from(ProviderConfig::VAULT);
    let path = error.field().iter().flat_map(|field| field.split('.')).fold(path, Path::attribute);
    Diag::error("Invalid access to Vault").cause(error).hint(explain::vault::access(error)).at(path)
}
