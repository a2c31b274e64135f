//! `eod wake`: the label for sleep goes off, or the end of an environment is lifted.

use eod_clients::ErrorKind;
use eod_clients::forge::{MergeState, PullRequest};
use eod_domain::ledger::{EventKind, LedgerHead, LedgerPhase, Transitions};
use eod_domain::{EnvironmentName, EnvironmentReading, HeadSha, Identity, Subject};

use crate::arguments::WakeArguments;
use crate::failure::{Failure, Outcome};
use crate::forges::{ForgePullRequest, no_label};
use crate::output::print;
use crate::recorder::Recorder;
use crate::session::{LoadedEnvironment, OpsSession};

/// Runs the command.
pub(super) async fn run(session: &OpsSession, arguments: &WakeArguments) -> Result<Outcome, Failure> {
    let WakeArguments { environment, sha } = arguments;
    let loaded = session.load(environment).await?;
    let head = loaded.ledger.as_ref().and_then(|ledger| ledger.head.as_ref().ok());
    match (&loaded.reading, head) {
        (Some(reading), _) if !reading.terminating => wake(session, environment, reading, &loaded).await,
        (_, Some(head)) if head.phase == LedgerPhase::Ended => {
            lift(session, environment, head, sha.as_ref(), &loaded).await
        }
        (_, Some(head)) if head.phase == LedgerPhase::Ending => {
            let failure = Failure::failed(format!("the end of environment `{environment}` is not finished"));
            Err(failure.remedy("try again when `eod list --all` shows it as ended"))
        }
        _ => Err(session.missing(environment, &loaded)),
    }
}

/// Removes the label for sleep from the pull request of a living environment.
async fn wake(
    session: &OpsSession,
    name: &EnvironmentName,
    reading: &EnvironmentReading,
    loaded: &LoadedEnvironment,
) -> Result<Outcome, Failure> {
    let identity = reading.identity.as_ref();
    let identity = identity.ok_or_else(|| Failure::failed(format!("the identity of `{name}` cannot be read")))?;
    let pull_request = ForgePullRequest::of(&session.forges, name, identity)?;
    let label = pull_request.forge.sleep_label.as_ref().ok_or_else(|| no_label("sleep_label", identity))?;
    pull_request.set_label(label, false, &session.deadline).await?;
    let recorder = Recorder::new(session, name).await;
    let event = recorder.event(loaded.now, reading.generation, EventKind::Woken).with("label", label);
    recorder.record(event, reading, loaded.now).await;
    print(&format!("{name}: label `{label}` is removed; Argo CD or the pipeline starts its pods\n"))?;
    Ok(Outcome::Done)
}

/// Lifts the tombstone of an ended environment, and sets the trigger label if a forge is configured.
async fn lift(
    session: &OpsSession,
    name: &EnvironmentName,
    head: &LedgerHead,
    sha: Option<&HeadSha>,
    loaded: &LoadedEnvironment,
) -> Result<Outcome, Failure> {
    let identity: Identity = head.identity.parse().map_err(|_| {
        Failure::failed(format!("the identity `{}` in the ledger of `{name}` cannot be read", head.identity))
    })?;
    // A branch has no label, and its end is lifted without the forge.
    let is_pull_request = matches!(identity.subject, Subject::PullRequest(_));
    let has_forge = identity.repository.as_ref().is_some_and(|repository| session.forges.get(repository).is_some());
    let with_forge = is_pull_request && has_forge;
    let pull_request = if with_forge { Some(ForgePullRequest::of(&session.forges, name, &identity)?) } else { None };
    if let Some(pull_request) = &pull_request {
        check_pull_request(name, &pull_request.read(&session.deadline).await?, sha)?;
    }
    let recorder = Recorder::new(session, name).await;
    let lifted = Transitions::at(loaded.now).lift(head, head.generation);
    let lifted = lifted.map_err(|error| Failure::failed(error.to_string()))?;
    let event = recorder.event(loaded.now, head.generation, EventKind::Lifted);
    let version = loaded.ledger.as_ref().map(|ledger| ledger.resource_version.as_str()).unwrap_or_default();
    // The ledger is written first: a label without a lifted end would bring back nothing.
    let written = session.ledgers.replace(name, version, &lifted, &[event], &session.deadline).await;
    written.map_err(|error| match error.kind {
        ErrorKind::Conflict => {
            Failure::failed(format!("the ledger of `{name}` was changed in the meantime")).remedy("try again")
        }
        _ => error.into(),
    })?;
    let mut text = format!("{name}: its end is lifted, so the next plan or sync may bring it back\n");
    if let Some(pull_request) = &pull_request
        && let Some(label) = &pull_request.forge.trigger_label
    {
        pull_request.set_label(label, true, &session.deadline).await?;
        text.push_str(&format!("{name}: label `{label}` is set on pull request {}\n", pull_request.number));
    }
    print(&text)?;
    Ok(Outcome::Done)
}

/// Checks that the pull request may have an environment again. The code of a fork was not reviewed, so its commit has to be
/// given.
fn check_pull_request(name: &EnvironmentName, found: &PullRequest, sha: Option<&HeadSha>) -> Result<(), Failure> {
    if found.state != MergeState::Open {
        return Err(Failure::failed(format!("the pull request of environment `{name}` is closed")));
    }
    let head: Option<HeadSha> = found.head_sha.parse().ok();
    let is_head = |sha: &HeadSha| head.as_ref().is_some_and(|head| head.is_same_commit(sha));
    match sha {
        Some(sha) if !is_head(sha) => Err(Failure::usage(format!(
            "--sha must be the newest commit of the pull request, which is {}, got {sha}",
            found.head_sha
        ))),
        None if found.is_fork => {
            let failure = Failure::usage(format!("the pull request of environment `{name}` comes from a fork"));
            Err(failure.remedy(format!("review commit {0}, and add --sha {0}", found.head_sha)))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
