//! Tiers, prices and labels of the provider block.

use std::collections::BTreeMap;

use eod_domain::{Mistake, Money, Prices, Tier, TierOverrideError, TierOverrides, Tiers, Ttl, UserLabels};
use tfplugin::{Attr, Config, Diag, Diags, Key, Model, Number, Path, Text};

use super::ProviderConfig;
use crate::explain;
use crate::quota::TierQuotaArgs;

/// Overrides of one tier.
#[derive(Model)]
pub struct TierArgs {
    /// TTL of environments that set none.
    pub ttl: Option<Text<Ttl>>,
    /// Maximum `ttl` of an environment.
    pub max_ttl: Option<Text<Ttl>>,
    /// Time before the expiry with the status `expiring`.
    pub warning: Option<Text<Ttl>>,
    /// Quota of environments that set none.
    pub quota: Option<TierQuotaArgs>,
}

/// Prices of resources, in US dollars.
#[derive(Model)]
pub struct PricesArgs {
    /// Price of one CPU per hour. Default: 0.04.
    pub cpu_hour_usd: Option<Number>,
    /// Price of one GiB of memory per hour. Default: 0.0044.
    pub memory_gib_hour_usd: Option<Number>,
    /// Price of one GiB of storage per month of 730 hours. Default: 0.10.
    pub storage_gib_month_usd: Option<Number>,
}

/// Mistakes that the types of the attributes cannot exclude.
pub(super) fn mistakes(config: Config<'_, ProviderConfig>) -> Diags {
    let mut diags = Diags::new();
    diags.extend(tiers(config).err().unwrap_or_default());
    diags.extend(prices(config).err().unwrap_or_default());
    diags.extend(default_labels(config).err().unwrap_or_default());
    diags
}

/// The tiers with their overrides.
pub(super) fn tiers(config: Config<'_, ProviderConfig>) -> Result<Attr<Tiers>, Diags> {
    let overrides = match config.get(ProviderConfig::TIERS) {
        Attr::Null => return Ok(Attr::Known(Tiers::default())),
        Attr::Unknown => return Ok(Attr::Unknown),
        Attr::Known(overrides) => overrides,
    };
    let mut diags = Diags::new();
    let mut known = BTreeMap::new();
    for (name, args) in overrides {
        match name.parse::<Tier>() {
            Ok(tier) => {
                known.insert(tier, args.overrides());
            }
            Err(error) => {
                diags.push(explain::invalid(Path::from(ProviderConfig::TIERS).key(name), &error.to_string()));
            }
        }
    }
    match Tiers::default().with_overrides(&known) {
        Ok(tiers) if !diags.has_errors() => Ok(Attr::Known(tiers)),
        Ok(_) => Err(diags),
        Err(mistakes) => {
            diags.extend(mistakes.iter().map(tier_error));
            Err(diags)
        }
    }
}

/// Prices, with defaults for those that are not set.
pub(super) fn prices(config: Config<'_, ProviderConfig>) -> Result<Attr<Prices>, Diags> {
    let args = match config.get(ProviderConfig::PRICES) {
        Attr::Null => return Ok(Attr::Known(Prices::default())),
        Attr::Unknown => return Ok(Attr::Unknown),
        Attr::Known(args) => args,
    };
    let PricesArgs { cpu_hour_usd, memory_gib_hour_usd, storage_gib_month_usd } = args;
    let mut diags = Diags::new();
    let mut price = |key: Key<PricesArgs, Number>, value: Option<Number>, default: Money| match value
        .map(|value| value.to_string().parse::<Money>())
    {
        None => default,
        Some(Ok(price)) => price,
        Some(Err(error)) => {
            let at = Path::from(ProviderConfig::PRICES).attribute(key.name());
            diags.push(explain::invalid(at, &error.to_string()));
            default
        }
    };
    let defaults = Prices::default();
    let prices = Prices {
        cpu_hour: price(PricesArgs::CPU_HOUR_USD, cpu_hour_usd, defaults.cpu_hour),
        memory_gib_hour: price(PricesArgs::MEMORY_GIB_HOUR_USD, memory_gib_hour_usd, defaults.memory_gib_hour),
        storage_gib_month: price(PricesArgs::STORAGE_GIB_MONTH_USD, storage_gib_month_usd, defaults.storage_gib_month),
    };
    diags.into_result(Attr::Known(prices))
}

/// Labels of all objects that are created.
pub(super) fn default_labels(config: Config<'_, ProviderConfig>) -> Result<Attr<UserLabels>, Diags> {
    match config.get(ProviderConfig::DEFAULT_LABELS) {
        Attr::Null => Ok(Attr::Known(UserLabels::default())),
        Attr::Unknown => Ok(Attr::Unknown),
        Attr::Known(labels) => explain::user_labels(&labels, &ProviderConfig::DEFAULT_LABELS.path()).map(Attr::Known),
    }
}

impl TierArgs {
    fn overrides(self) -> TierOverrides {
        let Self { ttl, max_ttl, warning, quota } = self;
        TierOverrides {
            ttl: ttl.map(|ttl| ttl.0),
            max_ttl: max_ttl.map(|ttl| ttl.0),
            warning: warning.map(|ttl| ttl.0),
            quota: quota.map(TierQuotaArgs::settings).unwrap_or_default(),
        }
    }
}

/// The diagnostic of a mistake in a tier. The domain writes its path as `tiers.full.ttl`, Terraform as `tiers["full"].ttl`.
fn tier_error(mistake: &Mistake<TierOverrideError>) -> Diag {
    let mut steps = mistake.path.iter();
    let mut path = steps.next().map_or_else(Path::root, |first| Path::root().attribute(first));
    if let Some(tier) = steps.next() {
        path = path.key(tier);
    }
    let path = steps.fold(path, tfplugin::Path::attribute);
    explain::with_remedy(path, &mistake.error)
}
