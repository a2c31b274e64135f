//! Limits of forges: quotas, pauses, conditional requests and writes one after another.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::time::Instant;

use super::fake::{FakeForge, Reply, deadline, github, repository};
use crate::{
    ErrorKind,
    forge::{ForgeKind, ForgeProblem},
};

const GITHUB: ForgeKind = ForgeKind::GitHub;

#[tokio::test]
async fn unchanged_lists_are_read_with_conditional_requests() {
    let fake = FakeForge::serve(|_, seen| {
        Some(if seen.header("if-none-match") == "\"v1\"" {
            Reply::text(304, "")
        } else {
            Reply::json(200, &json!([github(1)])).with("etag", "\"v1\"")
        })
    })
    .await;
    let (client, repository) = (fake.client(GITHUB), repository(GITHUB));
    let first = client.open_pull_requests(&repository, &deadline(60)).await.unwrap();
    let second = client.open_pull_requests(&repository, &deadline(60)).await.unwrap();
    assert_eq!((first.len(), &first), (1, &second));
    assert_eq!(fake.log()[1].header("if-none-match"), "\"v1\"");
}

#[tokio::test]
async fn the_reserve_of_the_quota_is_not_used() {
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 600;
    let fake = FakeForge::serve(move |_, _| {
        let page = Reply::json(200, &json!([]));
        Some(page.with("x-ratelimit-remaining", "50").with("x-ratelimit-reset", reset.to_string()))
    })
    .await;
    let (client, repository) = (fake.client(GITHUB), repository(GITHUB));
    client.open_pull_requests(&repository, &deadline(60)).await.unwrap();
    let error = client.open_pull_requests(&repository, &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(matches!(ForgeProblem::of(&error), Some(ForgeProblem::QuotaUsedUp { remaining: 50, .. })), "{error:?}");
    assert_eq!(fake.log().len(), 1);

    let later = fake.client_at(GITHUB, || SystemTime::now() + Duration::from_secs(3600));
    later.open_pull_requests(&repository, &deadline(60)).await.unwrap();
    later.open_pull_requests(&repository, &deadline(60)).await.unwrap();
}

#[tokio::test]
async fn a_limit_with_a_time_ends_at_the_deadline() {
    let replies = [
        |_: usize| Reply::message(429, "slow down").with("retry-after", "3600"),
        |_| Reply::message(403, "You have exceeded a secondary rate limit").with("retry-after", "3600"),
        |_| Reply::message(403, "You have exceeded a secondary rate limit"),
    ];
    for reply in replies {
        let fake = FakeForge::serve(move |number, _| Some(reply(number))).await;
        let error = fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(5)).await.unwrap_err();
        assert_eq!((error.kind, fake.log().len()), (ErrorKind::Timeout, 1), "{}", error.chain());
        assert!(error.chain().contains("the last attempt failed: the forge answered"), "{}", error.chain());
    }
}

#[tokio::test]
async fn request_is_repeated_after_a_short_limit() {
    let fake = FakeForge::serve(|number, _| {
        Some(if number == 0 {
            Reply::message(403, "secondary rate limit").with("retry-after", "0")
        } else {
            Reply::json(200, &json!([]))
        })
    })
    .await;
    fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap();
    assert_eq!(fake.log().len(), 2);
}

#[tokio::test]
async fn writes_are_sent_one_after_another_with_a_pause() {
    let fake = FakeForge::serve(|_, _| Some(Reply::json(200, &json!([])))).await;
    let (client, repository, deadline) = (fake.client(GITHUB), repository(GITHUB), deadline(60));
    let started = Instant::now();
    let writes = (0..4).map(|number| client.add_label(&repository, number, "preview", &deadline));
    for write in futures::future::join_all(writes).await {
        write.unwrap();
    }
    // Four writes have three pauses of 40 ms between them.
    assert!(started.elapsed() >= Duration::from_millis(120));
}
