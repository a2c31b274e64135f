//! The provider block: what every `eod_` resource shares.

mod context;
mod kubernetes;
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
use self::kubernetes::KubernetesArgs;
pub(crate) use self::secrets::unknown_vault;
pub(crate) use self::settings::count;
use self::settings::{PricesArgs, TierArgs};
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
        // The one place where the provider meets the clock; everything else is told the time.
        #[allow(clippy::disallowed_methods)]
        Self { environment: std::env::vars().collect(), now: Timestamp::now, random }
    }

    /// The provider with this environment and clock, for tests.
    pub fn new(environment: BTreeMap<String, String>, now: fn() -> Timestamp) -> Self {
        Self { environment, now, random }
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The provider block. Everything is optional, and nothing is contacted before a call needs it.
#[derive(Model)]
pub struct ProviderConfig {
    /// Marks everything that this installation owns: two installations in one cluster never touch each other's things.
    /// A DNS label. Also from `EOD_INSTALLATION`; the default is `default`.
    pub installation: Option<Text<Installation>>,
    /// The domain below which environments get their hosts, `<environment>-<service>.<domain>`. Also from `EOD_DOMAIN`.
    /// Without it environments have no hosts.
    pub domain: Option<Text<Domain>>,
    /// The namespace of EoD itself. Also from `EOD_CONTROL_NAMESPACE`; the default is `eod-system`.
    pub control_namespace: Option<Text<NamespaceName>>,
    /// How names are made of `{owner}`, `{repo}` and `{number}`. The default is `{repo}-pr-{number}` with a repository and
    /// `pr-{number}` without. A branch is always `{repo}-{branch}-<hash>`. A change renames nothing that exists.
    pub name_template: Option<Text<NameTemplate>>,
    /// The tier of environments that name none: `lightweight` (the default), `full`, `compliance` or `staging`.
    pub default_tier: Option<Text<Tier>>,
    /// Labels on everything that is created.
    pub default_labels: Option<BTreeMap<String, String>>,
    /// The number of environments of this installation beyond which a create is refused.
    pub max_environments: Option<u64>,
    /// Overrides of the tiers' presets, field by field, by tier: `{ full = { ttl = "12h" } }`.
    pub tiers: Option<BTreeMap<String, TierArgs>>,
    /// What resources cost, for `cost_per_day_usd`.
    pub prices: Option<PricesArgs>,
    /// How to reach the cluster. Without this block it comes from the environment: `KUBE_HOST` with `KUBE_TOKEN` and
    /// `KUBE_CLUSTER_CA_CERT_DATA`, or `KUBE_CONFIG_PATH`, or `KUBECONFIG`, the last two with `KUBE_CTX`. The two are never
    /// mixed, and there is no other fallback.
    pub kubernetes: Option<KubernetesArgs>,
    /// How to reach Vault, and what may be copied in it. What is left out comes from `VAULT_ADDR`, `VAULT_NAMESPACE`,
    /// `VAULT_CACERT`, `VAULT_SKIP_VERIFY` and `VAULT_TOKEN`, and there is no other fallback.
    pub vault: Option<VaultArgs>,
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
        diags
    }

    fn configure(&self, config: Config<'_, ProviderConfig>, host: &Host) -> Result<Context, Diags> {
        let user_agent = self.user_agent(host);
        let cluster = kubernetes::cluster(config, &self.environment, &user_agent)?;
        let secrets = vault::secrets(config, &self.environment, &user_agent)?;
        Context::new(self, config, cluster, secrets)
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
    /// How audit logs and flow schemas of the API server tell us apart.
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

/// Sixteen bytes of the operating system's randomness.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// A wrong value that came from a variable, not from the configuration.
fn bad_variable(name: &str, attribute: &str, error: &dyn std::fmt::Display) -> Diags {
    Diag::error(format!("Invalid {name}"))
        .detail(format!("The environment variable {name}, which stands in for `{attribute}`, is wrong: {error}."))
        .hint(format!("set `{attribute}` in the provider block, or correct the variable"))
        .at(Path::root().attribute(attribute))
        .into()
}
