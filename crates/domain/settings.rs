//! Settings shared by all environments of an installation: the provider's configuration or the plugin's policy.

use crate::cost::Prices;
use crate::dns::NamespaceName;
use crate::installation::Installation;
use crate::labels::UserLabels;
use crate::name::NameTemplate;
use crate::service::Domain;
use crate::tier::{Tier, Tiers};

/// Settings shared by all environments of an installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Installation that owns the environments.
    pub installation: Installation,
    /// Domain of the hosts. Without a domain environments have no hosts.
    pub domain: Option<Domain>,
    /// Namespace of EoD's own records. An environment cannot have this name.
    pub control_namespace: NamespaceName,
    /// Template for the names of pull requests' environments.
    pub name_template: Option<NameTemplate>,
    /// Tier of an environment if its own is not set.
    pub default_tier: Tier,
    /// Labels on every object that EoD creates.
    pub default_labels: UserLabels,
    /// Tiers with their overrides.
    pub tiers: Tiers,
    /// Prices of CPU, memory and storage.
    pub prices: Prices,
}

impl Default for Settings {
    /// Settings of an installation without configuration.
    fn default() -> Self {
        Self {
            installation: Installation::default(),
            domain: None,
            control_namespace: "eod-system".parse().expect("the default is a DNS label"),
            name_template: None,
            default_tier: Tier::default(),
            default_labels: UserLabels::default(),
            tiers: Tiers::default(),
            prices: Prices::default(),
        }
    }
}
