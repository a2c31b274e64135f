//! Errors of single entries of a batch.

use std::{error::Error as StdError, fmt, sync::Arc};

use eod_domain::dns::{ChangeEntry, ZoneId};

use super::{failure::Route53Problem, request::SYSTEM};
use crate::{
    deadline::Interruption,
    error::{Error, ErrorKind},
};

/// Error of a batch, shared by the callers of its entries.
#[derive(Clone, Debug)]
struct BatchError(Arc<Error>);

/// The error of one entry of a failed batch.
pub(super) fn of_batch(entry: &ChangeEntry, zone: &ZoneId, error: &Arc<Error>) -> Error {
    new(entry, zone, error.kind).because(BatchError(Arc::clone(error))).with_unknown_outcome(error.outcome_unknown())
}

/// The error of an entry that was never sent because of a problem.
pub(super) fn of_problem(entry: &ChangeEntry, zone: &ZoneId, problem: Route53Problem) -> Error {
    new(entry, zone, problem.kind()).because(problem)
}

/// The error of an entry that was never sent because its caller was interrupted.
pub(super) fn of_interruption(entry: &ChangeEntry, zone: &ZoneId, reason: Interruption) -> Error {
    new(entry, zone, ErrorKind::from(reason)).because(reason)
}

/// The error of an entry without an answer. Its batch may have been sent.
pub(super) fn of_stopped_writer(entry: &ChangeEntry, zone: &ZoneId) -> Error {
    of_problem(entry, zone, Route53Problem::Stopped).with_unknown_outcome(true)
}

fn new(entry: &ChangeEntry, zone: &ZoneId, kind: ErrorKind) -> Error {
    Error::new(SYSTEM, "change", format!("records of `{}` in hosted zone `{zone}`", entry.host), kind)
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the batch with this change failed")
    }
}

impl StdError for BatchError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        StdError::source(&*self.0)
    }
}
