//! Resources, data sources, ephemeral resources and functions of the EoD provider: one file each, one registry slice per group.
//!
//! This is the only crate that uses both Terraform (`tfplugin`) and remote systems (`eod-clients`). `eod-domain` defines the
//! meaning of values and makes the decisions; this crate converts values and executes the decisions.

mod db_credentials;
mod db_golden;
mod db_snapshot;
mod environment;
mod environment_data;
mod environment_head;
mod environment_name;
mod environments;
mod explain;
mod host;
mod provider;
mod quota;
mod tier;
mod timeouts;
mod touched_tables;
mod vault_clone;
mod vault_clone_data;
mod vault_cloner_policy;
mod vault_reader_policy;
mod vault_reaper_policy;
mod vault_secret;

use tfplugin::{AnyDataSource, AnyEphemeral, AnyResource, Function};

pub use crate::provider::{Context, Eod};

/// Log targets of libraries below the clients, with messages that are not useful.
pub use eod_clients::vault::NOISY_TARGETS as SILENT_LOG_TARGETS;

/// All managed resources.
pub static RESOURCES: &[&dyn AnyResource<Context>] =
    &[&db_snapshot::DbSnapshot, &environment::EnvironmentResource, &vault_clone::VaultClone];

/// All data sources.
pub static DATA_SOURCES: &[&dyn AnyDataSource<Context>] = &[
    &db_golden::DbGolden,
    &environment_data::EnvironmentData,
    &environments::Environments,
    &vault_clone_data::VaultCloneData,
];

/// All ephemeral resources.
pub static EPHEMERALS: &[&dyn AnyEphemeral<Context>] = &[&db_credentials::DbCredentials, &vault_secret::VaultSecret];

/// All functions.
pub static FUNCTIONS: &[&dyn Function] = &[
    &environment_name::EnvironmentNameOf,
    &host::HostOf,
    &tier::TierOf,
    &touched_tables::TouchedTablesOf,
    &vault_cloner_policy::VaultClonerPolicy,
    &vault_reader_policy::VaultReaderPolicy,
    &vault_reaper_policy::VaultReaperPolicy,
];

#[cfg(test)]
mod tests;
