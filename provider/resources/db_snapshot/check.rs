//! Check of a closed database before it is opened, and its extensions.

use eod_clients::Deadline;
use eod_clients::postgres::{Postgres, PostgresSession};
use eod_golden::{DatabaseCatalogue, quoted_name, run};
use eod_snapshot::BegunClone;
use tfplugin::Diags;

use super::model::Input;
use super::refusal;
use super::wanted::WantedDatabase;
use crate::explain;

/// Compares the policy with the rules of the golden database, and creates the extensions.
///
/// # Errors
/// The policy may mask more than the golden database, or an extension cannot be created.
pub(super) async fn check(wanted: &WantedDatabase<'_>, begun: &BegunClone, remote: &Deadline) -> Result<(), Diags> {
    if !begun.manifest.is_of_policy(wanted.policy_text.as_bytes()) {
        let mut session = inside(wanted, remote).await?;
        let catalogue = DatabaseCatalogue::read(&mut session, remote).await.map_err(|error| explain::remote(&error))?;
        let differing = begun.manifest.differing_tables(&catalogue, &wanted.policy);
        let differing = differing.map_err(|refused| refusal::unfit_policy_error(&refused))?;
        if !differing.is_empty() {
            return Err(refusal::other_rules_error(wanted.golden, &differing).into());
        }
    }
    extensions(wanted, remote).await
}

async fn extensions(wanted: &WantedDatabase<'_>, remote: &Deadline) -> Result<(), Diags> {
    let Some(names) = wanted.input.extensions_allowed.as_ref().filter(|names| !names.is_empty()) else { return Ok(()) };
    let mut session = inside(wanted, remote).await?;
    for name in names {
        let sql = format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE", quoted_name(name.as_str()));
        let created = run(&mut session, "create", &format!("extension `{name}`"), &sql, remote).await;
        created.map_err(|error| explain::remote(&error).at(Input::EXTENSIONS_ALLOWED))?;
    }
    Ok(())
}

/// A session in the closed database.
async fn inside(wanted: &WantedDatabase<'_>, remote: &Deadline) -> Result<PostgresSession, Diags> {
    let server = Postgres::new(wanted.server.access().with_database(wanted.name.as_str()));
    server.connect(remote).await.map_err(|error| explain::remote(&error).into())
}
