//! Transitions of a ledger's head: every change of a phase, each a function of head and request.
//!
//! ```text
//!            queue            create           provisioned         begin_end            finish_end
//! (none) ----------> queued ----------> creating ----------> live ----------> ending ----------> ended
//!    |                                  ^ ^  |                 ^                |  |               |
//!    +----------------------------------+ |  +---- begin_end --|----------------+  |               |
//!                                         |                    +---- cancel_end ---+               |
//!                                         +---------------- create: a return, next generation -----+
//! ```

mod record;
mod silence;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::head::{LedgerHead, TriggerLabelRecord};
use super::phase::{EndReason, LedgerPhase, MadeBy};
use super::queue::place_in_queue;
use super::steps::{EndPlan, EndStep, StepOutcome, next_steps};
use crate::owner::Owner;
use crate::pull_request::HeadSha;
use crate::tier::Tier;

pub use self::record::LifeFacts;
pub use self::silence::SILENCE;

/// Request to create an environment, or to bring it back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CreateRequest {
    /// Identity in canonical form.
    pub identity: String,
    /// Tier.
    pub tier: Tier,
    /// Owner as written.
    pub owner: Option<Owner>,
    /// Commit to deploy.
    pub head_sha: Option<HeadSha>,
    /// Tool of the request.
    pub made_by: MadeBy,
    /// Id of the run.
    pub holder: String,
    /// True if the namespace is gone or being deleted, so that a new life can begin.
    pub namespace_is_gone: bool,
    /// True if a person requests the return explicitly, so that a closed tombstone does not prevent it.
    pub lifted: bool,
}

impl CreateRequest {
    /// A request without an owner and a commit, for an environment with a namespace, that lifts no end.
    pub fn new(identity: &str, tier: Tier, made_by: MadeBy, holder: &str) -> Self {
        let (identity, holder) = (identity.to_owned(), holder.to_owned());
        Self { identity, tier, owner: None, head_sha: None, made_by, holder, namespace_is_gone: false, lifted: false }
    }
}

/// Request to end an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndRequest {
    /// Generation to end, as read with the decision.
    pub generation: u64,
    /// Uid of the namespace to end, as read with the decision; none if there is no namespace.
    pub uid: Option<String>,
    /// Reason.
    pub reason: EndReason,
    /// True if the copies in Vault are kept for every reason.
    pub keep_vault: bool,
    /// Id of the run.
    pub holder: String,
}

/// Reasons to refuse a transition.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TransitionError {
    /// There is no ledger.
    #[error("the environment has no ledger")]
    NoLedger,
    /// The ledger belongs to another identity with a running life.
    #[error("the ledger belongs to `{theirs}`, which is {phase}; expected `{ours}`")]
    OtherIdentity {
        /// Identity of the ledger.
        theirs: String,
        /// Identity of the request.
        ours: String,
        /// Phase of the ledger.
        phase: LedgerPhase,
    },
    /// The request is of another generation.
    #[error("generation {requested} is not the current generation {current}: another run has changed the environment")]
    Stale {
        /// Generation of the request.
        requested: u64,
        /// Current generation.
        current: u64,
    },
    /// The namespace of the request is not the one of this life.
    #[error("namespace uid `{requested}` is not the recorded uid `{recorded}`")]
    OtherNamespace {
        /// Uid of the request.
        requested: String,
        /// Uid in the head.
        recorded: String,
    },
    /// Another run holds a running create or end.
    #[error("run `{holder}` is still {phase} the environment: its last heartbeat was {silent} s ago")]
    Held {
        /// Id of the run.
        holder: String,
        /// Phase of the ledger.
        phase: LedgerPhase,
        /// Seconds since its last heartbeat.
        silent: i64,
    },
    /// The phase does not allow the request.
    #[error("the environment is {phase}: {request} requires {expected}")]
    Phase {
        /// Current phase.
        phase: LedgerPhase,
        /// Name of the request.
        request: &'static str,
        /// Phases that allow the request.
        expected: &'static str,
    },
    /// The environment lives and its namespace exists.
    #[error("the environment already exists in generation {0}")]
    AlreadyLives(u64),
    /// The environment ended because its pull request or branch is gone, and nothing lifted the tombstone.
    #[error(
        "the environment ended because its pull request is {reason}, and nothing has lifted its end: reopen the pull \
            request, push a commit, or use `eod wake`"
    )]
    Tombstone {
        /// Reason of the end.
        reason: EndReason,
    },
    /// The step cannot begin or finish yet.
    #[error("step {step} must not be recorded before step {missing}")]
    StepOrder {
        /// Step of the request.
        step: EndStep,
        /// First step that is not settled.
        missing: EndStep,
    },
    /// The end has already deleted something.
    #[error("the end cannot be cancelled: its step {0} has begun")]
    TooLate(EndStep),
}

/// Transitions of a head at a point in time. `now` is the time of the API server.
#[derive(Clone, Copy, Debug)]
pub struct Transitions {
    now: Timestamp,
}

impl Transitions {
    /// Creates the transitions at `now`. Times in a head are whole seconds.
    pub fn at(now: Timestamp) -> Self {
        Self { now: Timestamp::from_second(now.as_second()).unwrap_or(now) }
    }

    /// Records a refusal for lack of a free place. The first refusal counts for the order, unless the create was not tried
    /// again within an hour.
    ///
    /// # Errors
    ///
    /// The environment lives, or another identity does.
    pub fn queue(self, head: Option<&LedgerHead>, request: &CreateRequest) -> Result<LedgerHead, TransitionError> {
        let mut next = match head {
            Some(head) if matches!(head.phase, LedgerPhase::Live | LedgerPhase::Ending) => {
                self.check_identity(head, request)?;
                return Err(phase_error(head, "a place in the queue", "queued, creating or ended"));
            }
            Some(head) => {
                self.check_identity(head, request)?;
                // The return of an environment in the queue was allowed already.
                if head.phase != LedgerPhase::Queued {
                    self.check_tombstone(head, request)?;
                }
                head.clone()
            }
            None => self.new_head(request, LedgerPhase::Queued),
        };
        // Steps that an end has left or kept depend on its reason, so both stay while the environment waits.
        let (steps, reason) = (next.steps.clone(), next.reason);
        let is_same = next.identity == request.identity;
        let queued_at = place_in_queue(&next, self.now).filter(|_| is_same);
        self.describe(&mut next, request);
        if next.phase != LedgerPhase::Queued {
            self.enter(&mut next, LedgerPhase::Queued);
            (next.steps, next.reason) = (steps, reason);
        }
        next.queued_at = Some(queued_at.unwrap_or(self.now));
        next.holder = None;
        next.beat = Some(self.now);
        Ok(next)
    }

    /// Begins a create or a return, or continues an interrupted create. A new life has the next generation.
    ///
    /// # Errors
    ///
    /// The environment lives; another identity has a running life; another run holds the create or the end; or the
    /// environment ended with its pull request and nothing lifted the tombstone.
    pub fn create(self, head: Option<&LedgerHead>, request: &CreateRequest) -> Result<LedgerHead, TransitionError> {
        let Some(head) = head else {
            let mut next = self.new_head(request, LedgerPhase::Creating);
            self.hold(&mut next, &request.holder);
            next.generation = 1;
            return Ok(next);
        };
        self.check_identity(head, request)?;
        let mut next = head.clone();
        let is_new_life = match head.phase {
            LedgerPhase::Live if !request.namespace_is_gone => {
                return Err(TransitionError::AlreadyLives(head.generation));
            }
            LedgerPhase::Creating => {
                self.check_holder(head, &request.holder)?;
                false
            }
            LedgerPhase::Ending => {
                // A destroy has nothing left to do once its namespace is gone.
                let is_destroyed = head.reason == Some(EndReason::Destroyed) && request.namespace_is_gone;
                if !is_destroyed {
                    // The end of a silent holder is taken over: its steps that have not begun are dropped with its
                    // generation.
                    self.check_holder(head, "")?;
                }
                self.check_tombstone(head, request)?;
                true
            }
            LedgerPhase::Ended => {
                self.check_tombstone(head, request)?;
                true
            }
            LedgerPhase::Queued | LedgerPhase::Live => true,
        };
        if is_new_life {
            next.generation = head.generation.saturating_add(1);
            next.uid = None;
            next.label = TriggerLabelRecord::default();
            next.keeps_vault = false;
            self.enter(&mut next, LedgerPhase::Creating);
        }
        self.describe(&mut next, request);
        self.hold(&mut next, &request.holder);
        Ok(next)
    }

    /// Records the end of a create, with the uid of the namespace. An end that the reaper has recorded already is the same end.
    ///
    /// # Errors
    ///
    /// The generation is stale, or the environment is not being created.
    pub fn provisioned(self, head: &LedgerHead, generation: u64, uid: &str) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase == LedgerPhase::Live && head.uid.as_deref() == Some(uid) {
            return Ok(head.clone());
        }
        if head.phase != LedgerPhase::Creating {
            return Err(phase_error(head, "the end of a create", "creating"));
        }
        let mut next = head.clone();
        self.enter(&mut next, LedgerPhase::Live);
        next.uid = Some(uid.to_owned());
        Ok(next)
    }

    /// Records an environment that exists without its ledger: rendered by Argo CD, or created without the right to write the
    /// ledger. A namespace with another uid than the recorded one is a new life.
    ///
    /// # Errors
    ///
    /// Another identity has a running life; the environment of this uid is recorded already; or another run holds a create or
    /// an end.
    pub fn adopt(
        self,
        head: Option<&LedgerHead>,
        request: &CreateRequest,
        uid: &str,
    ) -> Result<LedgerHead, TransitionError> {
        let mut next = match head {
            None => self.new_head(request, LedgerPhase::Live),
            Some(head) => {
                self.check_identity(head, request)?;
                let is_recorded = head.identity == request.identity && head.uid.as_deref() == Some(uid);
                match head.phase {
                    LedgerPhase::Live if is_recorded => return Err(TransitionError::AlreadyLives(head.generation)),
                    LedgerPhase::Ending | LedgerPhase::Ended if is_recorded => {
                        return Err(phase_error(head, "the adoption of a namespace", "queued, creating or live"));
                    }
                    LedgerPhase::Creating | LedgerPhase::Ending => self.check_holder(head, &request.holder)?,
                    LedgerPhase::Queued | LedgerPhase::Live | LedgerPhase::Ended => {}
                }
                head.clone()
            }
        };
        self.describe(&mut next, request);
        self.enter(&mut next, LedgerPhase::Live);
        let is_interrupted_create = head.is_some_and(|head| head.phase == LedgerPhase::Creating);
        if !is_interrupted_create {
            next.generation = next.generation.saturating_add(1);
            next.label = TriggerLabelRecord::default();
            next.keeps_vault = false;
        }
        next.uid = Some(uid.to_owned());
        Ok(next)
    }

    /// Records a heartbeat of the holder.
    ///
    /// # Errors
    ///
    /// The generation is stale, or another run holds the create or the end.
    pub fn beat(self, head: &LedgerHead, generation: u64, holder: &str) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if !matches!(head.phase, LedgerPhase::Creating | LedgerPhase::Ending) {
            return Err(phase_error(head, "a heartbeat", "creating or ending"));
        }
        if head.holder.as_deref() != Some(holder) {
            return Err(self.held(head));
        }
        let mut next = head.clone();
        self.hold(&mut next, holder);
        Ok(next)
    }

    /// Begins an end.
    ///
    /// # Errors
    ///
    /// The generation is stale, the namespace is another one, another run holds a create, or an end is running or finished.
    pub fn begin_end(self, head: &LedgerHead, request: &EndRequest) -> Result<LedgerHead, TransitionError> {
        check_generation(head, request.generation)?;
        match head.phase {
            LedgerPhase::Queued | LedgerPhase::Live => {}
            LedgerPhase::Creating => self.check_holder(head, &request.holder)?,
            LedgerPhase::Ending | LedgerPhase::Ended => {
                return Err(phase_error(head, "an end", "queued, creating or live"));
            }
        }
        if let (Some(recorded), Some(requested)) = (&head.uid, &request.uid)
            && recorded != requested
        {
            let (requested, recorded) = (requested.clone(), recorded.clone());
            return Err(TransitionError::OtherNamespace { requested, recorded });
        }
        let mut next = head.clone();
        next.uid = head.uid.clone().or_else(|| request.uid.clone());
        self.enter(&mut next, LedgerPhase::Ending);
        next.reason = Some(request.reason);
        next.keeps_vault |= request.keep_vault;
        next.steps = EndPlan::new(request.reason, head.tier, next.keeps_vault).steps;
        // Both are done by the time this head is stored: the decision is the last look, the head is the record.
        next.steps.insert(EndStep::LastLook, StepOutcome::Done);
        next.steps.insert(EndStep::Ledger, StepOutcome::Done);
        self.hold(&mut next, &request.holder);
        Ok(next)
    }

    /// Takes over a running end from a silent holder, or continues one's own.
    ///
    /// # Errors
    ///
    /// The generation is stale, no end is running, or its holder is not silent.
    pub fn resume_end(self, head: &LedgerHead, generation: u64, holder: &str) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Ending {
            return Err(phase_error(head, "the continuation of an end", "ending"));
        }
        self.check_holder(head, holder)?;
        let mut next = head.clone();
        self.hold(&mut next, holder);
        Ok(next)
    }

    /// Records the outcome of a step. Steps that are left after an end are recorded in the phase `ended`.
    ///
    /// # Errors
    ///
    /// The generation is stale, another run holds the end, or a preceding step is not settled.
    pub fn step(
        self,
        head: &LedgerHead,
        generation: u64,
        holder: &str,
        step: EndStep,
        outcome: StepOutcome,
    ) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        match head.phase {
            LedgerPhase::Ending if head.holder.as_deref() != Some(holder) => return Err(self.held(head)),
            LedgerPhase::Ending | LedgerPhase::Ended => {}
            LedgerPhase::Queued if head.steps.contains_key(&step) => {}
            LedgerPhase::Queued | LedgerPhase::Creating | LedgerPhase::Live => {
                return Err(phase_error(head, "a step of an end", "ending or ended"));
            }
        }
        let settled = |step: &EndStep| head.steps.get(step).is_some_and(|outcome| outcome.is_settled());
        if let Some(missing) = step.rule().after.iter().copied().find(|step| !settled(step)) {
            return Err(TransitionError::StepOrder { step, missing });
        }
        let mut next = head.clone();
        // A settled step is never opened again, so that a late report of a failure changes nothing.
        if !settled(&step) {
            next.steps.insert(step, outcome);
        }
        if head.phase == LedgerPhase::Ending {
            self.hold(&mut next, holder);
        }
        Ok(next)
    }

    /// Cancels an end before the namespace is deleted. `provisioned` is true if the create of the environment is finished.
    ///
    /// # Errors
    ///
    /// The generation is stale, no end is running, another run holds it, or the deletion has begun.
    pub fn cancel_end(
        self,
        head: &LedgerHead,
        generation: u64,
        holder: &str,
        provisioned: bool,
    ) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Ending {
            return Err(phase_error(head, "the cancellation of an end", "ending"));
        }
        if head.holder.as_deref() != Some(holder) {
            return Err(self.held(head));
        }
        let has_begun = |step: &EndStep| matches!(head.steps.get(step), Some(StepOutcome::Done | StepOutcome::Failed));
        // DNS records are created again by the next apply.
        let deleting = [EndStep::Namespace, EndStep::Database, EndStep::Vault, EndStep::Objects];
        if let Some(step) = deleting.into_iter().find(has_begun) {
            return Err(TransitionError::TooLate(step));
        }
        let mut next = head.clone();
        self.enter(&mut next, if provisioned { LedgerPhase::Live } else { LedgerPhase::Creating });
        Ok(next)
    }

    /// Finishes an end. Steps with a failed backend may be left: they are tried again in every run.
    ///
    /// # Errors
    ///
    /// The generation is stale, no end is running, another run holds it, or the namespace is not gone.
    pub fn finish_end(self, head: &LedgerHead, generation: u64, holder: &str) -> Result<LedgerHead, TransitionError> {
        let mut next = self.step(head, generation, holder, EndStep::Record, StepOutcome::Done)?;
        if head.phase != LedgerPhase::Ending {
            return Err(phase_error(head, "the end of an end", "ending"));
        }
        let (steps, reason) = (next.steps.clone(), next.reason);
        self.enter(&mut next, LedgerPhase::Ended);
        (next.steps, next.reason) = (steps, reason);
        Ok(next)
    }

    /// Finishes the end of a destroy, whose namespace is gone. Steps outside of the namespace are left to the reaper, because a
    /// destroy does not know of them.
    ///
    /// # Errors
    ///
    /// As [`Transitions::finish_end`].
    pub fn finish_destroy(
        self,
        head: &LedgerHead,
        generation: u64,
        holder: &str,
    ) -> Result<LedgerHead, TransitionError> {
        let mut next = head.clone();
        for step in [EndStep::Dns, EndStep::Namespace] {
            next = self.step(&next, generation, holder, step, StepOutcome::Done)?;
        }
        self.finish_end(&next, generation, holder)
    }

    /// Lifts a tombstone: the pull request was reopened or labelled again, or a person requests the return.
    ///
    /// # Errors
    ///
    /// The generation is stale, or the environment is not ended.
    pub fn lift(self, head: &LedgerHead, generation: u64) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Ended {
            return Err(phase_error(head, "lifting an end", "ended"));
        }
        Ok(LedgerHead { lifted: true, ..head.clone() })
    }

    fn new_head(self, request: &CreateRequest, phase: LedgerPhase) -> LedgerHead {
        let mut head = LedgerHead::new(&request.identity, request.tier, request.made_by, phase, self.now);
        self.describe(&mut head, request);
        head
    }

    fn describe(self, head: &mut LedgerHead, request: &CreateRequest) {
        head.identity.clone_from(&request.identity);
        head.tier = request.tier;
        head.owner.clone_from(&request.owner);
        head.made_by = request.made_by;
        if request.head_sha.is_some() {
            head.head_sha.clone_from(&request.head_sha);
        }
    }

    /// Enters a phase and clears what belongs to the phase before.
    fn enter(self, head: &mut LedgerHead, phase: LedgerPhase) {
        head.phase = phase;
        head.since = self.now;
        head.holder = None;
        head.beat = None;
        head.queued_at = None;
        head.reason = None;
        head.steps = BTreeMap::new();
        head.lifted = false;
    }

    fn hold(self, head: &mut LedgerHead, holder: &str) {
        head.holder = Some(holder.to_owned());
        head.beat = Some(self.now);
    }

    /// Refuses another identity with a running life. The tombstone or queue entry of another identity is not a reason to refuse.
    fn check_identity(self, head: &LedgerHead, request: &CreateRequest) -> Result<(), TransitionError> {
        let is_running = !matches!(head.phase, LedgerPhase::Queued | LedgerPhase::Ended);
        if head.identity != request.identity && is_running {
            let (theirs, ours) = (head.identity.clone(), request.identity.clone());
            return Err(TransitionError::OtherIdentity { theirs, ours, phase: head.phase });
        }
        Ok(())
    }

    /// Refuses a run other than the holder, unless the holder is silent.
    fn check_holder(self, head: &LedgerHead, holder: &str) -> Result<(), TransitionError> {
        if head.holder.as_deref() == Some(holder) || head.is_silent(self.now) { Ok(()) } else { Err(self.held(head)) }
    }

    /// Refuses a late create of a closed pull request.
    fn check_tombstone(self, head: &LedgerHead, request: &CreateRequest) -> Result<(), TransitionError> {
        let is_same = head.identity == request.identity;
        let is_lifted = head.lifted || request.lifted;
        let is_same_commit = match (&head.head_sha, &request.head_sha) {
            (Some(ended), Some(requested)) => ended.is_same_commit(requested),
            (_, None) | (None, Some(_)) => request.head_sha.is_none(),
        };
        match head.reason {
            Some(reason) if reason.refuses_same_commit() && is_same && is_same_commit && !is_lifted => {
                Err(TransitionError::Tombstone { reason })
            }
            _ => Ok(()),
        }
    }

    fn held(self, head: &LedgerHead) -> TransitionError {
        TransitionError::Held {
            holder: head.holder.clone().unwrap_or_default(),
            phase: head.phase,
            silent: head.beat.map(|beat| self.now.duration_since(beat).as_secs()).unwrap_or_default(),
        }
    }
}

impl LedgerHead {
    /// Steps of a running or finished end that can begin now, in order.
    pub fn next_steps(&self) -> Vec<EndStep> {
        next_steps(&self.steps)
    }

    /// Steps that an end has left for later runs.
    pub fn left(&self) -> Vec<EndStep> {
        let is_left = |(step, outcome): (&EndStep, &StepOutcome)| (!outcome.is_settled()).then_some(*step);
        self.steps.iter().filter_map(is_left).collect()
    }
}

fn check_generation(head: &LedgerHead, requested: u64) -> Result<(), TransitionError> {
    if head.generation == requested {
        Ok(())
    } else {
        Err(TransitionError::Stale { requested, current: head.generation })
    }
}

fn phase_error(head: &LedgerHead, request: &'static str, expected: &'static str) -> TransitionError {
    TransitionError::Phase { phase: head.phase, request, expected }
}

#[cfg(test)]
mod tests;
