//! Actions on living environments: marks, sleep and requests for an approval.

use eod_domain::ledger::{EndReason, EventKind, LedgerPhase};
use eod_domain::{EndMark, EnvironmentName, ReapAction, mark_annotations};
use jiff::{SignedDuration, Timestamp};

use crate::blocked::REMINDER;
use crate::due::Due;
use crate::mutation::mutated;
use crate::observed::Observed;
use crate::ports::{CallError, CallErrorKind, ForgePort, LedgerPort, NotificationKind, Ports, PullRequestLabel};
use crate::pull_requests::pull_request_of;
use crate::run::{About, Run};

/// Maximum number of writes of one mark.
const MARK_WRITES: usize = 4;
/// Minimum delay of a mark after its decision for a second write of the mark.
const SLOW: SignedDuration = SignedDuration::from_secs(2);

impl<P: Ports> Run<'_, P> {
    /// Carries out a decision that ends nothing.
    pub(crate) async fn carry_out(&mut self, due: &mut Due, now: Timestamp) {
        let Due { observed, decision, .. } = due;
        let reason = decision.reason.clone();
        let name = observed.name.clone();
        let result = match decision.action {
            ReapAction::Skip => {
                self.blocked(&About::from(&*observed), reason, now).await;
                return;
            }
            ReapAction::Mark(mark) => self.mark(observed, Some(mark), &reason, now).await,
            ReapAction::Unmark => self.mark(observed, None, &reason, now).await,
            ReapAction::Sleep => self.sleep(observed, true, &reason, now).await,
            ReapAction::Wake => self.sleep(observed, false, &reason, now).await,
            ReapAction::AwaitApproval(end) => self.await_approval(observed, end, &reason, now).await,
            ReapAction::Keep | ReapAction::BeginEnd(_) | ReapAction::ResumeEnd => return,
        };
        match result {
            Ok(()) => {}
            // Another writer was faster: the next run decides again.
            Err(error) if error.is_conflict() => {}
            Err(error) => self.report.problem(&name, error),
        }
    }

    async fn mark(
        &mut self,
        observed: &mut Observed,
        mark: Option<EndMark>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), CallError> {
        if mark.is_some_and(|mark| mark.reason == EndReason::Unlabelled) && !self.is_unlabelled(observed, now).await? {
            return Ok(());
        }
        self.report.act(&observed.name, if mark.is_some() { "mark" } else { "unmark" }, reason);
        if self.options.dry_run {
            return Ok(());
        }
        let mark = self.write_mark(observed, mark).await?;
        let kind = if mark.is_some() { EventKind::Warned } else { EventKind::Unmarked };
        let mut event = self.event(now, observed.reading.generation, kind);
        let mut detail = reason.to_owned();
        if let Some(mark) = mark {
            event = event.with("reason", &mark.reason).with("reap-after", &mark.reap_after);
            detail = format!("ends after {}: {reason}", mark.reap_after);
        }
        let notification = if mark.is_some() { NotificationKind::Expiring } else { NotificationKind::Unmarked };
        self.notify(notification, now, &About::from(&*observed), detail).await;
        self.append(&observed.name, event).await
    }

    /// Reads an environment without its trigger label again, after its pull request. Another run records its removal of the
    /// label before it removes it, so it is never taken for a removal by a person.
    async fn is_unlabelled(&self, observed: &Observed, now: Timestamp) -> Result<bool, CallError> {
        let Some(fresh) = self.look_again(observed, now).await? else { return Ok(false) };
        let action = self.decide(&fresh, now).action;
        Ok(matches!(action, ReapAction::Mark(mark) if mark.reason == EndReason::Unlabelled))
    }

    /// Writes a mark. The time since the decision is added if it is long. A write that took long, or that may be stored late, is
    /// repeated with that time added: the warning time counts from the write.
    async fn write_mark(
        &mut self,
        observed: &mut Observed,
        mark: Option<EndMark>,
    ) -> Result<Option<EndMark>, CallError> {
        let before = self.now().await?;
        let planned = mark.map(|mark| later(mark, before.duration_since(self.decided_at)));
        let mut next = planned;
        let mut sent = Vec::new();
        for _ in 0..MARK_WRITES {
            let begun = self.now().await?;
            let written = self.annotate(observed, &mark_annotations(next)).await;
            let now = self.now().await?;
            match &written {
                Ok(()) if now.duration_since(begun) <= SLOW => return Ok(next),
                Ok(()) => {}
                // The write may still be stored: the next one makes it fail or replaces it.
                Err(error) if error.kind == CallErrorKind::Unknown => self.read_again(observed, now).await,
                // An earlier write of this loop was stored late, after the namespace was read.
                Err(error) if error.is_conflict() && !sent.is_empty() && !mutated!(LateMarkStays) => {
                    self.read_again(observed, now).await;
                    if !observed.reading.mark.is_some_and(|mark| sent.contains(&mark)) {
                        return written.map(|()| next);
                    }
                }
                Err(_) => return written.map(|()| next),
            }
            let Some(planned) = planned else { return Ok(None) };
            if self.has_begun_to_end(&observed.name).await {
                return Ok(next);
            }
            sent.extend(next);
            next = Some(later(planned, now.duration_since(before)));
        }
        Ok(next)
    }

    /// True if the ledger says `ending`. Another run has begun that end after the warning, so the mark must not move any more.
    /// A ledger that cannot be read counts as not ending: a mark that moves late is safe, one that is too early is not.
    async fn has_begun_to_end(&self, name: &EnvironmentName) -> bool {
        let entry = self.ports.ledgers().head(name).await.ok().flatten();
        entry.and_then(|entry| entry.head.ok()).is_some_and(|head| head.phase == LedgerPhase::Ending)
    }

    async fn sleep(
        &mut self,
        observed: &Observed,
        asleep: bool,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let Some((repository, number)) = observed.reading.identity.as_ref().and_then(pull_request_of) else {
            return Ok(());
        };
        let name = &observed.name;
        // The label is set before the state changes in the cluster, so it may be there already: ours, or a person's, which is
        // never removed.
        match self.has_sleep_label(observed) {
            Some(is_set) if is_set != asleep => {}
            Some(_) | None => return Ok(()),
        }
        let look = self.look_begins().await?;
        let Some(fresh) = self.look_again(observed, now).await? else { return Ok(()) };
        // A label has no precondition, so the environment is read again before.
        let action = if asleep { ReapAction::Sleep } else { ReapAction::Wake };
        if self.decide(&fresh, now).action != action {
            return Ok(());
        }
        self.report.act(name, if asleep { "sleep" } else { "wake" }, reason);
        if self.options.dry_run {
            return Ok(());
        }
        if asleep {
            // Stored before the label is set, so that an interrupted run never takes its own label for one of a person.
            self.summary.asleep.insert(name.to_string());
            self.ports.ledgers().write_summary(&self.summary.to_json()).await?;
        }
        if !self.is_recent(look).await? {
            return Ok(());
        }
        if let Err(error) = self.ports.forge().set_label(repository, number, PullRequestLabel::Sleep, asleep).await {
            if asleep && error.kind != CallErrorKind::Unknown {
                // The label was not set, so its absence is not a wake by a person.
                self.summary.asleep.remove(name.as_str());
            }
            return Err(error);
        }
        let (kind, notification) = if asleep {
            (EventKind::Asleep, NotificationKind::Asleep)
        } else {
            (EventKind::Woken, NotificationKind::Woken)
        };
        if !asleep {
            self.summary.asleep.remove(name.as_str());
            self.summary.labelled_asleep.remove(name.as_str());
        }
        self.notify(notification, now, &About::from(observed), reason).await;
        self.append(name, self.event(now, observed.reading.generation, kind)).await
    }

    /// True if the pull request has the label for sleep; none if that is not known.
    fn has_sleep_label(&self, observed: &Observed) -> Option<bool> {
        let (repository, _) = observed.reading.identity.as_ref().and_then(pull_request_of)?;
        let rules = self.ports.forge().rules(repository)?;
        let facts = observed.pull_request.facts.as_ref().filter(|facts| facts.is_open)?;
        rules.sleep_label.map(|label| facts.labels.contains(&label))
    }

    /// Records that a person has removed the label for sleep, with `eod wake` or at the forge: the idle time restarts.
    pub(crate) fn note_wake(&mut self, observed: &Observed, now: Timestamp) {
        let name = observed.name.as_str();
        match self.has_sleep_label(observed) {
            Some(true) => drop(self.summary.labelled_asleep.insert(name.to_owned())),
            Some(false) => {
                let was_asleep = self.summary.asleep.remove(name);
                if self.summary.labelled_asleep.remove(name) || was_asleep {
                    self.summary.woken.insert(name.to_owned(), now);
                }
            }
            None => {}
        }
    }

    async fn await_approval(
        &mut self,
        observed: &Observed,
        end: EndReason,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), CallError> {
        self.report.act(&observed.name, "await-approval", reason);
        let last = self.summary.reminded.get(observed.name.as_str());
        let is_due = last.is_none_or(|last| now.duration_since(*last) >= REMINDER);
        if self.options.dry_run || !is_due {
            return Ok(());
        }
        self.summary.reminded.insert(observed.name.to_string(), now);
        let detail = format!("{reason}; run `eod approve {}` to end it ({end})", observed.name);
        self.notify(NotificationKind::AwaitingApproval, now, &About::from(observed), detail).await;
        Ok(())
    }
}

/// Moves the end of a mark by the time since its decision, if that is long.
fn later(mark: EndMark, late: SignedDuration) -> EndMark {
    // A mark has whole seconds.
    let seconds = if late > SLOW { late.as_secs().saturating_add(1) } else { 0 };
    let late = SignedDuration::from_secs(seconds);
    EndMark { reap_after: mark.reap_after.saturating_add(late).unwrap_or(Timestamp::MAX), ..mark }
}
