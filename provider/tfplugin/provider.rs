//! [`Provider`]: the registry of everything a provider offers, and its configuration.

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
    /// The type prefix without underscore, such as `eod`.
    const NAME: &'static str;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// The arguments of the provider block.
    type Config: Model;
    /// What resources get: the configuration, made usable. It connects to nothing before a call needs it.
    type Context: Send + Sync + 'static;

    /// Checks the provider block beyond its types. All mistakes at once.
    fn validate(&self, config: Config<'_, Self::Config>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Makes the context. No I/O, and no error for what is unknown yet: planning goes on without it.
    ///
    /// # Errors
    /// The configuration is wrong.
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

/// Who configures the provider.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The version that Terraform or OpenTofu gives of itself. For User-Agent texts only, never for decisions.
    pub version: String,
    /// What the host can handle.
    pub capabilities: Capabilities,
}
