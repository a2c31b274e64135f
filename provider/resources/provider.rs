//! The provider block: settings that all `eod_` resources share.

mod context;
mod databases;
mod kubernetes;
mod postgres;
mod secrets;
mod settings;
mod vault;

use std::collections::BTreeMap;

use eod_domain::{Domain, Installation, NameTemplate, NamespaceName, Tier};
use jiff::Timestamp;
use tfplugin::{
    AnyDataSource, AnyEphemeral, AnyResource, Config, Diag, Diags, Function, Host, Model, Path, Provider, Text,
};

pub(crate) use self::context::Cluster;
pub use self::context::Context;
pub(crate) use self::databases::AdvertisedPlace;
use self::kubernetes::KubernetesArgs;
use self::postgres::PostgresArgs;
pub(crate) use self::secrets::unknown_vault_error;
use self::settings::{PricesArgs, TierArgs};
pub(crate) use self::vault::ParseGlobs;
use self::vault::VaultArgs;

/// The EoD provider.
#[derive(Clone, Debug)]
pub struct Eod {
    environment: BTreeMap<String, String>,
    now: fn() -> Timestamp,
    random: fn() -> [u8; 16],
}

impl Eod {
    /// The provider with this process's environment and clock.
    pub fn of_process() -> Self {
        // The only place where the provider reads the clock. All other code gets the time as an argument.
        #[allow(clippy::disallowed_methods)]
        Self { environment: variables(), now: Timestamp::now, random }
    }

    /// The provider with this environment and clock, for tests.
    pub fn new(environment: BTreeMap<String, String>, now: fn() -> Timestamp) -> Self {
        Self { environment, now, random }
    }

    /// Value of a variable. An empty one counts as not set.
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The provider block. All attributes are optional, and no server is contacted before a call needs it.
#[derive(Model)]
pub struct ProviderConfig {
    /// Name of this installation, a DNS label. It is part of the ownership labels: two installations in one cluster never
    /// change each other's objects. Also from `EOD_INSTALLATION`. Default: `default`.
    pub installation: Option<Text<Installation>>,
    /// Domain of the hosts `<environment>-<service>.<domain>`. Also from `EOD_DOMAIN`. Without it environments have no hosts.
    pub domain: Option<Text<Domain>>,
    /// Namespace of EoD itself, with the ledgers of the environments. It is created if it is missing. Also from `EOD_CONTROL_NAMESPACE`. Default: `eod-system`.
    pub control_namespace: Option<Text<NamespaceName>>,
    /// Template of the names of environments, with `{owner}`, `{repo}` and `{number}`. Default: `{repo}-pr-{number}` with a
    /// repository and `pr-{number}` without. The environment of a branch is always named `{repo}-{branch}-<hash>`. A change
    /// does not rename existing environments.
    pub name_template: Option<Text<NameTemplate>>,
    /// Tier of environments that set none: `lightweight` (the default), `full`, `compliance` or `staging`.
    pub default_tier: Option<Text<Tier>>,
    /// Labels of all objects that are created.
    pub default_labels: Option<BTreeMap<String, String>>,
    /// Maximum number of environments of this installation. A create beyond it is refused, and the environment waits in
    /// a queue: a free place goes to the first in the queue that is applied again. Default: no maximum.
    pub max_environments: Option<u64>,
    /// Overrides of the presets of tiers, per field, by tier: `{ full = { ttl = "12h" } }`.
    pub tiers: Option<BTreeMap<String, TierArgs>>,
    /// Prices of resources, for `cost_per_day_usd`.
    pub prices: Option<PricesArgs>,
    /// Connection to the cluster. If not set, it comes from environment variables: `KUBE_HOST` with `KUBE_TOKEN` and
    /// `KUBE_CLUSTER_CA_CERT_DATA`, or `KUBE_CONFIG_PATH`, or `KUBECONFIG`, the last two with `KUBE_CTX`. Argument and
    /// variables are never mixed, and there is no other fallback.
    pub kubernetes: Option<KubernetesArgs>,
    /// Connection to Vault, and the secrets that may be copied. Attributes that are not set come from `VAULT_ADDR`,
    /// `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_SKIP_VERIFY` and `VAULT_TOKEN`; there is no other fallback.
    pub vault: Option<VaultArgs>,
    /// Connection to the PostgreSQL server with golden databases and clones. Attributes that are not set come from the variables
    /// of libpq, such as `PGHOST`, `PGUSER` and `PGPASSWORD`.
    pub postgres: Option<PostgresArgs>,
}

/// Variables of this process. Variables that are not UTF-8 are none of EoD's.
fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Provider for Eod {
    const NAME: &'static str = "eod";
    const DESCRIPTION: &'static str =
        "Isolated, production-like environments for every pull request, on a Kubernetes cluster that you already have.";

    type Config = ProviderConfig;
    type Context = Context;

    fn validate(&self, config: Config<'_, ProviderConfig>) -> Diags {
        let mut diags = settings::mistakes(config);
        diags.extend(kubernetes::mistakes(config, &self.environment));
        diags.extend(vault::mistakes(config, &self.environment));
        diags.extend(postgres::mistakes(config, &self.environment));
        diags
    }

    fn configure(&self, config: Config<'_, ProviderConfig>, host: &Host) -> Result<Context, Diags> {
        let user_agent = self.user_agent(host);
        let cluster = kubernetes::cluster(config, &self.environment, &user_agent)?;
        let secrets = vault::secrets(config, &self.environment, &user_agent)?;
        let postgres = postgres::server(config, &self.environment)?;
        Context::new(self, config, cluster, secrets, postgres)
    }

    fn resources(&self) -> &'static [&'static dyn AnyResource<Context>] {
        crate::RESOURCES
    }

    fn data_sources(&self) -> &'static [&'static dyn AnyDataSource<Context>] {
        crate::DATA_SOURCES
    }

    fn ephemerals(&self) -> &'static [&'static dyn AnyEphemeral<Context>] {
        crate::EPHEMERALS
    }

    fn functions(&self) -> &'static [&'static dyn Function] {
        crate::FUNCTIONS
    }
}

impl Eod {
    /// User agent of all requests, for audit logs and flow schemas of the API server.
    fn user_agent(&self, host: &Host) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let mut text = format!("terraform-provider-eod/{version}");
        if !host.version.is_empty() {
            text.push_str(&format!(" Terraform/{}", host.version));
        }
        if let Some(extra) = self.variable("TF_APPEND_USER_AGENT") {
            text.push_str(&format!(" {}", extra.trim()));
        }
        text
    }
}

/// Sixteen random bytes of the operating system.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// The error for an invalid value of an environment variable.
fn bad_variable_diags(name: &str, attribute: &str, error: &dyn std::fmt::Display) -> Diags {
    Diag::error(format!("Invalid {name}"))
        .detail(format!("The environment variable {name}, which sets `{attribute}`, is invalid: {error}."))
        .hint(format!("set `{attribute}` in the provider block, or correct the variable"))
        .at(Path::root().attribute(attribute))
        .into()
}
