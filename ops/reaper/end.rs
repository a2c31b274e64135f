//! End of an environment, step by step. Each step is recorded in the ledger, can be repeated, and can be continued by
//! another run.

mod backends;
mod finish;
mod hand_over;
mod hold;
mod label;
mod look;
mod namespace;

use std::collections::BTreeSet;

use eod_domain::ledger::{EndStep, Event, EventKind, LedgerHead, MadeBy, StepOutcome};
use eod_domain::{EnvironmentName, Identity};
use jiff::{SignedDuration, Timestamp};

use crate::mutation::mutated;
use crate::observed::identity_of;
use crate::ports::{CallError, ObjectVersion, Ports};
use crate::run::{About, Run};

pub(crate) use self::finish::events;

/// Reason to cancel an end that is not due any more.
const IN_USE: &str = "the environment is in use again, or the reason does not apply";

/// End that this run holds.
#[derive(Debug)]
pub(crate) struct HeldEnd {
    pub(crate) name: EnvironmentName,
    pub(crate) head: LedgerHead,
    pub(crate) version: ObjectVersion,
    /// Head as it is stored under this version.
    stored: LedgerHead,
    /// Events and changes of the head that are not stored yet.
    events: Vec<Event>,
    is_changed: bool,
    /// Steps that this run has tried.
    tried: BTreeSet<EndStep>,
    /// Start of the look at the pull request that allows the steps; none if they depend on no look.
    look: Option<SignedDuration>,
}

/// State of an end after a run has done all that is possible.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EndProgress {
    /// All steps that can be done are done; the environment is ended.
    Finished,
    /// The namespace is being deleted.
    Deleting,
    /// The namespace is deleted as soon as fewer namespaces are being deleted.
    HeldBack,
    /// A step waits for something outside of this run.
    Waiting,
    /// The end was cancelled: the environment lives.
    Cancelled,
}

/// Reasons to leave an end to another run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndError {
    /// Another run has changed the ledger.
    #[error("another run has changed the ledger")]
    Taken,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl HeldEnd {
    pub(crate) fn new(name: EnvironmentName, head: LedgerHead, version: ObjectVersion) -> Self {
        let stored = head.clone();
        let (events, tried) = (Vec::new(), BTreeSet::new());
        Self { name, head, version, stored, events, is_changed: false, tried, look: None }
    }

    /// Lets things be ended only as long as the look at the pull request, which began then, is recent.
    #[must_use]
    pub(crate) fn after_look(self, look: SignedDuration) -> Self {
        Self { look: Some(look), ..self }
    }

    /// True if the ledger has the stored head. Then its version is taken over: only events were appended, for example by a
    /// person or by a pipeline, or sealed by another run, and that does not end the hold.
    fn is_held(&mut self, head: &Result<LedgerHead, String>, version: &ObjectVersion) -> bool {
        if *version == self.version {
            return true;
        }
        let Ok(head) = head else { return false };
        let sealed = |stored: &LedgerHead| LedgerHead { seq: head.seq, hash: head.hash.clone(), ..stored.clone() };
        let is_held = version.uid == self.version.uid && *head == sealed(&self.stored);
        if is_held {
            self.version = version.clone();
            (self.head, self.stored) = (sealed(&self.head), sealed(&self.stored));
        }
        is_held
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        identity_of(&self.head)
    }

    /// Lets the run try the steps again that were not settled.
    pub(crate) fn try_again(&mut self) {
        self.tried.clear();
    }

    /// Leaves a step to a later run.
    pub(crate) fn skip(&mut self, step: EndStep) {
        self.tried.insert(step);
    }

    /// True if a step was tried by this run, or is left to a later one.
    pub(crate) fn is_skipped(&self, step: EndStep) -> bool {
        self.tried.contains(&step)
    }

    pub(crate) fn about(&self) -> About {
        About {
            environment: self.name.clone(),
            identity: self.identity(),
            generation: self.head.generation,
            made_by: Some(self.head.made_by),
        }
    }
}

impl<P: Ports> Run<'_, P> {
    /// Does all steps that can be done now.
    pub(crate) async fn advance(&mut self, end: &mut HeldEnd) -> Result<EndProgress, EndError> {
        let mut progress = EndProgress::Waiting;
        loop {
            let is_next = |step: &EndStep| !end.tried.contains(step) && *step != EndStep::Record;
            let Some(step) = self.possible_steps(end).into_iter().find(is_next) else { break };
            end.tried.insert(step);
            let started = self.now().await?;
            let outcome = match step {
                EndStep::LastLook | EndStep::Ledger | EndStep::Record => StepOutcome::Done,
                EndStep::Snapshot => self.snapshot(end).await?,
                EndStep::TriggerLabel => match self.label_off(end).await? {
                    Some(outcome) => outcome,
                    None => return self.cancel(end, "somebody has pushed a commit").await,
                },
                EndStep::HandOver if self.is_relabelled(end).await? => {
                    return self.cancel(end, "the trigger label was set again").await;
                }
                // Argo CD deletes the namespace in this step, so the environment is looked at as before the own deletion.
                EndStep::HandOver
                    if end.head.made_by == MadeBy::Argocd
                        && !mutated!(NoLookBeforeHandOver)
                        && self.is_in_use(end).await? =>
                {
                    return self.cancel(end, IN_USE).await;
                }
                EndStep::HandOver => self.hand_over(end).await?,
                EndStep::Namespace => match self.delete_namespace(end).await? {
                    namespace::Deletion::Gone => StepOutcome::Done,
                    namespace::Deletion::Deleting => {
                        progress = EndProgress::Deleting;
                        StepOutcome::Pending
                    }
                    namespace::Deletion::HeldBack => {
                        progress = EndProgress::HeldBack;
                        StepOutcome::Pending
                    }
                    namespace::Deletion::Waiting => StepOutcome::Pending,
                    namespace::Deletion::NotDue => return self.cancel(end, IN_USE).await,
                },
                EndStep::Dns if self.has_dns() && self.is_in_use(end).await? => return self.cancel(end, IN_USE).await,
                EndStep::Dns | EndStep::Database | EndStep::Vault | EndStep::Objects => {
                    self.end_backends(end, step).await?
                }
            };
            self.note(end, step, outcome, started).await?;
        }
        self.store(end).await?;
        if end.head.next_steps().contains(&EndStep::Record) {
            self.finish(end).await?;
            progress = EndProgress::Finished;
        }
        Ok(progress)
    }

    fn possible_steps(&self, end: &HeldEnd) -> Vec<EndStep> {
        let mut steps = end.head.next_steps();
        if mutated!(BackendsBeforeNamespace) && end.head.steps.get(&EndStep::HandOver).is_some_and(|o| o.is_settled()) {
            let backends = [EndStep::Database, EndStep::Vault, EndStep::Objects];
            let open = |step: &EndStep| end.head.steps.get(step) == Some(&StepOutcome::Pending);
            steps.splice(0..0, backends.into_iter().filter(open));
        }
        steps
    }

    /// Notes the outcome of a step. A settled step is stored before the next one begins.
    async fn note(
        &mut self,
        end: &mut HeldEnd,
        step: EndStep,
        outcome: StepOutcome,
        started: Timestamp,
    ) -> Result<(), EndError> {
        if end.head.steps.get(&step) == Some(&outcome) {
            return Ok(());
        }
        let now = self.now().await?;
        let (generation, holder) = (end.head.generation, &self.options.holder);
        if mutated!(BackendsBeforeNamespace) {
            end.head.steps.insert(step, outcome);
        } else {
            let transitions = eod_domain::ledger::Transitions::at(now);
            end.head = transitions.step(&end.head, generation, holder, step, outcome).map_err(|_| EndError::Taken)?;
        }
        let seconds = now.duration_since(started).as_secs().max(0);
        let event = self.event(now, generation, EventKind::Step);
        end.events.push(event.with("step", &step).with("outcome", &outcome).with("seconds", &seconds));
        end.is_changed = true;
        if outcome.is_settled() && step != EndStep::Snapshot { self.store(end).await } else { Ok(()) }
    }
}
