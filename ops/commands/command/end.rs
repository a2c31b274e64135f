//! `eod end`: the end of an environment, on request of a person.

use eod_clients::ErrorKind;
use eod_clients::kubernetes::ObjectRef;
use eod_domain::ledger::{EndReason, EventKind, LedgerHead, Transitions};
use eod_domain::{EndMark, EnvironmentName, EnvironmentReading, Tier, mark_annotations};
use jiff::Timestamp;
use serde_json::json;

use super::reap::{end_one, outcome, print_problems};
use crate::arguments::{CommonArguments, EndArguments};
use crate::failure::{Failure, Outcome};
use crate::output::{confirm, print};
use crate::recorder::Recorder;
use crate::session::{MANAGER, OpsSession};

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    common: &CommonArguments,
    arguments: &EndArguments,
) -> Result<Outcome, Failure> {
    let EndArguments { environment, reason, keep_vault, wait } = arguments;
    let (loaded, _, reading) = session.load_living(environment).await?;
    check(&reading)?;
    confirm(
        common.yes,
        &format!("cluster: {}", session.kubernetes.place()),
        &format!("end environment `{environment}`"),
    )?;
    let recorder = Recorder::new(session, environment).await;
    if *keep_vault {
        keep_copies(session, &recorder, environment, &reading).await?;
    }
    mark(session, &reading, loaded.now).await?;
    let mut event = recorder.event(loaded.now, reading.generation, EventKind::Warned);
    event = event.with("reason", EndReason::Requested.as_str());
    if let Some(reason) = reason {
        event = event.with("text", reason);
    }
    recorder.record(event, &reading, loaded.now).await;
    let report = end_one(session, environment, wait.signed()).await?;
    print_problems(&report);
    let outcome = outcome(&report)?;
    let after = session.load(environment).await?;
    let head = after.ledger.as_ref().and_then(|ledger| ledger.head.as_ref().ok());
    let has_begun = head.is_some_and(LedgerHead::is_absent);
    let text = match &after.namespace {
        None => "ended",
        Some(_) if has_begun => "its end has begun; the next run of the reaper continues it",
        Some(_) => "its end is requested and has not begun; the next run of the reaper begins it",
    };
    print(&format!("{environment}: {text}\n"))?;
    Ok(if after.namespace.is_some() { Outcome::Found } else { outcome })
}

/// Records that the copies in Vault are kept. This is written before the request, so that every run that begins the end
/// keeps them.
async fn keep_copies(
    session: &OpsSession,
    recorder: &Recorder<'_>,
    name: &EnvironmentName,
    reading: &EnvironmentReading,
) -> Result<(), Failure> {
    if reading.generation == 0 {
        recorder.adopt(reading, session.now()?).await?;
    }
    let loaded = session.load(name).await?;
    let missing = || Failure::failed(format!("environment `{name}` has no ledger that can be read"));
    let ledger = loaded.ledger.as_ref().ok_or_else(missing)?;
    let head = ledger.head.as_ref().map_err(|_| missing())?;
    let next = Transitions::at(loaded.now).keep_vault(head, head.generation);
    let next = next.map_err(|error| Failure::failed(format!("the copies in Vault cannot be kept: {error}")))?;
    let written = session.ledgers.replace(name, &ledger.resource_version, &next, &[], &session.deadline).await;
    written.map(drop).map_err(|error| match error.kind {
        ErrorKind::Conflict => {
            Failure::failed(format!("the ledger of `{name}` was changed in the meantime")).remedy("try again")
        }
        _ => error.into(),
    })
}

/// Refuses a protected environment, and one of a tier that is never ended.
pub(super) fn check_not_permanent(reading: &EnvironmentReading) -> Result<(), Failure> {
    if !reading.is_permanent() {
        return Ok(());
    }
    let name = &reading.name;
    if reading.tier == Some(Tier::Staging) {
        return Err(Failure::failed(format!("environment `{name}` has tier staging and is never ended")));
    }
    let failure = Failure::failed(format!("environment `{name}` is protected and is never ended"));
    Err(failure.remedy("set `protected = false` in its configuration first"))
}

fn check(reading: &EnvironmentReading) -> Result<(), Failure> {
    let name = &reading.name;
    check_not_permanent(reading)?;
    if reading.tier == Some(Tier::Compliance) && !reading.is_approved() {
        let failure = Failure::failed(format!("the end of environment `{name}` of tier compliance needs an approval"));
        return Err(failure.remedy(format!("run `eod approve {name}` first")));
    }
    match reading.problems.first() {
        Some(problem) => {
            let failure = Failure::failed(format!("environment `{name}` cannot be read, so it is kept: {problem}"));
            Err(failure.remedy("correct the label or annotation"))
        }
        None => Ok(()),
    }
}

/// Writes the mark of a requested end that is due now.
async fn mark(session: &OpsSession, reading: &EnvironmentReading, now: Timestamp) -> Result<(), Failure> {
    let mark = EndMark { reap_after: now, reason: EndReason::Requested };
    let patch = json!({ "metadata": {
        "uid": reading.uid,
        "resourceVersion": reading.resource_version,
        "annotations": mark_annotations(Some(mark)),
    } });
    let object = ObjectRef::namespace(reading.name.as_str());
    let written = session.kubernetes.merge_patch(&object, &patch, MANAGER, &session.deadline).await;
    written.map(drop).map_err(|error| match error.kind {
        ErrorKind::Conflict => {
            Failure::failed(format!("environment `{}` was changed in the meantime", reading.name)).remedy("try again")
        }
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests;
