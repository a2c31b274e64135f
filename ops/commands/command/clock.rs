//! `eod touch` and `eod extend`: writes of the clock.
//!
//! The clock is written by a merge patch under its own field manager, with the uid and the resource version that it was
//! computed from. After a conflict it is computed again, so a concurrent change is never overwritten.

use eod_clients::ErrorKind;
use eod_clients::kubernetes::ObjectRef;
use eod_domain::ledger::{Event, EventKind, records_activity};
use eod_domain::{
    Clock, ClockChange, EnvironmentName, EnvironmentReading, Expiry, Tier, TierSettings, labels, next_clock,
};
use jiff::Timestamp;
use serde_json::json;

use super::timeline::Timeline;
use crate::arguments::ExtendArguments;
use crate::failure::{Failure, Outcome};
use crate::output::print;
use crate::recorder::Recorder;
use crate::session::{CLOCK_MANAGER, OpsSession};

/// Maximum number of writes after conflicts.
const TRIES: u32 = 5;

/// Environment whose clock was written.
#[derive(Debug)]
pub(super) struct Restarted {
    /// Reading before the write.
    pub(super) reading: EnvironmentReading,
    /// Clock before the write.
    pub(super) before: Clock,
    /// Clock after the write.
    pub(super) after: Clock,
    /// Time of the last recorded activity.
    pub(super) last_recorded: Option<Timestamp>,
    /// Time of the API server.
    pub(super) now: Timestamp,
}

/// Runs `eod touch`.
pub(super) async fn touch(session: &OpsSession, name: &EnvironmentName) -> Result<Outcome, Failure> {
    let restarted = activity(session, name).await?;
    let Restarted { reading, after, last_recorded, now, .. } = &restarted;
    if restarted.is_unchanged() {
        print(&format!("{}\n", no_effect(name, reading)))?;
        return Ok(Outcome::Done);
    }
    if records_activity(*last_recorded, *now) {
        let recorder = Recorder::new(session, name).await;
        let event = recorder.event(*now, reading.generation, EventKind::Activity);
        recorder.record(event, reading, *now).await;
    }
    print(&format!("{name}: activity recorded, {}\n", end_text(after)))?;
    Ok(Outcome::Done)
}

/// Runs `eod extend`.
pub(super) async fn extend(session: &OpsSession, arguments: &ExtendArguments) -> Result<Outcome, Failure> {
    let ExtendArguments { environment, reason, by } = arguments;
    if reason.trim().is_empty() {
        return Err(Failure::usage("--reason must not be empty"));
    }
    let restarted = restart(session, environment, &|reading, settings, clock, now| {
        let tier = reading.tier.unwrap_or_default();
        let (Some(ttl), Some(max)) = (reading.ttl(), settings.max_ttl) else {
            return Err(Failure::failed(format!("environment `{environment}` is permanent and cannot be extended")));
        };
        let at_least = match by.map(|by| (by, by.signed())) {
            Some((by, duration)) if duration > max.duration() => {
                return Err(Failure::usage(format!("--by must be at most {max} in tier {tier}, got {by}")));
            }
            Some((_, duration)) => now.checked_add(duration).ok(),
            None => None,
        };
        let change = ClockChange { extension: true, ..ClockChange::default() };
        let next = next_clock(clock, change, settings, Some(ttl), now);
        Ok(Clock { expires_at: next.expires_at.max(at_least), ..next })
    })
    .await?;
    let Restarted { reading, after, now, .. } = &restarted;
    let recorder = Recorder::new(session, environment).await;
    let mut event = recorder.event(*now, reading.generation, EventKind::Extended).with("reason", reason);
    event = with_end(event, after);
    recorder.record(event, reading, *now).await;
    print(&format!("{environment}: extended, {}\n", end_text(after)))?;
    Ok(Outcome::Done)
}

/// Writes the clock of an activity; a tier without restart by activity stays unchanged.
pub(super) async fn activity(session: &OpsSession, name: &EnvironmentName) -> Result<Restarted, Failure> {
    restart(session, name, &|reading, settings, clock, now| {
        let change = ClockChange { head_sha: true, ..ClockChange::default() };
        Ok(next_clock(clock, change, settings, reading.ttl(), now))
    })
    .await
}

/// Sentence for an activity without effect.
pub(super) fn no_effect(name: &EnvironmentName, reading: &EnvironmentReading) -> String {
    match reading.tier {
        Some(Tier::Compliance) => format!(
            "{name}: activity has no effect in tier compliance; use `eod extend {name} --reason TEXT` to restart its clock"
        ),
        _ => format!("{name}: the environment is permanent, so activity has no effect"),
    }
}

impl Restarted {
    /// True if the clock was not written, because its new value is the old one.
    pub(super) fn is_unchanged(&self) -> bool {
        self.before == self.after
    }
}

type NextClock<'a> = dyn Fn(&EnvironmentReading, &TierSettings, &Clock, Timestamp) -> Result<Clock, Failure> + 'a;

/// Writes the clock that `next` computes from the one on the namespace.
async fn restart(session: &OpsSession, name: &EnvironmentName, next: &NextClock<'_>) -> Result<Restarted, Failure> {
    for _ in 0..TRIES {
        let (loaded, _, reading) = session.load_living(name).await?;
        let now = loaded.now;
        let before = current(name, &reading, now)?;
        let settings = session.settings.tiers.get(reading.tier.unwrap_or_default());
        let after = next(&reading, settings, &before, now)?;
        let last_recorded = loaded.ledger.as_ref().and_then(|ledger| Timeline::of(ledger).last(EventKind::Activity));
        let restarted = Restarted { reading, before, after, last_recorded, now };
        if restarted.is_unchanged() {
            return Ok(restarted);
        }
        let patch = json!({ "metadata": {
            "uid": restarted.reading.uid,
            "resourceVersion": restarted.reading.resource_version,
            "annotations": {
                labels::LAST_ACTIVITY_AT: after.last_activity_at.to_string(),
                labels::EXPIRES_AT: after.expires_at.map(|end| end.to_string()),
            },
        } });
        let reference = ObjectRef::namespace(name.as_str());
        match session.kubernetes.merge_patch(&reference, &patch, CLOCK_MANAGER, &session.deadline).await {
            Ok(_) => return Ok(restarted),
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    let failure =
        Failure::failed(format!("environment `{name}` was changed {TRIES} times while its clock was written"));
    Err(failure.remedy("try again"))
}

/// Clock on the namespace. A time that cannot be read is never overwritten.
fn current(name: &EnvironmentName, reading: &EnvironmentReading, now: Timestamp) -> Result<Clock, Failure> {
    if let Expiry::Unreadable(error) = &reading.times.expiry {
        let failure = Failure::failed(format!("the clock of environment `{name}` cannot be read: {error}"));
        return Err(failure.remedy("correct or remove the annotation"));
    }
    let last_activity_at = reading.times.last_activity_at.unwrap_or(now);
    Ok(Clock { last_activity_at, expires_at: reading.expires_at() })
}

fn end_text(clock: &Clock) -> String {
    clock.expires_at.map_or_else(|| "no end".to_owned(), |end| format!("expires at {end}"))
}

fn with_end(event: Event, clock: &Clock) -> Event {
    match clock.expires_at {
        Some(end) => event.with("expires_at", &end),
        None => event,
    }
}
