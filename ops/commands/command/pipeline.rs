//! `eod event`: events of a pipeline.

use eod_domain::ledger::EventKind;
use jiff::Timestamp;

use super::clock::{activity, no_effect};
use crate::arguments::{EventArguments, PipelineEvent};
use crate::failure::{Failure, Outcome};
use crate::output::print;
use crate::recorder::Recorder;
use crate::session::OpsSession;

/// Runs the command.
pub(super) async fn run(session: &OpsSession, arguments: &EventArguments) -> Result<Outcome, Failure> {
    let EventArguments { environment, name, at, sha, run_url } = arguments;
    let kind = name.kind();
    let mut recorder = Recorder::new(session, environment).await;
    recorder.check_room().await?;
    if let Some(at) = at {
        check_time(*at, session.now()?)?;
    }
    let mut lines = vec![format!("{environment}: {kind} recorded")];
    let (reading, generation, now) = if name.is_activity() {
        let restarted = activity(session, environment).await?;
        if restarted.is_unchanged() {
            lines.push(no_effect(environment, &restarted.reading));
        }
        let generation = restarted.reading.generation;
        (Some(restarted.reading), generation, restarted.now)
    } else {
        let loaded = session.load(environment).await?;
        let living = loaded.reading.filter(|reading| !reading.terminating);
        let generation = match (&living, &loaded.ledger) {
            (Some(reading), _) => reading.generation,
            (None, Some(ledger)) => {
                let head = ledger.head.as_ref();
                head.map_err(|problem| Failure::failed(format!("the ledger of `{environment}`: {problem}")))?.generation
            }
            (None, None) => 0,
        };
        (living, generation, loaded.now)
    };
    if let Some(run) = run_url {
        recorder.set_run(run);
    }
    let mut event = recorder.event(at.unwrap_or(now), generation, kind);
    if let Some(sha) = sha {
        event = event.with("sha", sha);
    }
    match reading {
        Some(reading) => recorder.record(event, &reading, now).await,
        None => {
            recorder.announce(event, now).await?;
            lines.push(format!("{environment} does not exist yet; the event is kept for its create"));
        }
    }
    print(&format!("{}\n", lines.join("\n")))?;
    Ok(Outcome::Done)
}

/// Refuses a time in the future.
fn check_time(at: Timestamp, now: Timestamp) -> Result<(), Failure> {
    if at > now {
        return Err(Failure::usage(format!("--at must not be in the future: the API server's time is {now}")));
    }
    Ok(())
}

impl PipelineEvent {
    fn kind(self) -> EventKind {
        match self {
            Self::Requested => EventKind::Requested,
            Self::BuildStarted => EventKind::BuildStarted,
            Self::BuildFinished => EventKind::BuildFinished,
            Self::TestsStarted => EventKind::TestsStarted,
            Self::TestsFinished => EventKind::TestsFinished,
        }
    }

    fn is_activity(self) -> bool {
        matches!(self, Self::TestsStarted | Self::TestsFinished)
    }
}
