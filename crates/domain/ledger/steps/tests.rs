use std::collections::BTreeSet;

use super::*;

/// Simulates an end: every step that can begin is done, except those in `down`. Returns the order and the steps that are
/// left.
fn run(plan: &EndPlan, down: &[EndStep]) -> (Vec<EndStep>, BTreeSet<EndStep>) {
    let mut steps = plan.steps.clone();
    let mut order = Vec::new();
    loop {
        let ready: Vec<_> = next_steps(&steps).into_iter().filter(|step| !down.contains(step)).collect();
        let Some(step) = ready.first() else { break };
        order.push(*step);
        steps.insert(*step, StepOutcome::Done);
    }
    let left = steps.iter().filter(|(_, outcome)| !outcome.is_settled()).map(|(step, _)| *step).collect();
    (order, left)
}

#[test]
fn the_steps_of_an_end_are_done_in_order() {
    let (order, left) = run(&EndPlan::new(EndReason::Closed, Tier::Full, false), &[]);
    assert_eq!(order, EndStep::ALL);
    assert!(left.is_empty());
}

#[test]
fn the_reason_decides_about_the_steps() {
    for (reason, tier, keep_vault, kept) in [
        (EndReason::Expired, Tier::Lightweight, false, &[EndStep::Snapshot, EndStep::Vault][..]),
        (EndReason::Expired, Tier::Full, false, &[EndStep::Vault]),
        (EndReason::Closed, Tier::Lightweight, false, &[EndStep::Snapshot]),
        (EndReason::BranchDeleted, Tier::Full, false, &[]),
        (EndReason::Unlabelled, Tier::Full, false, &[]),
        (EndReason::Requested, Tier::Full, true, &[EndStep::Vault]),
        (
            EndReason::Destroyed,
            Tier::Full,
            false,
            &[EndStep::Snapshot, EndStep::TriggerLabel, EndStep::HandOver, EndStep::Vault],
        ),
    ] {
        let plan = EndPlan::new(reason, tier, keep_vault);
        let found: Vec<_> =
            plan.steps.iter().filter(|(_, outcome)| **outcome == StepOutcome::Kept).map(|(step, _)| *step).collect();
        assert_eq!(found, kept, "{reason} {tier}");
    }
    let lost = EndPlan::new(EndReason::Lost, Tier::Full, false);
    assert!(lost.steps[&EndStep::Database] == StepOutcome::Kept && lost.steps[&EndStep::Vault] == StepOutcome::Kept);
}

#[test]
fn a_failed_backend_holds_up_only_its_own_step() {
    let plan = EndPlan::new(EndReason::Closed, Tier::Lightweight, false);
    for (down, left) in [
        (EndStep::Vault, &[EndStep::Vault][..]),
        (EndStep::Database, &[EndStep::Database]),
        (EndStep::Dns, &[EndStep::Dns]),
        (EndStep::Objects, &[EndStep::Objects]),
    ] {
        let (order, found) = run(&plan, &[down]);
        assert_eq!(found, left.iter().copied().collect(), "{down}");
        assert!(order.contains(&EndStep::Record), "{down}: the environment is ended all the same");
    }
}

#[test]
fn steps_after_the_namespace_wait_until_it_is_gone() {
    let plan = EndPlan::new(EndReason::Closed, Tier::Full, false);
    let (order, _) = run(&plan, &[EndStep::Namespace]);
    for step in [EndStep::Database, EndStep::Vault, EndStep::Objects, EndStep::Record] {
        assert!(!order.contains(&step), "{step}");
    }
    let (order, _) = run(&plan, &[EndStep::Snapshot]);
    assert_eq!(order, [EndStep::LastLook, EndStep::Ledger], "nothing is deleted without a snapshot");
}

#[test]
fn every_step_has_one_rule_and_no_rule_has_a_cycle() {
    let steps: Vec<_> = END_STEPS.iter().map(|rule| rule.step).collect();
    assert_eq!(steps, EndStep::ALL);
    for rule in END_STEPS {
        assert_eq!(rule.step.rule(), rule);
        assert!(rule.after.iter().all(|before| *before < rule.step), "{}", rule.step);
    }
}

#[test]
fn a_return_waits_for_the_end_and_continues_as_a_create() {
    assert_eq!(RETURN_STEPS[0], ReturnStep::WaitForEnd);
    let rest: Vec<_> = CREATE_STEPS.into_iter().map(ReturnStep::Create).collect();
    assert_eq!(RETURN_STEPS[1..], rest);
    assert_eq!(CREATE_STEPS[0], CreateStep::LedgerCreating, "the ledger is written before anything is created");
    assert_eq!(CREATE_STEPS[5], CreateStep::LedgerLive);
}
