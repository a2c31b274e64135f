//! Batches of the writers of a zone.

use std::{sync::Arc, time::Duration};

use eod_domain::dns::{ChangeAction, ChangeEntry};
use eod_testkit::route53::{FakeRecord, Route53Fault};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::fake::{Fake, address, creation, deadline, entry, name};
use crate::{
    Deadline, Error, ErrorKind,
    route53::{ChangeReceipt, Route53Problem, Route53Refusal, ZoneWriters},
};

const CHANGE: &str = "ChangeResourceRecordSets";

type Outcome = Result<ChangeReceipt, Error>;

async fn apply_all(fake: &Fake, writers: &ZoneWriters, entries: Vec<ChangeEntry>) -> Vec<Outcome> {
    let deadline = deadline();
    join_all(entries.into_iter().map(|entry| writers.apply(&fake.zone, entry, &deadline))).await
}

#[tokio::test(start_paused = true)]
async fn entries_of_many_callers_are_one_batch_after_100_milliseconds() {
    let fake = Fake::new();
    let entries = (0..20).map(|n| creation(&format!("pr-{n}"))).collect();
    let answers = apply_all(&fake, &fake.writers(), entries).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
    let calls = fake.service.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].at.as_millis(), 120, "100 of them and 20 of latency");
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 40);
}

#[tokio::test(start_paused = true)]
async fn full_batch_is_sent_at_once_and_only_one_is_in_flight() {
    let fake = Fake::new();
    let entries = (0..500).map(|n| entry(ChangeAction::Upsert, &format!("pr-{n}"))).collect();
    let answers = apply_all(&fake, &fake.writers(), entries).await;
    assert!(answers.iter().all(Result::is_ok));
    let calls = fake.service.calls();
    assert!(calls[0].at.as_millis() < 100, "{:?}", calls[0].at);
    assert!((5..=7).contains(&calls.len()), "{}", calls.len());
    assert!(fake.codes().is_empty(), "one batch at a time: {:?}", fake.codes());
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn named_bad_entry_fails_alone() {
    let fake = Fake::new();
    fake.service.put(fake.zone.as_str(), FakeRecord::simple("pr-3.acme.example", "CNAME", &["foreign.example.com"]));
    let entries = (0..10).map(|n| creation(&format!("pr-{n}"))).collect();
    let answers = apply_all(&fake, &fake.writers(), entries).await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_ok(), n != 3, "{n}");
    }
    let error = answers[3].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    assert!(Route53Refusal::of(error).unwrap().message.contains("pr-3.acme.example"));
    let chain = error.chain();
    let expected =
        format!("cannot change records of `pr-3.acme.example` in hosted zone `{}`: the batch with", fake.zone);
    assert!(chain.starts_with(&expected), "{chain}");
    assert_eq!(fake.service.count(CHANGE), (3, 1), "all, the good ones, and the bad one alone");
}

#[tokio::test(start_paused = true)]
async fn bad_entry_without_a_name_in_the_message_is_found_by_halves() {
    let fake = Fake::new();
    // The message about a conflict of types has another form.
    fake.service.put(fake.zone.as_str(), FakeRecord::simple("pr-5.acme.example", "A", &["192.0.2.1"]));
    let entries = (0..8).map(|n| creation(&format!("pr-{n}"))).collect();
    let answers = apply_all(&fake, &fake.writers(), entries).await;
    let failed: Vec<usize> = (0..8).filter(|&n| answers[n].is_err()).collect();
    assert_eq!(failed, [5]);
    assert_eq!(answers[5].as_ref().unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(fake.service.count(CHANGE), (7, 3));
}

#[tokio::test(start_paused = true)]
async fn batch_that_fails_as_a_whole_fails_for_every_caller() {
    let fake = Fake::new();
    let writers = fake.writers();
    let absent = "Z0ABSENT".parse().unwrap();
    let deadline = deadline();
    let answers = join_all((0..3).map(|n| writers.apply(&absent, creation(&format!("pr-{n}")), &deadline))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().kind == ErrorKind::NotFound));
    assert_eq!(fake.service.count(CHANGE), (1, 0), "a batch is taken apart only if its entries are refused");
}

#[tokio::test(start_paused = true)]
async fn lost_answer_leaves_the_outcome_unknown_for_every_caller() {
    let fake = Fake::new();
    fake.service.inject(|action, _| action == CHANGE, 1, Route53Fault::LostAnswer);
    let answers = apply_all(&fake, &fake.writers(), (0..3).map(|n| creation(&format!("pr-{n}"))).collect()).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().outcome_unknown()));
    assert_eq!(fake.service.count(CHANGE), (2, 1));
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 6);
}

#[tokio::test(start_paused = true)]
async fn cancelled_caller_withdraws_an_entry_that_was_not_sent() {
    let fake = Fake::new();
    let (writers, cancel) = (fake.writers(), CancellationToken::new());
    let cancelled = Deadline::within(Duration::from_secs(60), cancel.clone());
    let other = deadline();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let first = writers.apply(&fake.zone, creation("first"), &cancelled);
    let (first, second, ()) = tokio::join!(first, writers.apply(&fake.zone, creation("second"), &other), stop);
    let error = first.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Cancelled, false));
    second.unwrap();
    let names: Vec<_> = fake.service.records(fake.zone.as_str()).into_iter().map(|record| record.name).collect();
    assert_eq!(names, ["cname-second.acme.example.", "second.acme.example."]);
    // All entries of a batch are withdrawn: no call.
    let done = writers.apply(&fake.zone, creation("third"), &cancelled).await;
    assert_eq!(done.unwrap_err().kind, ErrorKind::Cancelled);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fake.service.count(CHANGE), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn cancelled_caller_gets_the_result_of_an_entry_that_was_sent() {
    let fake = Fake::new();
    let (writers, cancel) = (fake.writers(), CancellationToken::new());
    let cancelled = Deadline::within(Duration::from_secs(60), cancel.clone());
    let stop = async {
        tokio::time::sleep(Duration::from_millis(110)).await;
        cancel.cancel();
    };
    let (answer, ()) = tokio::join!(writers.apply(&fake.zone, creation("first"), &cancelled), stop);
    answer.unwrap();
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn entry_of_a_dropped_caller_is_not_sent() {
    let fake = Fake::new();
    let (writers, deadline) = (fake.writers(), deadline());
    let dropped = writers.apply(&fake.zone, creation("first"), &deadline);
    tokio::time::timeout(Duration::from_millis(50), dropped).await.unwrap_err();
    writers.apply(&fake.zone, creation("second"), &deadline).await.unwrap();
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn entry_that_no_batch_can_contain_fails_alone() {
    let fake = Fake::new();
    let changes =
        (0..1_001).map(|n| address(ChangeAction::Create, &format!("a{n}.acme.example"), "192.0.2.1")).collect();
    let large = ChangeEntry { host: name("large.acme.example"), changes };
    let answers = apply_all(&fake, &fake.writers(), vec![creation("a"), large, creation("b")]).await;
    assert!(answers[0].is_ok() && answers[2].is_ok());
    let error = answers[1].as_ref().unwrap_err();
    assert!(matches!(Route53Problem::of(error), Some(Route53Problem::TooLarge { .. })), "{error:?}");
}

#[test]
fn writer_is_started_again_after_its_runtime_has_ended() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (first, second) = (runtime(), runtime());
    let (fake, writers) = first.block_on(async {
        let fake = Fake::new();
        let writers: Arc<ZoneWriters> = fake.writers();
        writers.apply(&fake.zone, creation("first"), &deadline()).await.unwrap();
        (fake, writers)
    });
    drop(first);
    second.block_on(async { writers.apply(&fake.zone, creation("second"), &deadline()).await.unwrap() });
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 4);
}
