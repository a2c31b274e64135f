//! [`Provider`]: the registry of resources, data sources and functions of a provider, and its configuration.

use crate::config::Config;
use crate::data_source::AnyDataSource;
use crate::diag::Diags;
use crate::ephemeral::AnyEphemeral;
use crate::function::Function;
use crate::managed::AnyResource;
use crate::model::Model;
use crate::request_context::Capabilities;

/// A provider.
pub trait Provider: Send + Sync + 'static {
    /// Prefix of all types without the underscore, such as `eod`.
    const NAME: &'static str;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// Arguments of the provider block.
    type Config: Model;
    /// Result of `configure`, which all resources get. Connections are opened by the first call that needs them.
    type Context: Send + Sync + 'static;

    /// Checks the provider block beyond its types. Returns all mistakes at once.
    fn validate(&self, config: Config<'_, Self::Config>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Creates the context. No I/O, and no error for an unknown value: a plan must be possible without it.
    ///
    /// # Errors
    /// Mistakes in the configuration.
    fn configure(&self, config: Config<'_, Self::Config>, host: &Host) -> Result<Self::Context, Diags>;

    /// The managed resources.
    fn resources(&self) -> &'static [&'static dyn AnyResource<Self::Context>];

    /// The data sources.
    fn data_sources(&self) -> &'static [&'static dyn AnyDataSource<Self::Context>] {
        &[]
    }

    /// The ephemeral resources.
    fn ephemerals(&self) -> &'static [&'static dyn AnyEphemeral<Self::Context>] {
        &[]
    }

    /// The functions.
    fn functions(&self) -> &'static [&'static dyn Function] {
        &[]
    }
}

/// Host that configures the provider: Terraform or OpenTofu.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Version of the host. For User-Agent texts only, never for decisions.
    pub version: String,
    /// Capabilities of the host.
    pub capabilities: Capabilities,
}
