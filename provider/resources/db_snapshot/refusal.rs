//! Errors of databases as diagnostics, each at its attribute.

use std::time::Duration;

use eod_clients::Error;
use eod_golden::{GoldenError, GoldenName};
use eod_masking::{RefusedRule, TableName};
use eod_snapshot::{CloneError, CloneName};
use tfplugin::{Diag, Diags};

use super::model::Input;
use crate::explain;

/// Maximum number of tables or rules that one diagnostic lists.
const LISTED: usize = 20;

/// The diagnostic of an operation on a clone.
pub(super) fn clone_error(error: &CloneError) -> Diag {
    let at_database = |title: &str, hint: &str| {
        let diag = Diag::error(title).detail(explain::sentence(&error.to_string())).at(Input::DATABASE);
        if hint.is_empty() { diag } else { diag.hint(hint) }
    };
    let at_golden = |title: &str, hint: &str| {
        Diag::error(title).detail(explain::sentence(&error.to_string())).hint(hint).at(Input::GOLDEN)
    };
    match error {
        CloneError::Foreign { .. } => at_database(
            "The name of the database is in use",
            "choose another name with `database`; a database without the mark of this environment is never changed",
        ),
        CloneError::Exists(name) => exists_error(name),
        CloneError::Successor(_) => at_database(
            "The database was created again by another run",
            "remove the resource from this state (`terraform state rm`), or import the new database",
        ),
        CloneError::Busy(_) => at_database(
            "Another run has the database",
            "run again after it; a run that was killed releases the database within a second",
        ),
        CloneError::NotBegun(_) => at_database("The database was removed meanwhile", "plan again"),
        CloneError::Held { .. } => at_database(
            "The database cannot be removed yet",
            "end what holds it: `pg_terminate_backend(pid)` as superuser, `ROLLBACK PREPARED '...'`, or \
             `pg_drop_replication_slot('...')`; then run again",
        ),
        CloneError::NotPublished(name) => at_golden(
            "The golden database is not published",
            &format!(
                "build it with `eod mask golden build {name}`, and publish it with `eod mask golden publish {name}`"
            ),
        ),
        CloneError::Over { name, .. } => at_golden(
            "The golden database has expired",
            &format!("build and publish it again: `eod mask golden build {name}`, `eod mask golden publish {name}`"),
        ),
        CloneError::GoldenChanged(_) => at_golden(
            "The golden database has changed",
            "run again; if it was changed by hand, build and publish it again",
        ),
        CloneError::Golden(golden) => golden_error(golden),
        CloneError::Statement(error) => statement_error(error),
        _ => at_database("The database cannot be used", ""),
    }
}

/// The diagnostic of an operation on a golden database.
fn golden_error(error: &GoldenError) -> Diag {
    match error {
        GoldenError::Statement(error) => statement_error(error),
        GoldenError::Foreign { .. } => Diag::error("The golden database belongs to somebody else")
            .detail(explain::sentence(&error.to_string()))
            .hint(
                "set `golden` to a database that `eod mask golden publish` has published, and the provider's `installation` to \
                 that of the publication",
            )
            .at(Input::GOLDEN),
        other => Diag::error("The golden database cannot be used")
            .detail(explain::sentence(&other.to_string()))
            .at(Input::GOLDEN),
    }
}

fn statement_error(error: &Error) -> Diag {
    explain::remote(error)
}

/// The error for a clone that is complete and in no state.
fn exists_error(name: &CloneName) -> Diag {
    Diag::error("The database exists already")
        .detail(format!(
            "Database `{name}` is a complete database of this environment and is not in this state. It was not changed. To manage \
             it here, import it:\n\n  import {{\n    to = eod_db_snapshot.<name>\n    id = \"{name}\"\n  }}"
        ))
        .hint("import it, or remove it in the configuration that has created it")
        .at(Input::DATABASE)
}

/// The error for a policy that does not fit the database.
pub(super) fn unfit_policy_error(refused: &[RefusedRule]) -> Diag {
    let mut lines: Vec<_> = refused.iter().take(LISTED).map(|rule| format!("- {rule}.")).collect();
    if refused.len() > LISTED {
        lines.push(format!("- And {} more.", refused.len() - LISTED));
    }
    Diag::error("The policy does not fit the golden database")
        .detail(lines.join("\n"))
        .hint("correct the policy, or build and publish the golden database again with it")
        .at(Input::MASKING_POLICY)
}

/// The error for a golden database with other rules than the policy.
pub(super) fn other_rules_error(golden: &GoldenName, tables: &[TableName]) -> Diag {
    let mut names: Vec<_> = tables.iter().take(LISTED).map(|table| format!("`{table}`")).collect();
    if tables.len() > LISTED {
        names.push(format!("and {} more", tables.len() - LISTED));
    }
    Diag::error("The golden database has other masking rules")
        .detail(format!(
            "Golden database `{golden}` was not built with the rules that the policy has for {}. The database was not opened.",
            names.join(", ")
        ))
        .hint(format!("build and publish `{golden}` again with this policy: `eod mask golden build`, `eod mask golden publish`"))
        .at(Input::MASKING_POLICY)
}

/// The error for a Secret of somebody else.
pub(super) fn foreign_secret_error(namespace: &str, name: &str, reason: &str) -> Diag {
    Diag::error("The Secret belongs to somebody else")
        .detail(format!("Secret `{name}` in namespace `{namespace}` was not changed: {reason}."))
        .hint("choose another name with `secret`, or delete the Secret if nothing uses it")
        .at(Input::SECRET)
}

/// The error for a Secret that could not be written.
pub(super) fn secret_error(error: &Error) -> Diag {
    explain::remote(error).at(Input::SECRET)
}

/// The warning about a database whose blocks were all copied.
pub(super) fn copy_warning(name: &CloneName, bytes: u64, duration: Duration) -> Diag {
    Diag::warning(format!("The database was copied: {name}"))
        .detail(format!(
            "All {} MB of database `{name}` were copied, in {:.1} s. A server of PostgreSQL 18 with `file_copy_method = clone` on XFS or \
             btrfs shares the blocks and needs about a second.",
            bytes >> 20,
            duration.as_secs_f64()
        ))
        .hint("see the guide about the preview server")
}

/// The error for a server without an address for applications.
pub(super) fn no_advertised_host_error(host: &str) -> Diags {
    Diag::error("Applications have no address of the server")
        .detail(format!("`postgres.host` is `{host}`, which is not one host that a pod can connect to."))
        .hint("set `postgres.advertise_host` in the provider block, and `postgres.advertise_port` if the port differs")
        .into()
}
