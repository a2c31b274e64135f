//! Last steps before a golden database is closed: statistics without old values, and a checkpoint.

use eod_clients::{Deadline, Error, ErrorKind, postgres::PostgresSession};

use crate::sql::run;

/// Computes all statistics anew, and rewrites their catalogues. Rows are frozen, so that no clone has to write them again.
///
/// # Errors
///
/// A statement failed.
pub(crate) async fn rebuild(session: &mut PostgresSession, deadline: &Deadline) -> Result<(), Error> {
    session.set_phase("statistics", None, deadline).await?;
    // Tables of others, such as shared catalogues, are skipped with a warning.
    run(session, "prepare", "the session", "SET client_min_messages = error", deadline).await?;
    run(session, "compute", "the statistics", "VACUUM (FREEZE, ANALYZE)", deadline).await?;
    for catalogue in ["pg_statistic", "pg_statistic_ext_data"] {
        let sql = format!("VACUUM (FULL) pg_catalog.{catalogue}");
        run(session, "rewrite", catalogue, &sql, deadline).await?;
    }
    Ok(())
}

/// Makes a checkpoint, after which the files of replaced rows are gone. False if the role may not; then the next checkpoint
/// of the server does the same, at the latest when the first clone is made.
///
/// # Errors
///
/// The statement failed for another reason.
pub(crate) async fn checkpoint(session: &mut PostgresSession, deadline: &Deadline) -> Result<bool, Error> {
    match run(session, "make", "a checkpoint", "CHECKPOINT", deadline).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind == ErrorKind::Denied => Ok(false),
        Err(error) => Err(error),
    }
}
