//! Settings of a command: flags, then environment variables, then the configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use eod_domain::{Domain, Installation, NamespaceName, Prices, Tiers};

use crate::arguments::CommonArguments;
use crate::config::{ConfigError, ConfigFile, ForgeConfig, ReapConfig, VaultConfig};
use crate::failure::Failure;

/// File that is read if it exists.
const DEFAULT_FILE: &str = "/etc/eod/eod.yaml";

/// Settings of a command.
#[derive(Clone, Debug)]
pub(crate) struct OpsSettings {
    /// Installation.
    pub(crate) installation: Installation,
    /// Namespace of EoD's records.
    pub(crate) control_namespace: NamespaceName,
    /// Domain of the hosts.
    pub(crate) domain: Option<Domain>,
    /// Tiers with their overrides.
    pub(crate) tiers: Tiers,
    /// Prices of resources.
    pub(crate) prices: Prices,
    /// Namespaces with Applications of Argo CD.
    pub(crate) argocd: Vec<NamespaceName>,
    /// Policy of the reaper.
    pub(crate) reap: ReapConfig,
    /// True if the installation is set by a flag, a variable or the file.
    pub(crate) has_installation: bool,
    /// Forges of the repositories.
    pub(crate) forges: Vec<ForgeConfig>,
    /// Vault with the copies of environments.
    pub(crate) vault: VaultConfig,
}

impl OpsSettings {
    /// Reads the configuration file and applies flags and environment variables.
    pub(crate) fn read(arguments: &CommonArguments, environment: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let file = config_file(arguments, environment);
        let config = file.map(|path| ConfigFile::read(&path)).transpose()?;
        let config = config.as_ref();
        let installation = match &arguments.installation {
            Some(installation) => Some(installation.clone()),
            None => variable(environment, "EOD_INSTALLATION")?,
        };
        let control_namespace = match &arguments.control_namespace {
            Some(namespace) => Some(namespace.clone()),
            None => variable(environment, "EOD_CONTROL_NAMESPACE")?,
        };
        let defaults = eod_domain::Settings::default();
        let tiers = config.map(ConfigFile::tiers).transpose().unwrap_or_default();
        let installation = installation.or_else(|| config?.installation.clone());
        Ok(Self {
            has_installation: installation.is_some(),
            reap: config.map(|config| config.reap.clone()).unwrap_or_default(),
            argocd: config.map(|config| config.argocd.namespaces.clone()).unwrap_or_default(),
            installation: installation.unwrap_or(defaults.installation),
            control_namespace: control_namespace
                .or_else(|| config?.control_namespace.clone())
                .unwrap_or(defaults.control_namespace),
            domain: match variable(environment, "EOD_DOMAIN")? {
                Some(domain) => Some(domain),
                None => config.and_then(|config| config.domain.clone()),
            },
            tiers: tiers.unwrap_or(defaults.tiers),
            prices: config.map_or(defaults.prices, ConfigFile::prices),
            forges: config.map(|config| config.forges.clone()).unwrap_or_default(),
            vault: config.map(|config| config.vault.clone()).unwrap_or_default(),
        })
    }
}

/// Path of the configuration file; none if there is none.
fn config_file(arguments: &CommonArguments, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let variable = environment.get("EOD_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    let default = Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file());
    arguments.config.clone().or(variable).or(default)
}

fn variable<T: std::str::FromStr<Err: std::fmt::Display>>(
    environment: &BTreeMap<String, String>,
    name: &str,
) -> Result<Option<T>, Failure> {
    let text = environment.get(name).filter(|text| !text.is_empty());
    let parse = |text: &String| {
        text.parse().map_err(|error| Failure::usage(format!("environment variable {name} is invalid: {error}")))
    };
    text.map(parse).transpose()
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::usage(format!("{error}{cause}"))
    }
}
