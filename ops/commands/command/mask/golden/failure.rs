//! Errors of golden databases as failures of a command. None of them contains a value, a password or the key.

use eod_clients::{Error as ClientError, ErrorKind};
use eod_golden::{BuildError, GoldenError, MaskedCopyError, PlanError, StructureError, VerifyError};
use eod_masking::RefusedRule;

use crate::command::mask::access::statement_failure;
use crate::command::mask::policy_file::PolicyFile;
use crate::failure::Failure;

/// Failure of a build or a verification.
pub(in crate::command::mask) fn build_failure(error: &BuildError, file: &PolicyFile) -> Failure {
    if error.is_cancelled() {
        return Failure::failed("cancelled; nothing was published, and nothing is open");
    }
    if let Some(rules) = refused(error) {
        let problem = format!("the policy does not fit the database:\n{}", file.refused(rules));
        return Failure::usage(problem).remedy("correct the policy; `eod mask check` compares it with a database");
    }
    let problem = error.chain();
    let failure = if is_input(error) { Failure::usage(problem) } else { Failure::failed(problem) };
    match remedy(error) {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}

/// Failure of a publication or a removal.
pub(super) fn golden_failure(error: &GoldenError) -> Failure {
    match error {
        GoldenError::Statement(error) => statement_failure(error),
        other => Failure::failed(other.to_string()),
    }
}

/// Rules that do not fit the database.
fn refused(error: &BuildError) -> Option<&[RefusedRule]> {
    match error {
        BuildError::Policy(rules) | BuildError::Verify(VerifyError::Refused(rules)) => Some(rules),
        BuildError::Copy(error) => match &**error {
            MaskedCopyError::Plan(PlanError::Refused(rules)) => Some(rules),
            _ => None,
        },
        _ => None,
    }
}

/// True if another file, key, source or name is needed.
fn is_input(error: &BuildError) -> bool {
    match error {
        BuildError::SameServer
        | BuildError::MaskedSource
        | BuildError::OtherKey { .. }
        | BuildError::PolicyRoles(_)
        | BuildError::NoRawCopy(_) => true,
        BuildError::Copy(error) => {
            matches!(
                **error,
                MaskedCopyError::Plan(PlanError::Room(_) | PlanError::Constant { .. } | PlanError::NoTable(_))
            )
        }
        _ => false,
    }
}

/// Option or statement that helps. Most errors have their remedy in their text.
fn remedy(error: &BuildError) -> Option<String> {
    let text = match error {
        BuildError::SameServer => "use --from DATABASE for a raw copy on the preview server",
        BuildError::OtherKey { .. } => {
            "set the former key, or accept the new one with --allow-other-key: then every clone has to be created again"
        }
        BuildError::PageReaders(_) => "accept one with --allow NAME",
        BuildError::Findings(_) => {
            "give these columns rules; a column that may have such values is accepted with --accept SCHEMA.TABLE.COLUMN"
        }
        BuildError::Structure(StructureError::Tools(_)) => "name the folder of pg_dump and pg_restore with --tools",
        other => return other.remote().and_then(statement_remedy),
    };
    Some(text.to_owned())
}

fn statement_remedy(error: &ClientError) -> Option<String> {
    match error.kind {
        ErrorKind::Timeout => Some("set a longer --timeout".to_owned()),
        _ => statement_failure(error).remedy_text().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
