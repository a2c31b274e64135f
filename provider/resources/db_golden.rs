//! The data source `eod_db_golden`: the published version of a golden database. No connection to the database itself is made.

use std::time::Duration;

use eod_clients::postgres::SqlStatement;
use eod_clients::{Deadline, Error};
use eod_golden::{GoldenFacts, GoldenName, GoldenServer, GoldenState};
use tfplugin::{DataSource, Diag, Diags, Model, RequestContext, Text};

use crate::explain;
use crate::provider::Context;

/// Maximum duration of the lookup.
const LIMIT: Duration = Duration::from_secs(60);
/// Method that the server copies files with; none before PostgreSQL 18.
const METHOD: &str = "SELECT current_setting('file_copy_method', true)";

/// The data source.
pub(crate) struct DbGolden;

/// Arguments set by the user.
#[derive(Model)]
pub(crate) struct Input {
    /// Name of the golden database.
    pub name: Text<GoldenName>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Version: the time of the snapshot of the source, in UTC as 14 digits.
    pub version: String,
    /// Time of the publication (RFC 3339, UTC).
    pub published_at: String,
    /// End of the validity (RFC 3339, UTC). After it no database is created from this version.
    pub valid_until: String,
    /// Size in bytes. Null if it is not known.
    pub bytes: Option<u64>,
    /// Number of tables.
    pub tables: u64,
    /// Number of rows.
    pub rows: u64,
    /// First digits of the SHA-256 of the policy file.
    pub policy_digest: String,
    /// Check value of the masking key. It does not reveal the key.
    pub key_check: String,
    /// `copy` if the server copies all blocks for each database, `unknown` if it is set to share them: `strategy` of an
    /// `eod_db_snapshot` is measured.
    pub strategy: String,
}

impl DataSource for DbGolden {
    const TYPE: &'static str = "eod_db_golden";
    const DESCRIPTION: &'static str = "The published version of a golden database, which `eod mask golden publish` has published for this installation. \
        An expired version is an error, because no database can be created from it.";

    type Context = Context;
    type Input = Input;
    type Output = Output;

    async fn read(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Output, Diags> {
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let failed = |error: Error| Diags::from(explain::remote(&error));
        let name = &input.name.0;
        let installation = cx.installation()?.as_str();
        let mut goldens = GoldenServer::connect(cx.postgres()?, installation, &remote).await.map_err(failed)?;
        let facts = match goldens.look(name, &remote).await.map_err(failed)? {
            GoldenState::Finished(facts) => facts,
            GoldenState::Absent | GoldenState::Unfinished => return Err(missing_error(name).into()),
            GoldenState::Foreign { reason } => return Err(foreign_error(name, &reason).into()),
        };
        let GoldenFacts { published_at: Some(published_at), valid_until: Some(valid_until), .. } = facts else {
            return Err(missing_error(name).into());
        };
        if valid_until <= goldens.now(&remote).await.map_err(failed)? {
            return Err(over_error(name, valid_until).into());
        }
        let versions = goldens.list(&remote).await.map_err(failed)?;
        let bytes = versions.iter().find(|version| version.database == name.as_str()).and_then(|found| found.bytes);
        Ok(Output {
            version: facts.version(),
            published_at: published_at.to_string(),
            valid_until: valid_until.to_string(),
            bytes,
            tables: facts.tables,
            rows: facts.rows,
            policy_digest: facts.policy,
            key_check: facts.key_check,
            strategy: strategy(&mut goldens, &remote).await.map_err(failed)?.to_owned(),
        })
    }
}

async fn strategy(goldens: &mut GoldenServer, remote: &Deadline) -> Result<&'static str, Error> {
    let statement = SqlStatement::new("read", "the settings of the server", METHOD);
    let found = goldens.session().query(&statement, &[], remote).await?;
    let method: Option<String> = found.first().and_then(|row| row.try_get(0).ok()).flatten();
    Ok(if method.is_some_and(|method| method.eq_ignore_ascii_case("clone")) { "unknown" } else { "copy" })
}

fn missing_error(name: &GoldenName) -> Diag {
    Diag::error("The golden database is not published")
        .detail(format!("The server has no published golden database `{name}` of this installation."))
        .hint(format!(
            "build it with `eod mask golden build {name}`, publish it with `eod mask golden publish {name}`, and check the provider's \
             `installation`"
        ))
        .at(Input::NAME)
}

fn foreign_error(name: &GoldenName, reason: &str) -> Diag {
    Diag::error("The golden database belongs to somebody else")
        .detail(format!("Database `{name}` is not a golden database of this installation: {reason}."))
        .hint("check the name, and the provider's `installation`")
        .at(Input::NAME)
}

fn over_error(name: &GoldenName, until: jiff::Timestamp) -> Diag {
    Diag::error("The golden database has expired")
        .detail(format!("Golden database `{name}` was valid until {until}."))
        .hint(format!("build and publish it again: `eod mask golden build {name}`, `eod mask golden publish {name}`"))
        .at(Input::NAME)
}
