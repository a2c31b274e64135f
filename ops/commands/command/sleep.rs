//! `eod sleep`: the label that puts an environment to sleep.

use eod_domain::EnvironmentName;
use eod_domain::ledger::EventKind;

use crate::failure::{Failure, Outcome};
use crate::forges::{ForgePullRequest, no_label};
use crate::output::print;
use crate::recorder::Recorder;
use crate::session::OpsSession;

/// Runs the command.
pub(super) async fn run(session: &OpsSession, name: &EnvironmentName) -> Result<Outcome, Failure> {
    let (loaded, _, reading) = session.load_living(name).await?;
    let identity = reading.identity.as_ref();
    let identity = identity.ok_or_else(|| Failure::failed(format!("the identity of `{name}` cannot be read")))?;
    let pull_request = ForgePullRequest::of(&session.forges, name, identity)?;
    let label = pull_request.forge.sleep_label.as_ref().ok_or_else(|| no_label("sleep_label", identity))?;
    pull_request.set_label(label, true, &session.deadline).await?;
    let recorder = Recorder::new(session, name).await;
    let event = recorder.event(loaded.now, reading.generation, EventKind::Asleep).with("label", label);
    recorder.record(event, &reading, loaded.now).await;
    print(&format!("{name}: label `{label}` is set; Argo CD or the pipeline stops its pods\n"))?;
    Ok(Outcome::Done)
}
