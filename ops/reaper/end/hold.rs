//! Begin, takeover, storage, cancellation and release of an end.

use eod_domain::PullRequestState;
use eod_domain::ledger::{EndReason, EndRequest, EventKind, LedgerHead, LedgerPhase, SILENCE, Transitions};
use jiff::{SignedDuration, Timestamp};

use super::{EndError, EndProgress, HeldEnd};
use crate::mutation::mutated;
use crate::ports::{
    CallError, CallErrorKind, ClockPort, ForgePort, HeadEntry, LedgerPort, NotificationKind, ObjectVersion, Ports,
    PullRequestLabel,
};
use crate::pull_requests::pull_request_of;
use crate::run::Run;

/// Number of attempts to write the head while others append events.
const WRITES: usize = 5;
/// Number of checks of the ledger before one step.
const CHECKS: usize = 3;
/// Maximum duration of a check of the ledger. A longer one is repeated.
const CHECK_MAX: SignedDuration = SignedDuration::from_mins(1);

/// Result of putting the trigger label back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum LabelBack {
    /// The pull request has the label.
    Set,
    /// The label stays off: the pull request is closed, or it is of a fork, on which only a maintainer may set it; or the
    /// environment has no pull request.
    NotPossible,
    /// The state of the pull request is not known.
    Unknown,
}

impl<P: Ports> Run<'_, P> {
    /// Writes the phase `ending` under the version that was read; none if another writer was faster.
    pub(crate) async fn begin_end(
        &mut self,
        entry: &HeadEntry,
        uid: Option<String>,
        reason: EndReason,
        now: Timestamp,
    ) -> Result<Option<HeldEnd>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        let keep_vault = false;
        let holder = self.options.holder.clone();
        let request = EndRequest { generation: head.generation, uid, reason, keep_vault, holder };
        let mut next = match Transitions::at(now).begin_end(head, &request) {
            Ok(next) => next,
            Err(error) => {
                self.report.problem(&entry.environment, format!("its end cannot begin: {error}"));
                return Ok(None);
            }
        };
        if !head.keeps_vault {
            self.apply_vault_policy(&mut next);
        }
        let mut events = Vec::new();
        if reason == EndReason::Lost {
            events.push(self.event(now, head.generation, EventKind::Lost));
        }
        events.push(self.event(now, head.generation, EventKind::EndStarted).with("reason", &reason));
        match self.store_head(&entry.environment, &entry.version, &mut next, &events).await {
            Ok(version) => {
                let end = HeldEnd::new(entry.environment.clone(), next, version);
                self.notify(NotificationKind::Ending, now, &end.about(), format!("reason: {reason}")).await;
                Ok(Some(end))
            }
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps or ends the copies in Vault at expiry, as configured.
    fn apply_vault_policy(&self, head: &mut LedgerHead) {
        use eod_domain::ledger::{EndStep, StepOutcome};
        let ends_copies = !self.settings.keep_vault_until_closed || mutated!(CopyDeletedAtExpiry);
        if head.reason == Some(EndReason::Expired) && ends_copies {
            head.steps.insert(EndStep::Vault, StepOutcome::Pending);
        }
    }

    /// Takes over a running end; none if another run holds it.
    pub(crate) async fn resume_end(&mut self, entry: &HeadEntry, now: Timestamp) -> Result<Option<HeldEnd>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        let Ok(next) = Transitions::at(now).resume_end(head, head.generation, &self.options.holder) else {
            return Ok(None);
        };
        match self.ports.ledgers().write_head(&entry.environment, &entry.version, &next, &[]).await {
            Ok(version) => Ok(Some(HeldEnd::new(entry.environment.clone(), next, version))),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores the noted changes.
    pub(super) async fn store(&mut self, end: &mut HeldEnd) -> Result<(), EndError> {
        if !end.is_changed {
            return Ok(());
        }
        if mutated!(HeadWithoutVersion)
            && let Some(entry) = self.ports.ledgers().head(&end.name).await?
        {
            end.version = entry.version;
        }
        end.version = self.write(end).await?;
        end.stored = end.head.clone();
        end.events.clear();
        end.is_changed = false;
        Ok(())
    }

    /// Writes the head with the noted events. It is written again if others have only appended events meanwhile. A write with
    /// an unknown result is read back.
    async fn write(&mut self, end: &mut HeldEnd) -> Result<ObjectVersion, EndError> {
        for _ in 0..WRITES {
            // Another run may have sealed events since this head was derived from the stored one.
            (end.head.seq, end.head.hash) = (end.stored.seq, end.stored.hash.clone());
            let HeldEnd { name, version, head, events, .. } = end;
            let error = match self.store_head(name, version, head, events).await {
                Ok(version) => return Ok(version),
                Err(error) => error,
            };
            let is_unknown = error.kind == CallErrorKind::Unknown;
            if !is_unknown && !error.is_conflict() {
                return Err(error.into());
            }
            match self.ports.ledgers().head(&end.name).await? {
                Some(HeadEntry { version, head: Ok(head), .. }) if is_unknown && head == end.head => {
                    return Ok(version);
                }
                Some(entry) if !is_unknown && end.is_held(&entry.head, &entry.version) => {}
                _ if is_unknown => return Err(error.into()),
                _ => return Err(EndError::Taken),
            }
        }
        Err(EndError::Taken)
    }

    /// Checks that no other run has changed the ledger since it was stored. The check is repeated if it took long, because a
    /// run that was suspended may have lost the end since then.
    pub(super) async fn check_held(&mut self, end: &mut HeldEnd) -> Result<(), EndError> {
        if mutated!(GenerationNotChecked) || mutated!(HeadWithoutVersion) {
            return Ok(());
        }
        for _ in 0..CHECKS {
            // A heartbeat of a clock that has jumped would hold the end for as long as the jump.
            let clocks =
                if mutated!(BeatOfJumpedClock) { self.ports.clock().read().await? } else { self.clocks().await? };
            self.refresh_beat(end, clocks.server).await?;
            let entry = self.ports.ledgers().head(&end.name).await?;
            if entry.is_none_or(|entry| !end.is_held(&entry.head, &entry.version)) {
                return Err(EndError::Taken);
            }
            if self.ports.clock().read().await?.elapsed.saturating_sub(clocks.elapsed) < CHECK_MAX {
                return Ok(());
            }
        }
        Err(CallError::new(CallErrorKind::Unavailable, "the ledger cannot be read in time, so the end waits").into())
    }

    /// Stores a heartbeat if the last one is old, so that no other run takes over an end during a long step.
    async fn refresh_beat(&mut self, end: &mut HeldEnd, now: Timestamp) -> Result<(), EndError> {
        let is_old = end.head.is_silent_for(SILENCE / 2, now);
        if end.head.phase != LedgerPhase::Ending || !is_old {
            return Ok(());
        }
        let held = Transitions::at(now).beat(&end.head, end.head.generation, &self.options.holder);
        end.head = held.map_err(|_| EndError::Taken)?;
        end.is_changed = true;
        self.store(end).await
    }

    /// Cancels an end before anything is deleted: the trigger label goes back, except on a fork, and the environment lives. If
    /// the state of the pull request is not known, the end stays until a later run can put the label back.
    pub(crate) async fn cancel(&mut self, end: &mut HeldEnd, reason: &str) -> Result<EndProgress, EndError> {
        let now = self.now().await?;
        let (generation, holder) = (end.head.generation, self.options.holder.clone());
        let label = end.head.label;
        let cancelled = Transitions::at(now).cancel_end(&end.head, generation, &holder, end.head.uid.is_some());
        let Ok(mut next) = cancelled else {
            self.report.problem(&end.name, "its end cannot be cancelled any more: a part is deleted already");
            return Ok(EndProgress::Waiting);
        };
        if label.removed_by_us {
            match self.label_back(end).await? {
                LabelBack::Set => next.label.removed_by_us = false,
                LabelBack::NotPossible => {}
                LabelBack::Unknown => {
                    let problem =
                        "its end is cancelled as soon as the forge answers, so that its trigger label goes back";
                    self.report.problem(&end.name, problem);
                    return Ok(EndProgress::Waiting);
                }
            }
        }
        end.head = next;
        end.events.push(self.event(now, generation, EventKind::Unmarked).with("reason", reason));
        end.is_changed = true;
        self.store(end).await?;
        self.report.act(&end.name, "cancel", reason);
        self.notify(NotificationKind::Cancelled, now, &end.about(), reason).await;
        Ok(EndProgress::Cancelled)
    }

    /// Puts the trigger label back on an open pull request.
    async fn label_back(&mut self, end: &mut HeldEnd) -> Result<LabelBack, EndError> {
        let identity = end.identity();
        let Some((repository, number)) = identity.as_ref().and_then(pull_request_of) else {
            return Ok(LabelBack::NotPossible);
        };
        let known = self.fresh_pull_request(identity.as_ref()).await;
        if known.state == PullRequestState::Unknown && !known.is_unknowable && !mutated!(LabelLeftOff) {
            return Ok(LabelBack::Unknown);
        }
        let Some(facts) = known.facts else { return Ok(LabelBack::NotPossible) };
        if !facts.is_open || (facts.is_fork && !mutated!(LabelBackOnFork)) {
            return Ok(LabelBack::NotPossible);
        }
        self.check_held(end).await?;
        self.ports.forge().set_label(repository, number, PullRequestLabel::Trigger, true).await?;
        Ok(LabelBack::Set)
    }

    /// Gives an end back, so that the next run continues it at once.
    pub(crate) async fn release(&mut self, mut end: HeldEnd) {
        if end.head.phase != LedgerPhase::Ending {
            return;
        }
        let Ok(now) = self.now().await else { return };
        let holder = self.options.holder.clone();
        let Ok(next) = Transitions::at(now).release_end(&end.head, end.head.generation, &holder) else { return };
        end.head = next;
        end.is_changed = true;
        // A failed release costs only time: the next run waits until this one is silent.
        let _ = self.store(&mut end).await;
    }
}
