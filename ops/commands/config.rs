//! Configuration file `eod.yaml`. Unknown keys are refused. Reading it contacts nothing.

mod forges;
mod reap;
mod vault;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use eod_domain::{
    Domain, Installation, Money, NamespaceName, Prices, Tier, TierOverrideError, TierOverrides, Tiers, Ttl,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

pub(crate) use self::forges::{ForgeAuthConfig, ForgeConfig, ForgeKindKey};
pub(crate) use self::reap::{KeepVaultPolicy, ReapConfig, RevivePolicy};
pub(crate) use self::vault::VaultConfig;

/// Version of the format of the file.
const VERSION: u32 = 1;

/// Configuration file. Every command checks the whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    version: u32,
    /// Installation.
    #[serde(default)]
    pub(crate) installation: Option<Installation>,
    /// Namespace of EoD's records.
    #[serde(default)]
    pub(crate) control_namespace: Option<NamespaceName>,
    /// Domain of the hosts.
    #[serde(default)]
    pub(crate) domain: Option<Domain>,
    /// Overrides of the presets of tiers.
    #[serde(default)]
    tiers: BTreeMap<Tier, TierOverrides>,
    /// Prices of resources.
    #[serde(default)]
    prices: PricesConfig,
    /// Argo CD in the same cluster.
    #[serde(default)]
    pub(crate) argocd: ArgocdConfig,
    /// Forges of the repositories.
    #[serde(default)]
    pub(crate) forges: Vec<ForgeConfig>,
    /// Policy of the reaper.
    #[serde(default)]
    pub(crate) reap: ReapConfig,
    /// Vault with the copies of environments.
    #[serde(default)]
    pub(crate) vault: VaultConfig,
    /// Blocks for parts that this version does not have. They must be empty.
    #[serde(default)]
    route53: Unsupported,
    #[serde(default)]
    postgres: Unsupported,
    #[serde(default)]
    notify: Unsupported,
}

/// Argo CD in the same cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ArgocdConfig {
    /// Namespaces with Applications; empty if Argo CD is in another cluster, or there is none.
    pub(crate) namespaces: Vec<NamespaceName>,
}

/// Prices of resources, in US dollars.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PricesConfig {
    cpu_hour_usd: Option<Money>,
    memory_gib_hour_usd: Option<Money>,
    storage_gib_month_usd: Option<Money>,
}

/// Block of a part that this version does not have: empty, or a list of entries that are refused.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(from = "Option<UnsupportedBlock>")]
struct Unsupported {
    is_set: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum UnsupportedBlock {
    Map(BTreeMap<String, IgnoredAny>),
    List(Vec<IgnoredAny>),
}

/// Mistakes in a configuration file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The file is not YAML of this format.
    #[error("{}: {problem}", path.display())]
    Format {
        /// Path of the file.
        path: PathBuf,
        /// Problem with its line.
        problem: String,
    },
    /// A value is invalid.
    #[error("{}: {problem}", path.display())]
    Value {
        /// Path of the file.
        path: PathBuf,
        /// Problem with its key.
        problem: String,
    },
}

impl ConfigFile {
    /// Reads a configuration file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses the text of a configuration file and checks its values against each other.
    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = serde_saphyr::from_str(text)
            .map_err(|error| ConfigError::Format { path: path.to_owned(), problem: first_line(&error.to_string()) })?;
        match config.mistake() {
            Some(problem) => Err(ConfigError::Value { path: path.to_owned(), problem }),
            None => Ok(config),
        }
    }

    fn mistake(&self) -> Option<String> {
        if self.version != VERSION {
            return Some(format!("`version` must be {VERSION}, got {}", self.version));
        }
        let blocks = [("route53", self.route53), ("postgres", self.postgres), ("notify", self.notify)];
        if let Some((name, _)) = blocks.into_iter().find(|(_, block)| block.is_set) {
            return Some(format!("`{name}` is not supported by this version of eod; remove it"));
        }
        if let Err(mistakes) = self.tiers() {
            let texts = mistakes.iter().map(|mistake| format!("{mistake}; {}", tier_remedy(&mistake.error)));
            return Some(texts.collect::<Vec<_>>().join("; "));
        }
        forges::mistake(&self.forges).or_else(|| self.reap.mistake()).or_else(|| self.vault.mistake())
    }

    /// Tiers with their overrides.
    pub(crate) fn tiers(&self) -> Result<Tiers, Vec<eod_domain::Mistake<TierOverrideError>>> {
        Tiers::default().with_overrides(&self.tiers)
    }

    /// Prices, with defaults for those that are not set.
    pub(crate) fn prices(&self) -> Prices {
        let PricesConfig { cpu_hour_usd, memory_gib_hour_usd, storage_gib_month_usd } = self.prices;
        let defaults = Prices::default();
        Prices {
            cpu_hour: cpu_hour_usd.unwrap_or(defaults.cpu_hour),
            memory_gib_hour: memory_gib_hour_usd.unwrap_or(defaults.memory_gib_hour),
            storage_gib_month: storage_gib_month_usd.unwrap_or(defaults.storage_gib_month),
        }
    }
}

fn tier_remedy(error: &TierOverrideError) -> String {
    match error {
        TierOverrideError::Permanent(_) => "remove this key".to_owned(),
        TierOverrideError::TtlAboveMaximum { .. } => format!("lower `ttl`, or raise `max_ttl` (at most {})", Ttl::MAX),
        TierOverrideError::WarningTooLong { .. } => "lower `warning`, or raise `ttl`".to_owned(),
    }
}

/// Position and message of an error of the parser. The lines after it quote the file, which may contain tokens.
fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

impl From<Option<UnsupportedBlock>> for Unsupported {
    fn from(block: Option<UnsupportedBlock>) -> Self {
        let is_set = match block {
            None => false,
            Some(UnsupportedBlock::Map(map)) => !map.is_empty(),
            Some(UnsupportedBlock::List(list)) => !list.is_empty(),
        };
        Self { is_set }
    }
}

#[cfg(test)]
mod tests;
