use super::*;

#[test]
fn only_a_complete_run_without_problems_prints_that_nothing_was_due() {
    let of = |outcome: RunOutcome| RunReport { outcome, ..RunReport::default() };
    let text = |outcome: RunOutcome| no_actions(&of(outcome));
    assert_eq!(text(RunOutcome::Complete), "Nothing was due.\n");
    assert!(text(RunOutcome::Busy { holder: "other".to_owned() }).contains("another run holds the lease"));
    assert!(text(RunOutcome::Breaker { due: 9, limit: 5 }).contains("a breaker stopped the run"));
    assert!(text(RunOutcome::Failed("timed out".to_owned())).contains("the run failed"));
    assert!(text(RunOutcome::NoEnds("list cut short".to_owned())).contains("ends no environment"));
    let mut left = of(RunOutcome::Complete);
    left.left.insert("shop-pr-1".to_owned(), vec![eod_domain::ledger::EndStep::Vault]);
    assert_eq!(no_actions(&left), "Nothing was done; the warnings have the reasons.\n");
}

#[test]
fn run_that_has_read_no_environment_prints_no_number_of_them() {
    let text = |outcome: RunOutcome| counts(&RunReport { outcome, ..RunReport::default() });
    assert_eq!(text(RunOutcome::Complete), "environments: none\n");
    assert_eq!(text(RunOutcome::Busy { holder: "other".to_owned() }), "");
    assert_eq!(text(RunOutcome::Failed("timed out".to_owned())), "");
    let mut failed = RunReport { outcome: RunOutcome::Failed("timed out".to_owned()), ..RunReport::default() };
    failed.environments.insert(eod_domain::Status::Ready, 2);
    assert_eq!(counts(&failed), "environments: 2 ready\n");
}
