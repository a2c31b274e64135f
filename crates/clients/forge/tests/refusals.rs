//! Refusals of a forge: their kinds, and the number of requests that they cause.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::fake::{FakeForge, Reply, deadline, github, gitlab, repository};
use crate::{
    ErrorKind,
    forge::{ForgeKind, ForgeRefusal},
};

const KINDS: [ForgeKind; 2] = [ForgeKind::GitHub, ForgeKind::GitLab];

#[tokio::test]
async fn refusals_have_their_kinds_and_only_temporary_ones_are_repeated() {
    let cases = [
        (400, ErrorKind::Invalid, 1),
        (401, ErrorKind::Unauthenticated, 1),
        (403, ErrorKind::Denied, 1),
        (404, ErrorKind::NotFound, 1),
        (410, ErrorKind::NotFound, 1),
        (422, ErrorKind::Invalid, 1),
        (500, ErrorKind::Unavailable, 4),
        (502, ErrorKind::Unavailable, 11),
        (503, ErrorKind::Unavailable, 11),
    ];
    for kind in KINDS {
        for (status, expected, requests) in cases {
            let fake = FakeForge::serve(move |_, _| Some(Reply::message(status, "refused"))).await;
            let error = fake.client(kind).open_pull_requests(&repository(kind), &deadline(60)).await.unwrap_err();
            assert_eq!((error.kind, fake.log().len()), (expected, requests), "{kind:?} {status}");
            assert_eq!(ForgeRefusal::of(&error).map(|refusal| refusal.status), Some(status));
        }
    }
}

#[tokio::test]
async fn pull_request_that_is_gone_has_no_state() {
    for kind in KINDS {
        for status in [404, 410] {
            let fake = FakeForge::serve(move |_, _| Some(Reply::message(status, "gone"))).await;
            let found = fake.client(kind).pull_request(&repository(kind), 7, &deadline(60)).await.unwrap();
            assert_eq!(found, None, "{kind:?} {status}");
        }
    }
}

#[tokio::test]
async fn empty_list_is_not_an_error() {
    for kind in KINDS {
        let fake = FakeForge::serve(|_, _| Some(Reply::json(200, &json!([])))).await;
        let found = fake.client(kind).open_pull_requests(&repository(kind), &deadline(60)).await.unwrap();
        assert_eq!((found.len(), fake.log().len()), (0, 1));
    }
}

#[tokio::test]
async fn request_is_repeated_after_the_reset_of_the_quota() {
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let names = [
        (ForgeKind::GitHub, 403, "x-ratelimit-remaining", "x-ratelimit-reset"),
        (ForgeKind::GitLab, 429, "ratelimit-remaining", "ratelimit-reset"),
    ];
    for (kind, status, remaining, until) in names {
        let reset = reset.clone();
        let fake = FakeForge::serve(move |number, _| {
            let example = if kind == ForgeKind::GitHub { github(1) } else { gitlab(1) };
            Some(if number == 0 {
                Reply::message(status, "API rate limit exceeded").with(remaining, "0").with(until, reset.clone())
            } else {
                Reply::json(200, &json!([example]))
            })
        })
        .await;
        let found = fake.client(kind).open_pull_requests(&repository(kind), &deadline(60)).await.unwrap();
        assert_eq!((found.len(), fake.log().len()), (1, 2), "{kind:?}");
    }
}
