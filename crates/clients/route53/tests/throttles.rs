//! Limits of the account with many callers, beside a second process that writes to the zone.

use std::sync::Arc;

use eod_domain::dns::{ChangeAction, TxtPrefix, names_to_read};
use eod_testkit::route53::Route53Rates;
use futures::{StreamExt, stream};
use tokio::time::Instant;

use super::fake::{Fake, creation, deadline, entry, name};
use crate::route53::{Route53Limits, ZoneWriters};

const CHANGE: &str = "ChangeResourceRecordSets";

/// Creates the records of environments with this number of callers at once. Each of them reads the names before. Returns the
/// number of failures.
async fn read_and_create(
    fake: &Fake,
    writers: &ZoneWriters,
    prefix: &str,
    environments: usize,
    parallelism: usize,
) -> usize {
    let deadline = deadline();
    let results = stream::iter(0..environments).map(|n| {
        let (deadline, environment) = (&deadline, format!("{prefix}-{n}"));
        async move {
            let names = names_to_read([&name(&format!("{environment}.acme.example"))], &TxtPrefix::default());
            let found = writers.client().records_at(&fake.zone, &names, deadline).await?;
            assert!(found.is_empty());
            writers.apply(&fake.zone, creation(&environment), deadline).await
        }
    });
    let results: Vec<_> = results.buffer_unordered(parallelism).collect().await;
    results.into_iter().filter(Result::is_err).count()
}

/// Creates the records of environments with this number of callers at once. Returns the number of failures.
async fn create(fake: &Fake, writers: &ZoneWriters, prefix: &str, environments: usize, parallelism: usize) -> usize {
    let deadline = deadline();
    let results = stream::iter(0..environments).map(|n| {
        let deadline = &deadline;
        async move { writers.apply(&fake.zone, creation(&format!("{prefix}-{n}")), deadline).await }
    });
    let results: Vec<_> = results.buffer_unordered(parallelism).collect().await;
    results.into_iter().filter(Result::is_err).count()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_environments_need_one_change_call_per_round_of_callers() {
    for (parallelism, most) in [(10, 12), (30, 5), (100, 3)] {
        let fake = Fake::new();
        assert_eq!(create(&fake, &fake.writers(), "pr", 100, parallelism).await, 0);
        let (sent, accepted) = fake.service.count(CHANGE);
        assert!(sent <= most && sent == accepted, "{sent} calls at parallelism {parallelism}");
        assert_eq!(fake.service.records(fake.zone.as_str()).len(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn no_throttle_surfaces_beside_a_second_writer_of_the_zone() {
    for parallelism in [10, 30, 100] {
        let fake = Fake::new();
        // Less than both processes use together.
        fake.service.set_rates(Route53Rates { account: (4.0, 2.0), action: (4.0, 2.0), changes: (200.0, 40.0) });
        let (ours, others) = (fake.writers(), fake.writers());
        let second = async {
            let deadline = deadline();
            for n in 0..30 {
                others.apply(&fake.zone, entry(ChangeAction::Upsert, &format!("other-{n}")), &deadline).await.unwrap();
            }
        };
        let started = Instant::now();
        let (failed, ()) = tokio::join!(create(&fake, &ours, "pr", 100, parallelism), second);
        assert_eq!(failed, 0, "at parallelism {parallelism}");
        let codes = fake.codes();
        assert!(codes.iter().any(|code| code == "Throttling"), "the limits were met: {codes:?}");
        assert!(codes.iter().all(|code| code == "Throttling" || code == "PriorRequestNotComplete"), "{codes:?}");
        assert_eq!(fake.service.records(fake.zone.as_str()).len(), 260);
        assert!(started.elapsed().as_secs() < 300, "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_that_read_and_write_stay_below_the_limits_or_wait() {
    let fake = Fake::new();
    let (ours, others) = (fake.writers(), fake.writers());
    let started = Instant::now();
    let (first, second) =
        tokio::join!(read_and_create(&fake, &ours, "pr", 100, 30), read_and_create(&fake, &others, "other", 60, 10));
    assert_eq!((first, second), (0, 0));
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 320);
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
    // Usually one page for the four names of an environment.
    let reads = ours.client().counts().get("ListResourceRecordSets").copied().unwrap_or_default();
    assert!((100..200).contains(&reads), "{reads}");
}

#[tokio::test(start_paused = true)]
async fn batch_in_work_of_another_process_is_waited_for() {
    let fake = Fake::new();
    fake.service.set_processing(std::time::Duration::from_secs(4));
    let (ours, others) = (fake.writers(), fake.writers());
    let (first, second) = tokio::join!(create(&fake, &ours, "pr", 1, 1), create(&fake, &others, "other", 1, 1));
    assert_eq!((first, second), (0, 0));
    assert!(fake.codes().iter().any(|code| code == "PriorRequestNotComplete"), "{:?}", fake.codes());
}

#[tokio::test(start_paused = true)]
async fn own_limit_keeps_reads_below_the_limits_of_the_account() {
    let fake = Fake::new();
    let client = fake.client();
    let deadline = deadline();
    let started = Instant::now();
    let reads = stream::iter(0..200).map(|_| client.zones(&deadline)).buffer_unordered(100);
    let failed = reads.filter(|result| std::future::ready(result.is_err())).count().await;
    assert_eq!((failed, fake.codes()), (0, Vec::new()));
    let expected = (200.0 - 40.0) / Route53Limits::default().requests.per_second;
    assert!((started.elapsed().as_secs_f64() - expected).abs() < 1.0, "{:?}", started.elapsed());
    let counts: Arc<_> = Arc::new(client.counts());
    assert_eq!(counts.get("ListHostedZones"), Some(&200));
}
