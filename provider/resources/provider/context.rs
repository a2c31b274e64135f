//! [`Context`]: the configured provider.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use eod_clients::kubernetes::{Kubernetes, LedgerConfigMaps, NamespaceReader, ServerTime};
use eod_domain::ledger::pipeline_run;
use eod_domain::{Domain, Installation, NameTemplate, NamespaceName, Prices, Settings, Tier, Tiers, UserLabels};
use jiff::{SignedDuration, Timestamp};
use tfplugin::{Attr, Config, Diag, Diags, Field, Key, Text};

use super::databases::{CloneReadings, ProviderPostgres};
use super::secrets::ProviderVault;
use super::{Eod, ProviderConfig, bad_variable_diags, settings};

/// Settings of the provider block. Each can still be unknown during a plan.
pub struct Context {
    pub(crate) installation: Attr<Installation>,
    pub(crate) domain: Attr<Domain>,
    pub(crate) control_namespace: Attr<NamespaceName>,
    pub(crate) name_template: Attr<NameTemplate>,
    pub(crate) default_tier: Attr<Tier>,
    pub(crate) default_labels: Attr<UserLabels>,
    pub(crate) max_environments: Attr<u64>,
    pub(crate) tiers: Attr<Tiers>,
    pub(crate) prices: Attr<Prices>,
    cluster: Cluster,
    reader: Option<NamespaceReader>,
    ledgers: Option<LedgerConfigMaps>,
    pub(super) secrets: ProviderVault,
    pub(super) postgres: ProviderPostgres,
    pub(super) clones: CloneReadings,
    now: fn() -> Timestamp,
    random: fn() -> [u8; 16],
    run: String,
    has_reaper: OnceLock<bool>,
    is_skew_reported: AtomicBool,
    is_ledger_reported: AtomicBool,
}

/// Maximum difference between the clock of this machine and the API server's.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(2);

/// Field manager of writes to the ledgers.
const LEDGER_MANAGER: &str = "eod-provider";

/// The cluster of the provider block.
pub(crate) enum Cluster {
    /// The cluster. If none is configured, the first call fails.
    Known(Kubernetes),
    /// The argument depends on an unknown value.
    Unknown,
}

impl Context {
    pub(super) fn new(
        eod: &Eod,
        config: Config<'_, ProviderConfig>,
        cluster: Cluster,
        secrets: ProviderVault,
        postgres: ProviderPostgres,
    ) -> Result<Self, Diags> {
        let installation = or_variable(eod, config, ProviderConfig::INSTALLATION, "EOD_INSTALLATION")?
            .or(Attr::Known(Installation::default()));
        let control = or_variable(eod, config, ProviderConfig::CONTROL_NAMESPACE, "EOD_CONTROL_NAMESPACE")?
            .or(Attr::Known(Settings::default().control_namespace));
        Ok(Self {
            ledgers: match (&cluster, &installation, &control) {
                (Cluster::Known(kubernetes), Attr::Known(installation), Attr::Known(control)) => {
                    Some(LedgerConfigMaps::new(
                        kubernetes.clone(),
                        control.to_string(),
                        installation.clone(),
                        LEDGER_MANAGER,
                    ))
                }
                _ => None,
            },
            reader: match (&cluster, &installation) {
                (Cluster::Known(kubernetes), Attr::Known(installation)) => {
                    Some(crate::environment::reader(kubernetes, installation))
                }
                _ => None,
            },
            installation,
            domain: or_variable(eod, config, ProviderConfig::DOMAIN, "EOD_DOMAIN")?,
            control_namespace: control,
            name_template: config.get(ProviderConfig::NAME_TEMPLATE).map(|template| template.0),
            default_tier: config.get(ProviderConfig::DEFAULT_TIER).map(|tier| tier.0).or(Attr::Known(Tier::default())),
            default_labels: settings::default_labels(config)?,
            max_environments: config.get(ProviderConfig::MAX_ENVIRONMENTS),
            tiers: settings::tiers(config)?,
            prices: settings::prices(config)?,
            cluster,
            secrets,
            postgres,
            clones: CloneReadings::default(),
            now: eod.now,
            random: eod.random,
            run: pipeline_run(&eod.environment).unwrap_or_default(),
            has_reaper: OnceLock::new(),
            is_skew_reported: AtomicBool::new(false),
            is_ledger_reported: AtomicBool::new(false),
        })
    }

    /// Current time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Time of the API server at its last response, or the current time before the first response. In whole seconds, as
    /// in every annotation.
    pub(crate) fn server_now(&self) -> Timestamp {
        let server = self.kubernetes().ok().and_then(Kubernetes::server_time).map(|time| time.server);
        let now = server.unwrap_or_else(|| self.now());
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The warning for a clock of this machine that differs from the API server's. Only the first call returns it.
    pub(crate) fn skew_warning(&self) -> Option<Diag> {
        let time = self.kubernetes().ok()?.server_time()?;
        let warning = skew_warning_of(&time)?;
        if self.is_skew_reported.swap(true, Ordering::Relaxed) { None } else { Some(warning) }
    }

    /// Sixteen random bytes.
    pub(crate) fn random(&self) -> [u8; 16] {
        (self.random)()
    }

    /// Settings that are known, with defaults for the others. Nothing may depend on the defaults.
    pub(crate) fn known_settings(&self) -> Settings {
        let default = Settings::default();
        Settings {
            installation: self.installation.clone().known().unwrap_or(default.installation),
            domain: self.domain.clone().known(),
            control_namespace: self.control_namespace.clone().known().unwrap_or(default.control_namespace),
            name_template: self.name_template.clone().known(),
            default_tier: self.default_tier.clone().known().unwrap_or(default.default_tier),
            default_labels: self.default_labels.clone().known().unwrap_or(default.default_labels),
            tiers: self.tiers.clone().known().unwrap_or(default.tiers),
            prices: self.prices.clone().known().unwrap_or(default.prices),
        }
    }

    /// The settings.
    ///
    /// # Errors
    /// One of them is not known yet.
    pub(crate) fn settings(&self) -> Result<Settings, Diag> {
        let unknown = [
            (ProviderConfig::INSTALLATION.name(), self.installation.is_unknown()),
            (ProviderConfig::DOMAIN.name(), self.domain.is_unknown()),
            (ProviderConfig::CONTROL_NAMESPACE.name(), self.control_namespace.is_unknown()),
            (ProviderConfig::NAME_TEMPLATE.name(), self.name_template.is_unknown()),
            (ProviderConfig::DEFAULT_TIER.name(), self.default_tier.is_unknown()),
            (ProviderConfig::DEFAULT_LABELS.name(), self.default_labels.is_unknown()),
            (ProviderConfig::MAX_ENVIRONMENTS.name(), self.max_environments.is_unknown()),
            (ProviderConfig::TIERS.name(), self.tiers.is_unknown()),
            (ProviderConfig::PRICES.name(), self.prices.is_unknown()),
        ];
        match unknown.iter().find(|(_, unknown)| *unknown) {
            None => Ok(self.known_settings()),
            Some((name, _)) => Err(not_known_error(name)),
        }
    }

    /// Installation of the provider.
    ///
    /// # Errors
    /// The installation is not known yet.
    pub(crate) fn installation(&self) -> Result<&Installation, Diag> {
        self.installation.as_ref().known().ok_or_else(|| not_known_error(ProviderConfig::INSTALLATION.name()))
    }

    /// The cluster.
    ///
    /// # Errors
    /// The provider block is not known yet. No other cluster is used instead.
    pub(crate) fn kubernetes(&self) -> Result<&Kubernetes, Diag> {
        match &self.cluster {
            Cluster::Known(kubernetes) => Ok(kubernetes),
            Cluster::Unknown => Err(unknown_cluster_error()),
        }
    }

    /// Reader of environments. It reads many environments with few requests.
    ///
    /// # Errors
    /// As [`Context::kubernetes`].
    pub(crate) fn reader(&self) -> Result<&NamespaceReader, Diag> {
        self.reader.as_ref().ok_or_else(unknown_cluster_error)
    }

    /// Ledgers of the installation.
    ///
    /// # Errors
    /// The cluster, the installation or the control namespace is not known yet.
    pub(crate) fn ledgers(&self) -> Result<&LedgerConfigMaps, Diag> {
        self.kubernetes()?;
        self.installation()?;
        self.ledgers.as_ref().ok_or_else(|| not_known_error(ProviderConfig::CONTROL_NAMESPACE.name()))
    }

    /// URL of the run of the pipeline; empty outside of one.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// True if a reaper runs for the installation; none if it is not known yet.
    pub(crate) fn has_reaper(&self) -> Option<bool> {
        self.has_reaper.get().copied()
    }

    /// Stores if a reaper runs for the installation, so that a process reads it once.
    pub(crate) fn remember_reaper(&self, has_reaper: bool) {
        // Another call may have stored it first.
        let _ = self.has_reaper.set(has_reaper);
    }

    /// True for the first caller. Only this caller warns about missing rights to the ledgers.
    pub(crate) fn reports_ledger(&self) -> bool {
        !self.is_ledger_reported.swap(true, Ordering::Relaxed)
    }

    /// True if the cluster, the installation and the control namespace are known.
    pub(crate) fn is_usable(&self) -> bool {
        self.reader.is_some() && self.ledgers.is_some()
    }
}

/// The warning for a difference of the clocks above the maximum.
fn skew_warning_of(time: &ServerTime) -> Option<Diag> {
    let skew = time.skew();
    if skew.abs() <= SKEW_MAX {
        return None;
    }
    let direction = if skew.is_negative() { "behind" } else { "ahead of" };
    Some(
        Diag::warning("The clock of this machine is wrong")
            .detail(format!(
                "This machine is {} s {direction} the API server. Times of environments come from the API server.",
                skew.abs().as_secs()
            ))
            .hint("synchronise the clock of the machine that runs Terraform"),
    )
}

fn not_known_error(name: &'static str) -> Diag {
    Diag::error("The provider is not known yet")
        .detail(format!("`{name}` of the provider block depends on a value that is known only after apply."))
        .hint("first apply the resources that it depends on, with `-target` or in a separate configuration")
        .at(name)
}

fn unknown_cluster_error() -> Diag {
    Diag::error("The cluster is not known yet")
        .detail("The argument `kubernetes` of the provider depends on a value that is known only after apply, and no other cluster is used instead.")
        .hint("first apply the resources that the argument depends on, with `-target` or in a separate configuration")
        .at(ProviderConfig::KUBERNETES)
}

fn or_variable<T>(
    eod: &Eod,
    config: Config<'_, ProviderConfig>,
    key: Key<ProviderConfig, Text<T>>,
    name: &str,
) -> Result<Attr<T>, Diags>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    Text<T>: Field,
{
    match (config.get(key), eod.variable(name)) {
        (Attr::Null, Some(value)) => {
            value.parse().map(Attr::Known).map_err(|error| bad_variable_diags(name, key.name(), &error))
        }
        (written, _) => Ok(written.map(|value| value.0)),
    }
}

#[cfg(test)]
mod tests;
