//! The resources, data sources, ephemeral resources and functions of the EoD provider: one file each, one registry slice per group.
//!
//! This is the only crate that knows both Terraform (`tfplugin`) and the systems behind it (`eod-clients`). What a value
//! means and what should happen is decided in `eod-domain`; here it is only translated and carried out.

mod environment;
mod environment_data;
mod environment_name;
mod environments;
mod explain;
mod host;
mod provider;
mod tier;
mod timeouts;
mod vault_clone;
mod vault_clone_data;
mod vault_cloner_policy;
mod vault_reader_policy;
mod vault_secret;

use tfplugin::{AnyDataSource, AnyEphemeral, AnyResource, Function};

pub use crate::provider::{Context, Eod};

/// Log targets of the libraries below the clients that would only make noise.
pub use eod_clients::vault::NOISY_TARGETS as SILENT_LOG_TARGETS;

/// Every managed resource.
pub static RESOURCES: &[&dyn AnyResource<Context>] = &[&environment::EnvironmentResource, &vault_clone::VaultClone];

/// Every data source.
pub static DATA_SOURCES: &[&dyn AnyDataSource<Context>] =
    &[&environment_data::EnvironmentData, &environments::Environments, &vault_clone_data::VaultCloneData];

/// Every ephemeral resource.
pub static EPHEMERALS: &[&dyn AnyEphemeral<Context>] = &[&vault_secret::VaultSecret];

/// Every function.
pub static FUNCTIONS: &[&dyn Function] = &[
    &environment_name::EnvironmentNameOf,
    &host::HostOf,
    &tier::TierOf,
    &vault_cloner_policy::VaultClonerPolicy,
    &vault_reader_policy::VaultReaderPolicy,
];

#[cfg(test)]
mod tests;
