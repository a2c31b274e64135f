use std::collections::BTreeMap;

use clap::Parser;

use super::*;
use crate::arguments::{EodCommand, EodCommandLine};

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

#[test]
fn dead_lease_can_be_taken_over_unless_the_time_limit_is_too_short() {
    let seconds = SignedDuration::from_secs;
    let takeover = ReaperSettings::new("acme".parse().unwrap()).takeover_wait();
    // Time limit, time for namespaces in deletion, and expected wait. A sixth of the limit is kept for the last writes.
    let cases = [(300, 0, 200), (120, 0, 80), (120, 60, 70), (90, 0, 70), (60, 0, 40), (60, 90, 0)];
    for (limit, deletion, expected) in cases {
        let work_left = seconds(limit - (limit / 6).min(20));
        let wait = lease_wait_of(seconds(limit), work_left, seconds(deletion), takeover);
        assert_eq!(wait, seconds(expected), "{limit} {deletion}");
    }
}

#[test]
fn lease_that_was_not_renewed_is_not_reported_as_done() {
    let mut report = RunReport { outcome: RunOutcome::Busy { holder: "other".to_owned() }, ..RunReport::default() };
    assert_eq!(outcome(&report), Ok(Outcome::Done));
    let problem = eod_reaper::ReportedProblem { target: "lease".to_owned(), problem: "not renewed".to_owned() };
    report.problems.push(problem);
    assert_eq!(outcome(&report), Ok(Outcome::Found));
}

#[test]
fn run_without_an_installation_is_refused_before_it_contacts_the_cluster() {
    let folder = std::env::temp_dir().join(format!("eod-no-installation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (config, kubeconfig) = (folder.join("eod.yaml"), folder.join("kubeconfig"));
    std::fs::write(&config, "version: 1\n").unwrap();
    // No server listens at this address, so a run that begins fails with another error.
    let clusters = "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]";
    let users = "users: [{name: a, user: {token: t}}]";
    let contexts = "contexts: [{name: a, context: {cluster: a, user: a}}]";
    let text = format!("apiVersion: v1\nkind: Config\ncurrent-context: a\n{clusters}\n{users}\n{contexts}\n");
    std::fs::write(&kubeconfig, text).unwrap();
    let line = format!("eod reap --config {} --kubeconfig {}", config.display(), kubeconfig.display());
    let line = EodCommandLine::try_parse_from(line.split(' ')).unwrap();
    let session = OpsSession::new(&line.common, "reap", BTreeMap::new()).unwrap();
    let EodCommand::Reap(arguments) = &line.command else { panic!("another command") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let failure = runtime.block_on(run(&session, OutputFormat::Table, arguments)).unwrap_err();
    assert_eq!(failure.exit_code(), std::process::ExitCode::from(2));
    assert!(failure.text().contains("no installation is set"), "{}", failure.text());
    std::fs::remove_dir_all(&folder).unwrap();
}
