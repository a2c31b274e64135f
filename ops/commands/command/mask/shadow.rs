//! `eod mask scope --shadow`: the tables that a command touches, found by running it in a clone of a golden database.
//!
//! The clone is created for the run and removed after it, also after Ctrl-C. The command gets its address and password in the
//! variables of libpq and in `DATABASE_URL`.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use eod_clients::postgres::{LibpqEnvironment, Postgres, PostgresSession};
use eod_clients::{Deadline, Error as ClientError};
use eod_domain::Nonce;
use eod_golden::{GoldenFacts, GoldenName, GoldenVersion};
use eod_snapshot::{
    CloneError, CloneName, CloneOwner, ClonePassword, CloneRequest, CloneServer, ObservedTables, TouchedTable,
};
use serde_json::{Value, json};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::MaskContext;
use super::access::{server, statement_failure};
use super::golden::connect_to;
use super::quantity::{counted, size_text};
use crate::arguments::{MaskScopeArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::random::random;
use crate::table::{TextTable, printable};

/// Time limit of the removal of the clone.
const CLEANUP: Duration = Duration::from_secs(60);

/// Clone of one run.
struct Shadow {
    server: Postgres,
    clones: CloneServer,
    golden: GoldenName,
    name: CloneName,
    owner: CloneOwner,
}

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &MaskScopeArguments) -> Result<Outcome, Failure> {
    let (Some(golden), Some((program, rest))) = (&arguments.golden, arguments.command.split_first()) else {
        return Err(Failure::usage(
            "--shadow needs --golden NAME and, after `--`, the command that runs the migrations",
        ));
    };
    let golden = GoldenName::new(golden).map_err(|error| Failure::usage(error.to_string()))?;
    let mut shadow = Shadow::connect(context, arguments, golden).await?;
    if arguments.dry_run {
        return shadow.estimate(context).await;
    }
    let password = ClonePassword::new(random()?);
    let found = shadow.observe(context, &password, (program, rest)).await;
    let removed = shadow.remove().await;
    let touched = found?;
    if let Err(error) = removed {
        note(&format!("warning: the clone {} could not be removed: {}", shadow.name, error.chain()));
    }
    match context.output {
        OutputFormat::Json => context.print_document(document(&touched))?,
        OutputFormat::Table => print(&text(&touched))?,
    }
    Ok(Outcome::Done)
}

impl Shadow {
    async fn connect(
        context: &MaskContext,
        arguments: &MaskScopeArguments,
        golden: GoldenName,
    ) -> Result<Self, Failure> {
        let server = server(context, &arguments.server)?;
        let installation = context.installation().clone();
        let suffix: [u8; 16] = random()?;
        let environment = format!("shadow-{}", Nonce::new(suffix).as_str().get(..8).unwrap_or_default());
        let environment = environment.parse().map_err(|error| Failure::failed(format!("{error}")))?;
        let clones = CloneServer::connect(&server, &installation, &context.deadline).await;
        let clones = clones.map_err(|error| statement_failure(&error))?;
        let owner = CloneOwner { environment, installation };
        let name = CloneName::of(&golden, &owner.environment);
        Ok(Self { server, clones, golden, name, owner })
    }

    /// Creates and opens the clone, runs the program in it, and returns the tables that it has touched.
    async fn observe(
        &mut self,
        context: &MaskContext,
        password: &ClonePassword,
        program: (&OsString, &[OsString]),
    ) -> Result<Vec<TouchedTable>, Failure> {
        let (deadline, nonce) = (&context.deadline, Nonce::new(random()?));
        note(&format!("creating clone {} of golden database {}", self.name, self.golden));
        let request = CloneRequest { name: &self.name, owner: &self.owner, golden: &self.golden, nonce: &nonce };
        self.clones.begin(request, deadline).await.map_err(clone_failure)?;
        let facts = self.clones.open(&self.name, &self.owner, password, deadline).await.map_err(clone_failure)?;
        let failed = |error: ClientError| statement_failure(&error);
        let mut session = self.session(deadline).await.map_err(failed)?;
        let before = ObservedTables::read(&mut session, deadline).await.map_err(clone_failure)?;
        note(&format!("running `{}` in it", printable(&program.0.to_string_lossy())));
        let login = self.server.access().with_database(self.name.as_str()).with_login(&facts.login, password.reveal());
        let status = execute(program, &login.libpq_environment(), deadline).await?;
        let after = ObservedTables::read(&mut session, deadline).await.map_err(clone_failure)?;
        drop(session.close(deadline).await);
        if !status.success() {
            let problem = format!("`{}` failed ({status}), so its scope is not known", program.0.to_string_lossy());
            return Err(Failure::failed(problem).remedy("correct the command; its output is above"));
        }
        Ok(before.touched_until(&after))
    }

    /// Prints the clone that would be created. It writes nothing.
    async fn estimate(&self, context: &MaskContext) -> Result<Outcome, Failure> {
        let failed = |error: ClientError| statement_failure(&error);
        let mut goldens = connect_to(context, &self.server).await?;
        let versions = goldens.list(&context.deadline).await.map_err(failed)?;
        let published = versions.iter().find(|version| version.database == self.golden.as_str());
        let Some(GoldenVersion { facts: Some(facts), bytes, .. }) = published else {
            let failure = Failure::failed(format!("golden database `{}` is not published", self.golden));
            return Err(failure.remedy(format!("publish it with `eod mask golden publish {}`", self.golden)));
        };
        match context.output {
            OutputFormat::Json => context.print_document(json!({
                "dry_run": true, "golden": self.golden.as_str(), "golden_version": facts.version(),
                "tables": facts.tables, "rows": facts.rows, "bytes": bytes,
            }))?,
            OutputFormat::Table => print(&estimate_text(&self.golden, facts, *bytes))?,
        }
        Ok(Outcome::Done)
    }

    async fn session(&self, deadline: &Deadline) -> Result<PostgresSession, ClientError> {
        Postgres::new(self.server.access().with_database(self.name.as_str())).connect(deadline).await
    }

    /// Also after a cancellation. If it fails, the clone has its mark.
    async fn remove(&mut self) -> Result<(), CloneError> {
        let deadline = Deadline::for_cleanup(CLEANUP);
        self.clones.destroy(&self.name, &self.owner, None, &deadline).await
    }
}

/// Runs the program with its output on stderr, because stdout has the result.
async fn execute(
    (program, arguments): (&OsString, &[OsString]),
    environment: &LibpqEnvironment,
    deadline: &Deadline,
) -> Result<ExitStatus, Failure> {
    let name = program.to_string_lossy();
    let failed = |problem: String| Failure::failed(format!("cannot run `{name}`: {problem}"));
    let output = io::stderr().as_fd().try_clone_to_owned().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::from(output)).kill_on_drop(true);
    command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
    if let Some(url) = url(environment) {
        command.env("DATABASE_URL", url.as_str());
    }
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let status = deadline.run(child.wait()).await.map_err(|reason| failed(reason.to_string()))?;
    status.map_err(|error| failed(error.to_string()))
}

/// URL of the clone, for programs that do not read the variables of libpq; none for a Unix socket. The names and the password
/// have no characters that need an escape.
fn url(environment: &LibpqEnvironment) -> Option<Zeroizing<String>> {
    let value = |name: &str| environment.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str());
    let (host, port) = (value("PGHOST")?, value("PGPORT")?);
    let is_one_host = !host.contains(',') && !host.starts_with('/');
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let (user, password, database) = (value("PGUSER")?, value("PGPASSWORD")?, value("PGDATABASE")?);
    let mode = value("PGSSLMODE").map(|mode| format!("?sslmode={mode}")).unwrap_or_default();
    is_one_host.then(|| Zeroizing::new(format!("postgres://{user}:{password}@{host}:{port}/{database}{mode}")))
}

fn clone_failure(error: CloneError) -> Failure {
    match error {
        CloneError::Statement(error) => statement_failure(&error),
        other => Failure::failed(other.chain()),
    }
}

/// Text about the clone that would be created.
fn estimate_text(golden: &GoldenName, facts: &GoldenFacts, bytes: Option<u64>) -> String {
    let size = bytes.map_or_else(|| "unknown size".to_owned(), size_text);
    format!(
        "dry run: a clone of {golden}, version {}, with {} in {} would be created, the command would run in it, and it would \
         be removed. A clone has {size}; it needs no space if the server shares blocks (`eod mask doctor`). Nothing was written\n",
        facts.version(),
        counted(facts.rows, "row"),
        counted(facts.tables, "table"),
    )
}

/// Fields of the JSON document.
fn document(touched: &[TouchedTable]) -> Value {
    json!({ "tables": touched })
}

/// Text for people.
fn text(touched: &[TouchedTable]) -> String {
    if touched.is_empty() {
        return "no table was touched\n".to_owned();
    }
    let mut table = TextTable::new(&["TABLE", "USE", "DETAIL"]);
    for TouchedTable { table: name, renamed_to, uses } in touched {
        let uses: Vec<_> = uses.iter().map(ToString::to_string).collect();
        let detail = renamed_to.as_ref().map(|name| format!("renamed to {}", printable(name))).unwrap_or_default();
        table.row(vec![printable(name), uses.join(", "), detail]);
    }
    table.text()
}

#[cfg(test)]
mod tests;
