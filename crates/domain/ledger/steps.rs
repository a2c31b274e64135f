//! Steps of a create, of a return and of an end, in their order, as data.
//!
//! Provider and reaper follow these tables, so that both do the same steps in the same order.

use std::collections::BTreeMap;

use strum::{IntoStaticStr, VariantArray, VariantNames};

use super::phase::EndReason;
use crate::text::keyword;
use crate::tier::Tier;

/// Step of a create.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CreateStep {
    /// Write the ledger's phase `creating`, with the next generation.
    LedgerCreating,
    /// Post the namespace with the ownership labels and a nonce.
    ClaimNamespace,
    /// Apply everything inside the namespace.
    Guards,
    /// Write the DNS records.
    Dns,
    /// Write the clock and `/provisioned-at`.
    Provisioned,
    /// Write the ledger's phase `live`.
    LedgerLive,
}

/// Step of a return.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ReturnStep {
    /// Wait until a running end is finished, or take over an end of a silent holder.
    WaitForEnd,
    /// Do a step of a create.
    Create(CreateStep),
}

/// Step of an end.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum EndStep {
    /// Read namespace, ledger and pull request again.
    LastLook,
    /// Write the ledger's phase `ending`.
    Ledger,
    /// Take a snapshot of the data and verify it.
    Snapshot,
    /// Remove the trigger label, then read the head SHA again.
    TriggerLabel,
    /// Wait for Argo CD or the pipeline.
    HandOver,
    /// Delete the DNS records.
    Dns,
    /// Delete the namespace and wait until it is gone.
    Namespace,
    /// Delete the database.
    Database,
    /// Delete the copies in Vault.
    Vault,
    /// Delete objects of the environment outside of its namespace.
    Objects,
    /// Write the ledger's phase `ended`, the history row and the comment.
    Record,
}

/// Outcome of a step, as recorded in the head.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum StepOutcome {
    /// Finished, or there was nothing to do.
    Done,
    /// Not part of this end: the reason or the configuration keeps it.
    Kept,
    /// Not finished: the next run tries again.
    Pending,
    /// Refused by its backend: the next run tries again, and the failure is reported.
    Failed,
}

/// Rule of a step: the steps that must be settled before it begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndStepRule {
    /// The step.
    pub step: EndStep,
    /// Steps that must be done or kept before.
    pub after: &'static [EndStep],
    /// True if activity that is seen before this step cancels the end.
    pub cancellable: bool,
}

/// Plan of an end: the steps with an initial outcome of `pending` or `kept`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndPlan {
    /// Initial outcome of each step.
    pub steps: BTreeMap<EndStep, StepOutcome>,
}

keyword!(EndStep, "step of an end");
keyword!(StepOutcome, "outcome of a step");

/// Steps of a create, in order. The ledger is written before anything else is created.
pub const CREATE_STEPS: [CreateStep; 6] = [
    CreateStep::LedgerCreating,
    CreateStep::ClaimNamespace,
    CreateStep::Guards,
    CreateStep::Dns,
    CreateStep::Provisioned,
    CreateStep::LedgerLive,
];

/// Steps of a return, in order: wait for a running end, then the steps of a create.
pub const RETURN_STEPS: [ReturnStep; 7] = [
    ReturnStep::WaitForEnd,
    ReturnStep::Create(CreateStep::LedgerCreating),
    ReturnStep::Create(CreateStep::ClaimNamespace),
    ReturnStep::Create(CreateStep::Guards),
    ReturnStep::Create(CreateStep::Dns),
    ReturnStep::Create(CreateStep::Provisioned),
    ReturnStep::Create(CreateStep::LedgerLive),
];

/// Steps of an end, in order.
///
/// A step with a failed backend holds up only the steps that name it. Database and Vault wait for the namespace, because
/// its pods use them.
pub const END_STEPS: [EndStepRule; 11] = [
    rule(EndStep::LastLook, &[], true),
    rule(EndStep::Ledger, &[EndStep::LastLook], true),
    // Nothing is deleted before a snapshot of the data is verified.
    rule(EndStep::Snapshot, &[EndStep::Ledger], true),
    rule(EndStep::TriggerLabel, &[EndStep::Snapshot], true),
    rule(EndStep::HandOver, &[EndStep::TriggerLabel], true),
    rule(EndStep::Dns, &[EndStep::HandOver], true),
    rule(EndStep::Namespace, &[EndStep::HandOver], false),
    rule(EndStep::Database, &[EndStep::Namespace], false),
    rule(EndStep::Vault, &[EndStep::Namespace], false),
    rule(EndStep::Objects, &[EndStep::Namespace], false),
    rule(EndStep::Record, &[EndStep::Namespace], false),
];

const fn rule(step: EndStep, after: &'static [EndStep], cancellable: bool) -> EndStepRule {
    EndStepRule { step, after, cancellable }
}

impl EndStep {
    /// Rule of this step.
    pub fn rule(self) -> EndStepRule {
        END_STEPS.into_iter().find(|rule| rule.step == self).unwrap_or(rule(self, &[], false))
    }
}

impl StepOutcome {
    /// True if nothing is left to do.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Kept)
    }
}

impl EndPlan {
    /// Plans an end with this reason in this tier. `keep_vault` keeps the copies in Vault for every reason.
    pub fn new(reason: EndReason, tier: Tier, keep_vault: bool) -> Self {
        let keeps = |step: EndStep| match step {
            EndStep::Snapshot => tier != Tier::Full || matches!(reason, EndReason::Destroyed | EndReason::Lost),
            // Who destroys has already removed the environment from its source of truth.
            EndStep::TriggerLabel | EndStep::HandOver => matches!(reason, EndReason::Destroyed | EndReason::Lost),
            // People may have edited the copies of an open pull request. A destroy may be the first half of a replacement, or
            // its configuration keeps them.
            EndStep::Vault => {
                keep_vault || matches!(reason, EndReason::Expired | EndReason::Destroyed | EndReason::Lost)
            }
            EndStep::Dns | EndStep::Database | EndStep::Objects => reason == EndReason::Lost,
            EndStep::LastLook | EndStep::Ledger | EndStep::Namespace | EndStep::Record => false,
        };
        let outcome = |step: EndStep| if keeps(step) { StepOutcome::Kept } else { StepOutcome::Pending };
        Self { steps: EndStep::ALL.iter().map(|step| (*step, outcome(*step))).collect() }
    }
}

/// Steps that can begin now, in order: not settled, with all their preceding steps settled.
pub fn next_steps(steps: &BTreeMap<EndStep, StepOutcome>) -> Vec<EndStep> {
    let settled = |step: &EndStep| steps.get(step).is_some_and(|outcome| outcome.is_settled());
    let ready = |rule: &EndStepRule| !settled(&rule.step) && rule.after.iter().all(settled);
    END_STEPS.into_iter().filter(ready).map(|rule| rule.step).collect()
}

#[cfg(test)]
mod tests;
