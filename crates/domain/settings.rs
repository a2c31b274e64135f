//! What the platform decided for all of its environments: the provider block, or the plugin's policy.

use crate::cost::Prices;
use crate::dns::NamespaceName;
use crate::labels::UserLabels;
use crate::marks::Installation;
use crate::name::NameTemplate;
use crate::service::Domain;
use crate::tier::{Tier, Tiers};

/// Settings that every environment of an installation shares.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The installation that owns what is made.
    pub installation: Installation,
    /// The domain of the hosts; without one there are no hosts.
    pub domain: Option<Domain>,
    /// The namespace of EoD's own records, which no environment may take.
    pub control_namespace: NamespaceName,
    /// How pull requests' environments are named.
    pub name_template: Option<NameTemplate>,
    /// The tier of an environment that names none.
    pub default_tier: Tier,
    /// Labels on everything that is made.
    pub default_labels: UserLabels,
    /// The tiers with their overrides.
    pub tiers: Tiers,
    /// What the platform pays.
    pub prices: Prices,
}

impl Default for Settings {
    /// What holds where nothing is configured.
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
