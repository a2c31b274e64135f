//! One run from its begin to its report.

use eod_domain::ReapAction;
use eod_domain::ledger::LedgerPhase;
use jiff::{SignedDuration, Timestamp};

use crate::absent::Absent;
use crate::due::{Due, is_unwarned};
use crate::end::{EndError, EndProgress, HeldEnd};
use crate::lease::{BusyLease, Taken};
use crate::mutation::mutated;
use crate::observed::{ShortList, Survey};
use crate::orphans::OrphanSearch;
use crate::ports::{
    CallError, CallErrorKind, ClockPort, ClockReading, ClusterPort, HeadEntry, LedgerPort, Ports, StoredLease,
};
use crate::pull_requests::OpenPullRequests;
use crate::report::{RunOutcome, RunReport};
use crate::run::{Run, SKEW_MAX, difference, jump};
use crate::settings::{ReaperSettings, RunOptions};
use crate::summary::RunSummary;

/// Time between two looks at namespaces in deletion.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// End with a namespace that is being deleted, or that waits until fewer namespaces are being deleted.
struct Deleting {
    end: HeldEnd,
    /// True if the deletion of its namespace has not begun.
    is_held_back: bool,
}

/// Runs the reaper once. The report says what was done, what was not, and for what reason.
pub async fn reap<P: Ports>(ports: &P, settings: &ReaperSettings, options: &RunOptions) -> RunReport {
    let mut run = Run::new(ports, settings, options);
    match run.whole().await {
        Ok(()) => {}
        Err(error) => run.report.outcome = RunOutcome::Failed(error.to_string()),
    }
    run.report
}

impl<P: Ports> Run<'_, P> {
    async fn whole(&mut self) -> Result<(), CallError> {
        let clocks = self.ports.clock().read().await?;
        self.report.started = Some(clocks.server);
        let lease = match self.take_lease().await? {
            Taken::Held(lease) => lease,
            Taken::Busy(BusyLease { holder, problem }) => {
                if let Some(problem) = problem {
                    self.report.problem("lease", problem);
                }
                self.report.outcome = RunOutcome::Busy { holder };
                return Ok(());
            }
        };
        let mut lease = lease;
        let result = self.work(&mut lease, clocks).await;
        let result = match self.clock_problem.take() {
            Some(problem) => {
                self.report.problem("clock", &problem);
                self.report.outcome = RunOutcome::NoEnds(problem);
                Ok(())
            }
            None => result,
        };
        let end = self.ports.clock().read().await?;
        self.report.duration = end.elapsed.saturating_sub(clocks.elapsed);
        if result.is_ok() && !self.options.dry_run {
            self.summary.update(&self.report);
            if let Err(error) = self.write_last_summary(&mut lease).await {
                self.report.problem("summary", format!("the summary of the run was not written: {error}"));
            }
        }
        if let Some(lease) = lease {
            self.release_lease(&lease).await;
        }
        result
    }

    /// Writes the summary at the end of the run, if the run still holds the lease. Without it, another run has written a newer
    /// summary.
    async fn write_last_summary(&mut self, lease: &mut Option<StoredLease>) -> Result<(), CallError> {
        if let Some(held) = lease.clone().filter(|_| !mutated!(SummaryWithoutLease)) {
            *lease = self.renew_lease(&held).await?;
            if lease.is_none() {
                return Err(CallError::new(CallErrorKind::Conflict, "another run has taken the lease"));
            }
        }
        self.ports.ledgers().write_summary(&self.summary.to_json()).await
    }

    /// All work under the lease. `started` are the clocks at the start of the run.
    async fn work(&mut self, lease: &mut Option<StoredLease>, started: ClockReading) -> Result<(), CallError> {
        let text = self.ports.ledgers().summary().await?;
        self.summary = text.and_then(|text| RunSummary::from_json(&text)).unwrap_or_default();
        let now = self.now().await?;
        self.decided_at = now;
        let mut survey = self.survey(now).await?;
        if let Some(reason) = self.clock_problem(&survey, &started).await? {
            self.report.problem("clock", &reason);
            self.report.outcome = RunOutcome::NoEnds(reason);
            return Ok(());
        }
        self.started = Some(started);
        let since = self.summary.counted_at.or(self.summary.at);
        let is_accepted = |short: &ShortList| self.options.accept.is_some_and(|accepted| accepted >= short.missing);
        let mut short = survey.short_list(self.summary.environments, since, 0);
        if short.is_some() {
            let gone = self.confirmed_gone(&survey).await;
            short = survey.short_list(self.summary.environments, since, gone);
        }
        if let Some(short) = short.filter(|short| !is_accepted(short)) {
            let reason = format!("nothing is ended: {short}");
            self.report.problem("namespaces", &reason);
            self.report.outcome = RunOutcome::NoEnds(reason);
        }
        self.check_names(&survey);
        let mut open = OpenPullRequests::default();
        let mut due = self.decide_all(&mut survey, &mut open, lease, now).await?;
        let absent = self.decide_absent(&survey, &mut open, lease, now).await?;
        let search = self.search(&survey, now).await;
        let others = absent.iter().filter(|absent| absent.is_counted).count().saturating_add(search.due.len());
        self.ration(&mut due, survey.environments.len(), others);
        let ends = self.act(due, absent, lease).await?;
        self.wait(ends, lease).await?;
        self.read_branches(&survey, lease, now).await?;
        self.clean_up(&search, &mut survey, now).await;
        self.summary.keep_only(&survey.names());
        Ok(())
    }

    /// Number of environments with a running life and without a namespace, as far as a read by name confirms it. Another tool,
    /// such as Argo CD, has removed them. A list that was cut short is not confirmed by such a read.
    async fn confirmed_gone(&self, survey: &Survey) -> usize {
        let is_running = |entry: &&HeadEntry| {
            entry.head.as_ref().is_ok_and(|head| matches!(head.phase, LedgerPhase::Creating | LedgerPhase::Live))
        };
        let mut gone = 0_usize;
        for entry in survey.absent.iter().filter(is_running) {
            if matches!(self.ports.cluster().namespace(&entry.environment).await, Ok(None)) {
                gone = gone.saturating_add(1);
            }
        }
        gone
    }

    /// Reports environments of the options that do not exist.
    fn check_names(&mut self, survey: &Survey) {
        let (names, options) = (survey.names(), self.options);
        for name in options.only.iter().filter(|name| !names.contains(name.as_str())) {
            self.report.problem(name, "there is no environment of this name");
        }
    }

    /// Records news of all environments, and decides about them.
    async fn decide_all(
        &mut self,
        survey: &mut Survey,
        open: &mut OpenPullRequests,
        lease: &mut Option<StoredLease>,
        now: Timestamp,
    ) -> Result<Vec<Due>, CallError> {
        let mut due = Vec::new();
        for observed in &mut survey.environments {
            if !self.covers(&observed.name) {
                continue;
            }
            if self.is_time_over() {
                break;
            }
            if let Some(Err(problem)) = observed.entry.as_ref().map(|entry| entry.head.as_ref()) {
                self.report.problem(&observed.name, format!("its ledger cannot be read, so it is kept: {problem}"));
                continue;
            }
            self.keep_lease(lease).await?;
            let identity = observed.reading.identity.clone();
            observed.pull_request = self.pull_request(open, identity.as_ref()).await;
            self.note_wake(observed, now);
            self.record(observed, now).await;
            if observed.reading.terminating && observed.own_head().is_none() {
                continue;
            }
            let decision = self.decide(observed, now);
            if !matches!(decision.action, ReapAction::AwaitApproval(_)) {
                // The next end that waits for an approval has its notification at once.
                self.summary.reminded.remove(observed.name.as_str());
            }
            if !matches!(decision.action, ReapAction::Skip | ReapAction::ResumeEnd) {
                // The next obstacle of an end has its notification at once.
                self.summary.blocked.remove(observed.name.as_str());
            }
            let decision = self.protected_end(observed, &decision, now).unwrap_or(decision);
            if decision.action != ReapAction::Keep {
                // The deletion of a namespace cannot be stopped any more, so only data elsewhere can be lost.
                let is_counted = is_unwarned(&decision.action)
                    && (!observed.reading.terminating || self.may_lose_data(&observed.name).await);
                due.push(Due { observed: observed.clone(), decision, is_counted });
            }
        }
        Ok(due)
    }

    async fn decide_absent(
        &mut self,
        survey: &Survey,
        open: &mut OpenPullRequests,
        lease: &mut Option<StoredLease>,
        now: Timestamp,
    ) -> Result<Vec<Absent>, CallError> {
        let mut absent = Vec::new();
        for entry in &survey.absent {
            if !self.covers(&entry.environment) {
                continue;
            }
            if self.is_time_over() {
                break;
            }
            self.keep_lease(lease).await?;
            match self.absent(open, entry, now).await {
                Ok(Some(work)) => {
                    let may_count = work.is_unwarned() || mutated!(LeftEndsAreCounted);
                    let is_counted = may_count && self.may_lose_data(&entry.environment).await;
                    absent.push(Absent { entry: entry.clone(), work, is_counted });
                }
                Ok(None) => {}
                Err(error) => self.report.problem(&entry.environment, error),
            }
        }
        Ok(absent)
    }

    /// Carries out all decisions. Returns the ends with a namespace in deletion, or that wait for other deletions.
    async fn act(
        &mut self,
        due: Vec<Due>,
        absent: Vec<Absent>,
        lease: &mut Option<StoredLease>,
    ) -> Result<Vec<Deleting>, CallError> {
        let may_end = self.report.outcome == RunOutcome::Complete;
        let mut deleting = Vec::new();
        for mut due in due {
            if self.is_time_over() {
                return Ok(deleting);
            }
            self.keep_lease(lease).await?;
            let held = match due.decision.action {
                ReapAction::BeginEnd(reason) if may_end => self.begin(&due, reason).await,
                ReapAction::ResumeEnd if may_end => self.resume(&due).await,
                ReapAction::BeginEnd(_) | ReapAction::ResumeEnd => continue,
                _ => {
                    let now = self.now().await?;
                    self.carry_out(&mut due, now).await;
                    continue;
                }
            };
            self.proceed(due.observed.name.as_str(), held, &mut deleting).await;
        }
        // A list that is not certain ends nothing. A breaker stops only ends without a warning.
        let is_certain = !matches!(self.report.outcome, RunOutcome::NoEnds(_));
        for absent in absent.into_iter().filter(|absent| is_certain && (may_end || !absent.is_counted)) {
            if self.is_time_over() {
                return Ok(deleting);
            }
            self.keep_lease(lease).await?;
            let now = self.now().await?;
            let held = self.hold_absent(&absent, now).await;
            self.proceed(absent.entry.environment.as_str(), held, &mut deleting).await;
        }
        Ok(deleting)
    }

    async fn resume(&mut self, due: &Due) -> Result<Option<HeldEnd>, CallError> {
        if mutated!(NeverResumed) {
            return Ok(None);
        }
        let Some(entry) = &due.observed.entry else { return Ok(None) };
        self.report.act(&due.observed.name, "resume", due.decision.reason.as_str());
        self.ending.insert(due.observed.name.clone());
        if self.options.dry_run {
            return Ok(None);
        }
        let now = self.now().await?;
        let Some(mut end) = self.resume_end(entry, now).await? else { return Ok(None) };
        if !due.observed.reading.is_permanent() || mutated!(ProtectedEnded) {
            return Ok(Some(end));
        }
        match self.cancel(&mut end, "the environment is protected").await {
            Ok(EndProgress::Waiting) => self.release(end).await,
            Ok(_) | Err(EndError::Taken) => {}
            Err(EndError::Call(error)) => {
                if error.kind != CallErrorKind::Unknown {
                    self.release(end).await;
                }
                return Err(error);
            }
        }
        Ok(None)
    }

    /// Does what can be done of a held end.
    async fn proceed(&mut self, name: &str, held: Result<Option<HeldEnd>, CallError>, deleting: &mut Vec<Deleting>) {
        let mut end = match held {
            Ok(Some(end)) => end,
            Ok(None) => return,
            Err(error) => return self.report.problem(name, error),
        };
        match self.advance(&mut end).await {
            Ok(EndProgress::Deleting) => deleting.push(Deleting { end, is_held_back: false }),
            Ok(EndProgress::HeldBack) => deleting.push(Deleting { end, is_held_back: true }),
            Ok(EndProgress::Cancelled) => {}
            Ok(EndProgress::Finished) => self.note_left(&end),
            Ok(EndProgress::Waiting) => {
                self.note_left(&end);
                self.release(end).await;
            }
            Err(EndError::Taken) => {}
            Err(EndError::Call(error)) => {
                match self.now().await {
                    Ok(now) if error.kind == CallErrorKind::Denied => {
                        self.blocked(&end.about(), error.to_string(), now).await;
                    }
                    _ => self.report.problem(name, &error),
                }
                // A call that may still arrive holds the end until this run counts as silent.
                if error.kind != CallErrorKind::Unknown {
                    self.release(end).await;
                }
            }
        }
    }

    fn note_left(&mut self, end: &HeldEnd) {
        let left = end.head.left();
        if left.is_empty() || !end.head.is_ended() {
            self.report.left.remove(end.name.as_str());
        } else {
            self.report.left.insert(end.name.to_string(), left);
        }
    }

    /// Waits for namespaces in deletion and continues their ends. An end that was held back continues as soon as fewer namespaces
    /// are being deleted.
    async fn wait(&mut self, mut ends: Vec<Deleting>, lease: &mut Option<StoredLease>) -> Result<(), CallError> {
        let start = self.ports.clock().read().await?.elapsed;
        while !ends.is_empty() {
            let now = self.ports.clock().read().await?.elapsed;
            if now.saturating_sub(start) >= self.settings.deletion_wait || self.ports.clock().is_time_over() {
                break;
            }
            self.ports.clock().sleep(LOOK_EVERY).await;
            self.keep_lease(lease).await?;
            let mut deleting = Vec::new();
            // Those in deletion first, because they make room for the others.
            ends.sort_by_key(|deleting| deleting.is_held_back);
            for Deleting { mut end, .. } in ends {
                end.try_again();
                let name = end.name.to_string();
                self.proceed(&name, Ok(Some(end)), &mut deleting).await;
            }
            ends = deleting;
        }
        let mut held_back = Vec::new();
        for Deleting { end, is_held_back } in ends {
            if is_held_back {
                held_back.push(end.name.clone());
            } else {
                self.report_blockers(&end).await;
            }
            self.release(end).await;
        }
        self.report_held_back(&held_back);
        Ok(())
    }

    /// Work after the ends: orphans, deployments and sealing.
    async fn clean_up(&mut self, search: &OrphanSearch, survey: &mut Survey, now: Timestamp) {
        self.remove_orphans(search, now).await;
        for observed in &mut survey.environments {
            if self.ports.clock().is_time_over() {
                break;
            }
            if self.covers(&observed.name)
                && let Err(error) = self.observe(observed, now).await
                && !error.is_conflict()
            {
                self.report.problem(&observed.name, format!("its deployment cannot be observed: {error}"));
            }
        }
        if !self.options.dry_run && !self.ports.clock().is_time_over() {
            self.seal_ledgers(survey).await;
        }
    }

    /// Renews the lease, and compares the clocks again. A run that has lost its lease stops, and so does one with clocks that
    /// differ now.
    pub(crate) async fn keep_lease(&self, lease: &mut Option<StoredLease>) -> Result<(), CallError> {
        self.clocks().await?;
        let Some(held) = lease else { return Ok(()) };
        let age = self.ports.clock().read().await?.local.duration_since(held.record.renewed_at);
        if age < held.record.duration / 3 {
            return Ok(());
        }
        *lease = self.renew_lease(held).await?;
        match lease {
            Some(_) => Ok(()),
            None => Err(CallError::new(CallErrorKind::Conflict, "another run has taken the lease")),
        }
    }

    /// Reason to end nothing: the clocks differ or have jumped since the start of the run, or a namespace is newer than the
    /// present.
    async fn clock_problem(&self, survey: &Survey, started: &ClockReading) -> Result<Option<String>, CallError> {
        let clocks = self.ports.clock().read().await?;
        if mutated!(LocalClock) {
            return Ok(None);
        }
        let problem = difference(started).or_else(|| difference(&clocks)).or_else(|| jump(started, &clocks));
        if let Some(problem) = problem {
            return Ok(Some(format!("{problem}; nothing was done in this run")));
        }
        let is_future = |newest: &Timestamp| *newest > clocks.server.saturating_add(SKEW_MAX).unwrap_or(Timestamp::MAX);
        Ok(survey.newest.filter(is_future).map(|newest| {
            format!(
                "a namespace has the creation time {newest}, which is later than the time {} of the API server; nothing was done",
                clocks.server
            )
        }))
    }
}
