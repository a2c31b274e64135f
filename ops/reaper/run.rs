//! State of one run, and its calls to clocks and receivers.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use eod_domain::ledger::{Actor, Event, EventKind, EventText};
use eod_domain::{EnvironmentName, Identity};
use jiff::{SignedDuration, Timestamp};

use crate::mutation::mutated;
use crate::observed::Observed;
use crate::ports::{
    CallError, CallErrorKind, ClockPort, ClockReading, DeploymentFacts, Notification, NotificationKind, OutwardPort,
    Ports,
};
use crate::report::RunReport;
use crate::settings::{ReaperSettings, RunOptions};
use crate::summary::RunSummary;

/// Maximum difference of the two clocks, and maximum difference between the time that has passed on the API server's clock
/// and on the monotonic clock of this machine.
pub(crate) const SKEW_MAX: SignedDuration = SignedDuration::from_mins(2);
/// Maximum time from the start of a look to the write that depends on it.
const LOOK_MAX: SignedDuration = SignedDuration::from_mins(2);

/// State of one run.
pub(crate) struct Run<'a, P: Ports> {
    pub(crate) ports: &'a P,
    pub(crate) settings: &'a ReaperSettings,
    pub(crate) options: &'a RunOptions,
    pub(crate) report: RunReport,
    pub(crate) summary: RunSummary,
    /// Namespaces in deletion, as far as the run knows.
    pub(crate) in_deletion: BTreeSet<EnvironmentName>,
    /// Time of the API server at the decisions of the run.
    pub(crate) decided_at: Timestamp,
    /// Environments with an end that this run has begun or continued.
    pub(crate) ending: BTreeSet<EnvironmentName>,
    /// Deployments of all environments by namespace; none before they are needed.
    pub(crate) deployments: Option<BTreeMap<String, Vec<DeploymentFacts>>>,
    /// Clocks at the start of the run; none until they were compared with each other.
    pub(crate) started: Option<ClockReading>,
    /// First problem of the clocks after that. The run stops.
    pub(crate) clock_problem: OnceCell<String>,
}

impl<'a, P: Ports> Run<'a, P> {
    pub(crate) fn new(ports: &'a P, settings: &'a ReaperSettings, options: &'a RunOptions) -> Self {
        let (report, summary) = (RunReport::default(), RunSummary::default());
        Self {
            ports,
            settings,
            options,
            report,
            summary,
            in_deletion: BTreeSet::new(),
            decided_at: Timestamp::UNIX_EPOCH,
            ending: BTreeSet::new(),
            deployments: None,
            started: None,
            clock_problem: OnceCell::new(),
        }
    }

    /// Reads both clocks. After the first comparison of a run it is an error if they differ, or if one of them has jumped.
    pub(crate) async fn clocks(&self) -> Result<ClockReading, CallError> {
        let clocks = self.ports.clock().read().await?;
        let is_unchecked = mutated!(LocalClock) || mutated!(ClocksComparedOnce);
        let Some(started) = self.started.filter(|_| !is_unchecked) else { return Ok(clocks) };
        match difference(&clocks).or_else(|| jump(&started, &clocks)) {
            None => Ok(clocks),
            Some(problem) => {
                let problem = self.clock_problem.get_or_init(|| format!("{problem}: the run has stopped"));
                Err(CallError::new(CallErrorKind::Unavailable, problem.as_str()))
            }
        }
    }

    /// Time of the API server.
    pub(crate) async fn now(&self) -> Result<Timestamp, CallError> {
        let clocks = self.clocks().await?;
        Ok(if mutated!(LocalClock) { clocks.local } else { clocks.server })
    }

    /// Time for [`Self::is_recent`]: the start of a look.
    pub(crate) async fn look_begins(&self) -> Result<SignedDuration, CallError> {
        Ok(self.clocks().await?.elapsed)
    }

    /// True if a look that began then is recent enough for a write without a precondition. It is not if the run was suspended
    /// since then.
    pub(crate) async fn is_recent(&self, look: SignedDuration) -> Result<bool, CallError> {
        Ok(self.clocks().await?.elapsed.saturating_sub(look) < LOOK_MAX)
    }

    /// True if the time limit of the run is nearly used up, which is reported: the next run does the rest.
    pub(crate) fn is_time_over(&mut self) -> bool {
        let is_over = self.ports.clock().is_time_over();
        if is_over {
            let problem = "the time limit of the run is nearly used up, so the rest is left to the next run; a longer time \
                limit gives it more time";
            self.report.problem("run", problem);
        }
        is_over
    }

    /// True if the run may act on this environment.
    pub(crate) fn covers(&self, name: &EnvironmentName) -> bool {
        self.options.only.is_empty() || self.options.only.contains(name)
    }

    /// Event of this run.
    pub(crate) fn event(&self, at: Timestamp, generation: u64, kind: EventKind) -> Event {
        Event { run: EventText::cut(&self.options.holder), ..Event::new(at, generation, kind, Actor::Reaper) }
    }

    /// Sends a notification about an environment. A failed delivery is a problem of the report.
    pub(crate) async fn notify(
        &mut self,
        kind: NotificationKind,
        at: Timestamp,
        about: &About,
        detail: impl Into<String>,
    ) {
        let About { environment, identity, generation, made_by } = about.clone();
        let detail = detail.into();
        let event = Notification { kind, at, environment, identity, generation, made_by, detail };
        if let Err(error) = self.ports.outward().notify(&event).await {
            self.report.problem(&about.environment, format!("event `{kind}` was not delivered: {error}"));
        }
    }
}

/// Problem of two clocks that differ.
pub(crate) fn difference(clocks: &ClockReading) -> Option<String> {
    let skew = clocks.local.duration_since(clocks.server).abs();
    (skew > SKEW_MAX).then(|| {
        format!(
            "the clocks of this machine and of the API server differ by {} s, expected at most {} s; correct the wrong clock",
            skew.as_secs(),
            SKEW_MAX.as_secs()
        )
    })
}

/// Problem of a clock that has jumped since the start of the run, also if both clocks have jumped together: the time of the
/// API server has to pass as fast as the monotonic clock of this machine.
pub(crate) fn jump(started: &ClockReading, clocks: &ClockReading) -> Option<String> {
    let passed = clocks.server.duration_since(started.server);
    let elapsed = clocks.elapsed.saturating_sub(started.elapsed);
    let jump = passed.saturating_sub(elapsed);
    (jump.abs() > SKEW_MAX).then(|| {
        format!(
            "during the run, the clock of the API server moved by {} s against the timer of this machine; one of them was set, or \
             this machine was suspended",
            jump.as_secs()
        )
    })
}

/// Environment of an event.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) environment: EnvironmentName,
    pub(crate) identity: Option<Identity>,
    pub(crate) generation: u64,
    pub(crate) made_by: Option<eod_domain::ledger::MadeBy>,
}

impl From<&Observed> for About {
    fn from(observed: &Observed) -> Self {
        let reading = &observed.reading;
        Self {
            environment: observed.name.clone(),
            identity: reading.identity.clone(),
            generation: reading.generation,
            made_by: reading.made_by,
        }
    }
}
