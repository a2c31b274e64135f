//! Check of the real backends against the contract of the engine, for tests.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::Parser as _;
use eod_domain::EnvironmentName;
use eod_reaper::contract::{ContractFixture, NamespaceBackend, check_backend};
use eod_reaper::ports::{Backend, BackendKind, Ports as _};

use crate::arguments::EodCommandLine;
use crate::ports::OpsPorts;
use crate::session::OpsSession;

/// Environments of a check: one with items that are ended, one with items that must stay, and one without items.
#[derive(Clone, Debug)]
pub struct ContractNames {
    /// Environment whose items are ended.
    pub ended: EnvironmentName,
    /// Environment whose items must stay. Its name begins like that of the first one.
    pub living: EnvironmentName,
    /// Environment without items.
    pub empty: EnvironmentName,
}

/// Checks the backend of this kind, such as `vault`, with the configuration of a command line. Returns the broken rules.
///
/// # Errors
///
/// The command line or the configuration is invalid, the backend is not configured, or a call failed.
pub fn broken_rules(
    arguments: impl IntoIterator<Item = OsString>,
    variables: BTreeMap<String, String>,
    kind: &str,
    names: &ContractNames,
) -> Result<Vec<String>, String> {
    let line = EodCommandLine::try_parse_from(arguments).map_err(|error| error.to_string())?;
    let session = OpsSession::new(&line.common, "contract", variables).map_err(|failure| failure.text())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let ports = OpsPorts::new(&session);
    let namespaces = NamespaceBackend::new(&ports, &session.settings.installation);
    let configured = ports.backends().iter().find(|backend| backend.kind().to_string() == kind);
    let backend: &dyn Backend = match configured {
        Some(backend) => backend.as_ref(),
        None if kind == BackendKind::Namespace.to_string() => &namespaces,
        None => return Err(format!("backend `{kind}` is not configured")),
    };
    let ContractNames { ended, living, empty } = names;
    let fixture = ContractFixture { ended, living, empty };
    runtime.block_on(check_backend(backend, fixture)).map_err(|error| error.to_string())
}
