//! `eod end`: the end of an environment, on request of a person.

use eod_clients::ErrorKind;
use eod_clients::kubernetes::ObjectRef;
use eod_domain::ledger::{EndReason, EventKind};
use eod_domain::{EndMark, EnvironmentReading, mark_annotations};
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
    let EndArguments { environment, reason, wait } = arguments;
    let (loaded, _, reading) = session.load_living(environment).await?;
    check(&reading)?;
    confirm(common.yes, session.kubernetes.place(), &format!("end environment `{environment}`"))?;
    let recorder = Recorder::new(session, environment).await;
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
    let text = match &after.namespace {
        None => format!("{environment}: ended\n"),
        Some(_) => format!("{environment}: its end has begun; the next run of the reaper continues it\n"),
    };
    print(&text)?;
    Ok(if after.namespace.is_some() { Outcome::Found } else { outcome })
}

fn check(reading: &EnvironmentReading) -> Result<(), Failure> {
    let name = &reading.name;
    if reading.is_permanent() {
        let failure = Failure::failed(format!("environment `{name}` is protected and is never ended"));
        return Err(failure.remedy("set `protected = false` in its configuration first"));
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
