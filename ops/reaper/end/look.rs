//! Last look at an environment before its end begins.

use eod_domain::ledger::{EndReason, LedgerPhase};
use eod_domain::{HeadSha, PullRequestState, ReapAction};
use jiff::Timestamp;

use super::HeldEnd;
use crate::due::Due;
use crate::mutation::mutated;
use crate::observed::Observed;
use crate::ports::{CallError, HeadEntry, Ports};
use crate::records::new_commit;
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Reads namespace, ledger and pull request again and begins the end, if it is still due.
    pub(crate) async fn begin(&mut self, due: &Due, reason: EndReason) -> Result<Option<HeldEnd>, CallError> {
        let name = &due.observed.name;
        let now = self.now().await?;
        let Some((mut fresh, reason)) = self.last_look(due, reason, now).await? else { return Ok(None) };
        self.report.act(name, "end", due.decision.reason.as_str());
        self.ending.insert(name.clone());
        if needs_ledger(&fresh) {
            self.write_ledger(&mut fresh, now).await?;
        }
        let Some(entry) = fresh.entry.clone().filter(|_| fresh.own_head().is_some()) else {
            self.report.problem(name, "its end cannot begin: it has no ledger of its own");
            return Ok(None);
        };
        if self.options.dry_run {
            return Ok(None);
        }
        let commit = fresh.pull_request.facts.as_ref().and_then(|facts| facts.head_sha.clone());
        let entry = with_commit(entry, commit.or(fresh.reading.head_sha.clone()));
        self.begin_end(&entry, Some(fresh.reading.uid.clone()), reason, now).await
    }

    /// Reads everything again; none if the end is not due any more.
    async fn last_look(
        &mut self,
        due: &Due,
        reason: EndReason,
        now: Timestamp,
    ) -> Result<Option<(Observed, EndReason)>, CallError> {
        if mutated!(NoLastLook) {
            return Ok(Some((due.observed.clone(), reason)));
        }
        let name = &due.observed.name;
        let Some(mut fresh) = self.look_again(&due.observed, now).await? else { return Ok(None) };
        if fresh.reading.uid != due.observed.reading.uid {
            return Ok(None);
        }
        let identity = fresh.reading.identity.clone();
        fresh.pull_request = self.fresh_pull_request(identity.as_ref()).await;
        if fresh.pull_request.state == PullRequestState::Unknown && mutated!(ListIsBelieved) {
            fresh.pull_request = due.observed.pull_request.clone();
        }
        match self.decide(&fresh, now).action {
            ReapAction::BeginEnd(EndReason::Expired) if self.count_push(&mut fresh, now).await? => Ok(None),
            ReapAction::BeginEnd(reason) => Ok(Some((fresh, reason))),
            _ => {
                self.report.act(name, "keep", "the end is not due any more");
                Ok(None)
            }
        }
    }

    /// Counts a push that the forge reports and that is not deployed yet as activity, once per commit. A push to a fork does
    /// not, because only a maintainer decides about its environment. Returns true if the environment lives on.
    async fn count_push(&mut self, fresh: &mut Observed, now: Timestamp) -> Result<bool, CallError> {
        let Some(facts) = fresh.pull_request.facts.clone().filter(|facts| facts.is_open && !facts.is_fork) else {
            return Ok(false);
        };
        // The ledger may know a commit whose apply was interrupted: only the namespace shows the deployed commit.
        let Some(head) = fresh.own_head() else { return Ok(false) };
        let deployed = fresh.reading.head_sha.as_ref().or(head.head_sha.as_ref());
        let is_deployed = |commit: &HeadSha| deployed.is_some_and(|deployed| deployed.is_same_commit(commit));
        let Some(commit) = facts.head_sha.filter(|commit| !is_deployed(commit)) else { return Ok(false) };
        let is_counted = self.summary.pushes.get(fresh.name.as_str()) == Some(&commit);
        if is_counted || mutated!(NoSecondLook) || !self.restart_clock(fresh, now).await? {
            return Ok(false);
        }
        self.summary.pushes.insert(fresh.name.to_string(), commit);
        self.report.act(&fresh.name, "keep", "a commit was pushed and is not deployed yet");
        Ok(true)
    }
}

/// True if the ledger has no life of this namespace, so that no end of it can begin: there is none, or its life has another
/// namespace. A create without the right to the ledger leaves it like that, also if it was interrupted. A running create or
/// end is left to its holder.
fn needs_ledger(observed: &Observed) -> bool {
    observed.own_head().is_none_or(|head| {
        let is_free = matches!(head.phase, LedgerPhase::Queued | LedgerPhase::Live | LedgerPhase::Ended);
        let is_other = head.uid.as_ref().is_some_and(|uid| *uid != observed.reading.uid);
        is_free && is_other && !mutated!(OldLifeIsEnded)
    })
}

/// Ledger with the newest commit at the last look: only a later push cancels the end or brings the environment back.
fn with_commit(mut entry: HeadEntry, commit: Option<HeadSha>) -> HeadEntry {
    if let (Ok(head), Some(commit)) = (&mut entry.head, commit)
        && new_commit(head, Some(&commit)).is_some()
    {
        head.head_sha = Some(commit);
    }
    entry
}
