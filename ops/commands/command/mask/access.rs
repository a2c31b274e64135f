//! Connection settings from options, files, Vault and environment variables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use eod_clients::postgres::{Postgres, PostgresAccess, PostgresFailure, PostgresPrivilege, PostgresSettings};
use eod_clients::{Error as ClientError, ErrorKind};
use zeroize::Zeroizing;

use super::MaskContext;
use super::vault_field::vault_field;
use crate::arguments::{DsnArgument, MaskServerArguments, MaskSourceArguments};
use crate::failure::Failure;

/// Variable with the connection string of the source.
const SOURCE_VARIABLE: &str = "EOD_SOURCE_DSN";

/// SQLSTATE of a full disk.
const DISK_FULL: &str = "53100";
/// Database of a server, for commands that are not about one database.
const MAINTENANCE_DATABASE: &str = "postgres";

/// Source of a command; none if it is not set.
pub(super) async fn source(
    context: &MaskContext,
    arguments: &MaskSourceArguments,
) -> Result<Option<Postgres>, Failure> {
    let variables = &context.variables;
    let MaskSourceArguments { source, source_file, source_vault } = arguments;
    let settings = if let Some(dsn) = source {
        argument("--source", dsn)?
    } else if let Some(file) = source_file {
        parsed("--source-file", &secret_file("--source-file", file)?)?
    } else if let Some(reference) = source_vault {
        let text = vault_field(context, "--source-vault", reference, &context.deadline).await?;
        parsed("--source-vault", &text)?
    } else if let Some(text) = variables.get(SOURCE_VARIABLE).filter(|text| !text.is_empty()) {
        parsed(SOURCE_VARIABLE, text)?
    } else {
        return Ok(None);
    };
    client(settings, variables).map(Some)
}

/// Source of a command that needs one: the variables of libpq if nothing else is set.
pub(super) async fn required_source(
    context: &MaskContext,
    arguments: &MaskSourceArguments,
) -> Result<Postgres, Failure> {
    match source(context, arguments).await? {
        Some(found) => Ok(found),
        None => {
            let found = client(PostgresSettings::default(), &context.variables);
            found.map_err(|failure| failure.remedy("set --source, --source-file, EOD_SOURCE_DSN, or PGHOST and PGUSER"))
        }
    }
}

/// Server of a command.
pub(super) fn server(context: &MaskContext, arguments: &MaskServerArguments) -> Result<Postgres, Failure> {
    let settings = match &arguments.server {
        Some(dsn) => argument("--server", dsn)?,
        None => PostgresSettings::default(),
    };
    let mut settings = with_environment(settings, &context.variables)?;
    if !settings.has("dbname") {
        settings.set("dbname", MAINTENANCE_DATABASE).map_err(|error| Failure::usage(error.to_string()))?;
    }
    let access = PostgresAccess::new(&settings);
    let access = access.map_err(|error| {
        Failure::usage(format!("the server is not set: {error}")).remedy("set --server, or PGHOST and PGUSER")
    })?;
    Ok(Postgres::new(access))
}

/// Settings of a connection string on the command line. Every user of the machine can read arguments of processes, so a
/// password is refused.
fn argument(option: &str, dsn: &DsnArgument) -> Result<PostgresSettings, Failure> {
    let settings = parsed(option, &dsn.0)?;
    if settings.has("password") {
        let problem = format!("{option}: a connection string with a password is refused on the command line");
        let remedy = "set PGPASSWORD, or a password file (PGPASSFILE); the source can also come from EOD_SOURCE_DSN, \
                      --source-file or --source-vault. Change the password: other users may have read it";
        return Err(Failure::usage(problem).remedy(remedy));
    }
    Ok(settings)
}

fn parsed(origin: &str, text: &str) -> Result<PostgresSettings, Failure> {
    // The errors have no values.
    PostgresSettings::parse(text.trim()).map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

fn with_environment(
    settings: PostgresSettings,
    variables: &BTreeMap<String, String>,
) -> Result<PostgresSettings, Failure> {
    let settings = settings.or_environment(|name| variables.get(name).cloned());
    settings.map_err(|error| Failure::usage(format!("environment variables of libpq: {error}")))
}

fn client(settings: PostgresSettings, variables: &BTreeMap<String, String>) -> Result<Postgres, Failure> {
    let settings = with_environment(settings, variables)?;
    let access = PostgresAccess::new(&settings);
    let access = access.map_err(|error| Failure::usage(format!("the source is not complete: {error}")))?;
    Ok(Postgres::new(access))
}

/// Text of a file with a secret.
fn secret_file(option: &str, file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(file);
    text.map(Zeroizing::new)
        .map_err(|error| Failure::usage(format!("{option}: cannot read {}: {error}", file.display())))
}

/// Failure of a statement, with the GRANT that helps if a privilege is missing.
pub(super) fn statement_failure(error: &ClientError) -> Failure {
    let failure = Failure::failed(error.chain());
    let cause = error.cause::<PostgresFailure>();
    if cause.is_some_and(|failure| failure.sqlstate == DISK_FULL) {
        return failure.remedy("free disk space on the server; `eod mask golden prune` removes versions that are over");
    }
    let denied = cause.and_then(|failure| failure.missing.as_ref());
    match (error.kind, denied) {
        (_, Some(missing)) => {
            let object = format!("{} {}", missing.object_kind, missing.object);
            let sql = match missing.privilege {
                PostgresPrivilege::Select => "GRANT pg_read_all_data TO <role>".to_owned(),
                PostgresPrivilege::Usage => format!("GRANT USAGE ON {} TO <role>", object.trim().to_uppercase()),
                PostgresPrivilege::Connect => format!("GRANT CONNECT ON DATABASE {} TO <role>", missing.object),
                PostgresPrivilege::CreateDatabase => "ALTER ROLE <role> CREATEDB".to_owned(),
                PostgresPrivilege::CreateRole => "ALTER ROLE <role> CREATEROLE".to_owned(),
                PostgresPrivilege::Membership | PostgresPrivilege::Owner => {
                    format!("GRANT <owner of {}> TO <role>", object.trim())
                }
                _ => return failure,
            };
            failure.remedy(sql)
        }
        (ErrorKind::Timeout, _) => failure.remedy("try again, or set a longer --timeout"),
        _ => failure,
    }
}

/// True for an argument that may be a connection string with a password.
pub(in crate::command) fn may_have_password(argument: &str) -> bool {
    let lower = argument.to_lowercase();
    let has_keyword = lower.split_once("password").is_some_and(|(_, rest)| rest.trim_start().starts_with('='));
    has_keyword || lower.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

#[cfg(test)]
mod tests;
