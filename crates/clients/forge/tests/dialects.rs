//! Requests and responses of GitHub and GitLab.

use serde_json::{Value, json};

use super::fake::{FakeForge, Reply, TOKEN, deadline, github, gitlab, repository};
use crate::forge::{ForgeKind, MergeState};

const KINDS: [ForgeKind; 2] = [ForgeKind::GitHub, ForgeKind::GitLab];

fn example(kind: ForgeKind, number: u64) -> Value {
    match kind {
        ForgeKind::GitHub => github(number),
        ForgeKind::GitLab => gitlab(number),
    }
}

#[tokio::test]
async fn all_pages_of_open_pull_requests_are_read() {
    for kind in KINDS {
        let fake = FakeForge::serve(move |number, seen| {
            let page =
                Reply::json(200, &json!([example(kind, number as u64 * 2 + 1), example(kind, number as u64 * 2 + 2)]));
            let host = seen.header("host").to_owned();
            let next =
                format!("<http://{host}/further?page={}>; rel=\"next\", <http://{host}/x>; rel=\"last\"", number + 2);
            Some(if number < 2 { page.with("link", next) } else { page })
        })
        .await;
        let client = fake.client(kind);
        let found = client.open_pull_requests(&repository(kind), &deadline(60)).await.unwrap();
        assert_eq!(found.iter().map(|found| found.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(fake.lines()[1..], ["GET /further?page=2", "GET /further?page=3"]);
        assert_eq!(client.calls()["GET"], 3);
    }
}

#[tokio::test]
async fn requests_have_the_paths_and_headers_of_their_forge() {
    let fake = FakeForge::serve(|_, _| Some(Reply::json(200, &json!([])))).await;
    let client = fake.client(ForgeKind::GitHub);
    let (github, gitlab) = (repository(ForgeKind::GitHub), repository(ForgeKind::GitLab));
    client.open_pull_requests(&github, &deadline(60)).await.unwrap();
    client.add_label(&github, 7, "a b/c", &deadline(60)).await.unwrap();
    client.remove_label(&github, 7, "a b/c", &deadline(60)).await.unwrap();
    client.update_comment(&github, 7, 9, "text", &deadline(60)).await.unwrap();
    assert!(client.branch_exists(&github, "feature/a", &deadline(60)).await.unwrap());
    assert_eq!(
        fake.lines(),
        [
            "GET /repos/acme/shop/pulls?state=open&sort=created&direction=asc&per_page=100",
            "POST /repos/acme/shop/issues/7/labels",
            "DELETE /repos/acme/shop/issues/7/labels/a%20b%2Fc",
            "PATCH /repos/acme/shop/issues/comments/9",
            "GET /repos/acme/shop/branches/feature%2Fa",
        ]
    );
    let log = fake.log();
    assert_eq!(log[0].header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(log[0].header("x-github-api-version"), "2022-11-28");
    assert_eq!(log[0].header("user-agent"), "eod/0.0.0 (test)");
    assert_eq!((&log[1].body, &log[3].body), (&json!({ "labels": ["a b/c"] }), &json!({ "body": "text" })));

    let fake = FakeForge::serve(|_, _| Some(Reply::json(200, &json!([])))).await;
    let client = fake.client(ForgeKind::GitLab);
    client.open_pull_requests(&gitlab, &deadline(60)).await.unwrap();
    client.add_label(&gitlab, 7, "a b", &deadline(60)).await.unwrap();
    client.remove_label(&gitlab, 7, "a b", &deadline(60)).await.unwrap();
    client.update_comment(&gitlab, 7, 9, "text", &deadline(60)).await.unwrap();
    assert!(client.branch_exists(&gitlab, "feature/a", &deadline(60)).await.unwrap());
    let root = "/projects/acme%2Fteam%2Fshop";
    assert_eq!(
        fake.lines(),
        [
            format!("GET {root}/merge_requests?state=opened&order_by=created_at&sort=asc&per_page=100"),
            format!("PUT {root}/merge_requests/7"),
            format!("PUT {root}/merge_requests/7"),
            format!("PUT {root}/merge_requests/7/notes/9"),
            format!("GET {root}/repository/branches/feature%2Fa"),
        ]
    );
    let log = fake.log();
    assert_eq!(log[0].header("private-token"), TOKEN);
    assert_eq!((&log[1].body, &log[2].body), (&json!({ "add_labels": "a b" }), &json!({ "remove_labels": "a b" })));
}

#[tokio::test]
async fn states_forks_and_drafts_are_parsed() {
    let merged = json!({ "state": "closed", "merged_at": "2026-01-01T00:00:00Z" });
    let cases = [
        (ForgeKind::GitHub, json!({}), MergeState::Open, false),
        (ForgeKind::GitHub, json!({ "state": "closed" }), MergeState::Closed, false),
        (ForgeKind::GitHub, merged, MergeState::Merged, false),
        (ForgeKind::GitHub, json!({ "head": { "ref": "f", "sha": "a", "repo": null } }), MergeState::Open, true),
        (ForgeKind::GitHub, json!({ "head": { "ref": "f", "sha": "a", "repo": { "id": 2 } } }), MergeState::Open, true),
        (ForgeKind::GitLab, json!({}), MergeState::Open, false),
        (ForgeKind::GitLab, json!({ "state": "locked" }), MergeState::Open, false),
        (ForgeKind::GitLab, json!({ "state": "merged" }), MergeState::Merged, false),
        (ForgeKind::GitLab, json!({ "state": "closed" }), MergeState::Closed, false),
        (ForgeKind::GitLab, json!({ "source_project_id": null }), MergeState::Open, true),
        (ForgeKind::GitLab, json!({ "source_project_id": 2 }), MergeState::Open, true),
    ];
    for (kind, changes, state, is_fork) in cases {
        let mut value = example(kind, 7);
        value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let fake = FakeForge::serve(move |_, _| Some(Reply::json(200, &value))).await;
        let found = fake.client(kind).pull_request(&repository(kind), 7, &deadline(60)).await.unwrap().unwrap();
        assert_eq!((found.number, found.state, found.is_fork), (7, state, is_fork), "{kind:?} {changes}");
        assert_eq!((found.author.as_str(), found.is_draft), ("alice", kind == ForgeKind::GitLab));
        let path = if kind == ForgeKind::GitHub { "acme/shop" } else { "acme/team/shop" };
        assert_eq!(found.repository.as_deref(), Some(path));
        assert!(found.labels.contains("preview"));
    }
}

#[tokio::test]
async fn comments_are_listed_and_created() {
    let fake = FakeForge::serve(|_, seen| {
        let comment = json!({ "id": 5, "user": { "login": "eod" }, "body": "text" });
        Some(if seen.line.starts_with("GET") {
            Reply::json(200, &json!([comment]))
        } else {
            Reply::json(201, &comment)
        })
    })
    .await;
    let (client, repository) = (fake.client(ForgeKind::GitHub), repository(ForgeKind::GitHub));
    let comments = client.comments(&repository, 7, &deadline(60)).await.unwrap();
    let created = client.create_comment(&repository, 7, "text", &deadline(60)).await.unwrap();
    assert_eq!(comments, [created]);
}
