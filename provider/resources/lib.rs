//! The resources, data sources and functions of the EoD provider: one file each, one registry slice per group.
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

use tfplugin::{AnyDataSource, AnyResource, Function};

pub use crate::provider::{Context, Eod};

/// Every managed resource.
pub static RESOURCES: &[&dyn AnyResource<Context>] = &[&environment::Environment];

/// Every data source.
pub static DATA_SOURCES: &[&dyn AnyDataSource<Context>] =
    &[&environment_data::EnvironmentData, &environments::Environments];

/// Every function.
pub static FUNCTIONS: &[&dyn Function] = &[&environment_name::EnvironmentNameOf, &host::HostOf, &tier::TierOf];
