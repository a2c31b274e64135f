//! Endpoints of the services: those of the settings, else those of the environment and the profile.
//!
//! The SDK stops with a panic if the variable of an endpoint is empty, so an empty one counts as unset here.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Name of STS in the configuration of the SDK.
pub(super) const STS: &str = "STS";

/// Name of Route 53 in the configuration of the SDK.
pub(super) const ROUTE_53: &str = "Route 53";

/// Configuration of single services, as the SDK asks for it.
#[derive(Debug)]
pub(super) struct ServiceEndpoints {
    /// Configuration from the environment and the profile.
    loaded: SdkConfig,
    route53: Option<String>,
    sts: Option<String>,
}

impl ServiceEndpoints {
    /// Adds endpoints to a configuration.
    pub(super) fn new(loaded: SdkConfig, route53: Option<String>, sts: Option<String>) -> Self {
        Self { loaded, route53, sts }
    }
}

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let set = match (key.profile(), key.service_id()) {
            (ENDPOINT_KEY, ROUTE_53) => self.route53.clone(),
            (ENDPOINT_KEY, STS) => self.sts.clone(),
            _ => None,
        };
        let loaded = || self.loaded.service_config()?.load_config(key);
        set.or_else(loaded).filter(|value| !value.is_empty())
    }
}

/// Key of an endpoint in a profile.
const ENDPOINT_KEY: &str = "endpoint_url";

/// Endpoint of a service in a configuration; an empty one is returned, too.
pub(super) fn configured(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile(ENDPOINT_KEY).build();
    config.service_config()?.load_config(key.ok()?)
}
