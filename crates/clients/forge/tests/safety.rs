//! Responses that must not change a decision, and tokens that must stay secret.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::fake::{FakeForge, Reply, TOKEN, deadline, github, repository};
use crate::{
    ErrorKind,
    forge::{ForgeKind, ForgeProblem, GitHubApp, TokenSource},
};

const GITHUB: ForgeKind = ForgeKind::GitHub;

#[tokio::test]
async fn incomplete_responses_are_errors_and_not_shorter_lists() {
    let mut without_head = github(2);
    without_head.as_object_mut().unwrap().remove("head");
    let bodies = [
        "<html>canary</html>".to_owned(),
        "[{\"number\":1".to_owned(),
        json!({ "items": [] }).to_string(),
        json!([github(1), without_head]).to_string(),
        String::new(),
    ];
    for body in bodies {
        let shown = body.clone();
        let fake = FakeForge::serve(move |_, _| Some(Reply::text(200, &body))).await;
        let error = fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap_err();
        assert!(matches!(ForgeProblem::of(&error), Some(ForgeProblem::Unreadable { status: 200 })), "{shown}");
        assert!(!error.chain().contains("canary"));
    }
}

#[tokio::test]
async fn list_with_an_invalid_second_page_is_an_error() {
    let fake = FakeForge::serve(|number, seen| {
        let next = format!("<http://{}/2>; rel=\"next\"", seen.header("host"));
        (number == 0).then(|| Reply::json(200, &json!([github(1)])).with("link", next))
    })
    .await;
    let error = fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn the_token_is_not_sent_to_another_host() {
    let other = FakeForge::serve(|_, _| Some(Reply::json(200, &json!([])))).await;
    let to = format!("{}/repos", other.url);
    let fake = FakeForge::serve(move |_, _| Some(Reply::text(301, "").with("location", to.as_str()))).await;
    let error = fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap_err();
    assert_eq!(ForgeProblem::of(&error), Some(&ForgeProblem::Redirected { to: other.url.clone() }));

    let next = format!("<{}/2>; rel=\"next\"", other.url);
    let fake = FakeForge::serve(move |_, _| Some(Reply::json(200, &json!([])).with("link", next.as_str()))).await;
    let error = fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap_err();
    assert!(matches!(ForgeProblem::of(&error), Some(ForgeProblem::Redirected { .. })), "{}", error.chain());
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn a_renamed_repository_is_followed_within_the_host() {
    let fake = FakeForge::serve(|number, _| {
        Some(if number == 0 {
            Reply::text(301, "").with("location", "/repositories/1/pulls")
        } else {
            Reply::json(200, &json!([github(1)]))
        })
    })
    .await;
    let found = fake.client(GITHUB).open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap();
    assert_eq!((found.len(), fake.lines()[1].as_str()), (1, "GET /repositories/1/pulls"));
}

#[tokio::test]
async fn branch_is_deleted_only_if_it_answers_404_and_its_repository_does_not() {
    for kind in [ForgeKind::GitHub, ForgeKind::GitLab] {
        let (root, path) = match kind {
            ForgeKind::GitHub => ("/repos/acme/shop", json!({ "full_name": "Acme/Shop" })),
            ForgeKind::GitLab => ("/projects/acme%2Fteam%2Fshop", json!({ "path_with_namespace": "acme/team/shop" })),
        };
        let moved = json!({ "full_name": "acme/other", "path_with_namespace": "acme/team/other" });
        // Status of the branch, its message, response to the repository, and the result; none is an error.
        let cases = [
            (200, "", (200, path.clone()), Some(true)),
            (404, "Branch not found", (200, path.clone()), Some(false)),
            (404, "Not Found", (200, path.clone()), Some(false)),
            (404, "", (200, path.clone()), Some(false)),
            (404, "Branch not found", (404, json!({ "message": "Not Found" })), None),
            (404, "404 Branch Not Found", (403, json!({ "message": "Forbidden" })), None),
            (404, "Branch not found", (401, json!({ "message": "Bad credentials" })), None),
            (404, "Branch not found", (200, moved), None),
            (404, "Branch not found", (200, json!([])), None),
            (403, "Branch not found", (200, path.clone()), None),
            (410, "Branch not found", (200, path.clone()), None),
        ];
        for (status, message, (of_repository, body), expected) in cases {
            let case = format!("{kind:?} {status} {message:?} {of_repository} {body}");
            let fake = FakeForge::serve(move |_, seen| {
                Some(if seen.line == format!("GET {root}") {
                    Reply::json(of_repository, &body)
                } else if status == 200 {
                    Reply::json(200, &json!({ "name": "a" }))
                } else {
                    Reply::message(status, message)
                })
            })
            .await;
            let found = fake.client(kind).branch_exists(&repository(kind), "a", &deadline(60)).await;
            assert_eq!(found.ok(), expected, "{case}");
        }
    }
}

#[tokio::test]
async fn removed_label_counts_only_if_the_pull_request_does_not_have_it() {
    let fake = FakeForge::serve(|_, _| Some(Reply::message(404, "Not Found"))).await;
    let (client, repository) = (fake.client(GITHUB), repository(GITHUB));
    assert!(client.remove_label(&repository, 1, "preview", &deadline(60)).await.is_err());
    assert_eq!(client.pull_request(&repository, 1, &deadline(60)).await.unwrap(), None);

    let fake = FakeForge::serve(|_, seen| {
        Some(match seen.line.as_str() {
            "GET /repos/acme/shop/pulls/1" => Reply::json(200, &github(1)),
            _ => Reply::message(404, "Label does not exist"),
        })
    })
    .await;
    let client = fake.client(GITHUB);
    client.remove_label(&repository, 1, "absent", &deadline(60)).await.unwrap();
    assert!(client.remove_label(&repository, 1, "preview", &deadline(60)).await.is_err());
}

#[tokio::test]
async fn removed_label_may_be_stored_if_the_read_after_its_404_fails() {
    // Status of the first attempt; true if it may be stored.
    for (first, is_unknown) in [(502, true), (404, false)] {
        let fake = FakeForge::serve(move |number, seen| {
            Some(match (seen.line.starts_with("DELETE "), number) {
                (true, 0) => Reply::message(first, "first attempt"),
                (true, _) => Reply::message(404, "Label does not exist"),
                (false, _) => Reply::message(403, "Forbidden"),
            })
        })
        .await;
        let error =
            fake.client(GITHUB).remove_label(&repository(GITHUB), 1, "preview", &deadline(60)).await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Denied, is_unknown), "{first}");
    }
}

#[tokio::test]
async fn a_create_that_may_be_stored_is_sent_once() {
    let fake = FakeForge::serve(|_, _| Some(Reply::message(502, "bad gateway"))).await;
    let error = fake.client(GITHUB).create_comment(&repository(GITHUB), 7, "x", &deadline(60)).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown(), fake.log().len()), (ErrorKind::Unavailable, true, 1));
}

#[tokio::test]
async fn a_repository_of_another_host_is_refused_without_a_request() {
    let fake = FakeForge::serve(|_, _| None).await;
    let client = fake.client(GITHUB);
    let error = client.open_pull_requests(&repository(ForgeKind::GitLab), &deadline(60)).await.unwrap_err();
    assert_eq!(ForgeProblem::of(&error), Some(&ForgeProblem::OtherHost { host: "gitlab.com".into() }));
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn the_token_is_never_shown() {
    let fake = FakeForge::serve(|_, _| Some(Reply::message(401, "Bad credentials"))).await;
    let client = fake.client(GITHUB);
    let error = client.open_pull_requests(&repository(GITHUB), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert!(!format!("{client:?} {error:?} {}", error.chain()).contains(TOKEN));
    assert_eq!(
        error.chain(),
        "cannot list the open pull requests of acme/shop: the forge answered 401 (Bad credentials)"
    );
}

#[tokio::test]
async fn a_github_app_gets_one_token_for_many_requests_and_a_new_one_after_a_401() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let key = STANDARD.encode(key.serialized_der());
    std::fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n")).unwrap();
    let fake = FakeForge::serve(|number, seen| {
        Some(match seen.line.as_str() {
            "POST /app/installations/7/access_tokens" => {
                let token = format!("canary-{number}");
                Reply::json(201, &json!({ "token": token, "expires_at": "2100-01-01T00:00:00Z" }))
            }
            _ if number == 5 => Reply::message(401, "Bad credentials"),
            _ => Reply::json(200, &json!([])),
        })
    })
    .await;
    let app = GitHubApp { id: "Iv1.a".into(), installation: 7, private_key_file: file };
    let (client, repository) = (fake.client_with(GITHUB, TokenSource::App(app)), repository(GITHUB));
    let deadline = deadline(60);
    let reads = (0..4).map(|_| client.open_pull_requests(&repository, &deadline));
    for read in futures::future::join_all(reads).await {
        read.unwrap();
    }
    let error = client.open_pull_requests(&repository, &deadline).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    client.open_pull_requests(&repository, &deadline).await.unwrap();
    let log = fake.log();
    let tokens: Vec<&str> = log[1..].iter().map(|seen| seen.header("authorization")).collect();
    assert_eq!(tokens[..5], ["Bearer canary-0"; 5]);
    assert_eq!(tokens[6], "Bearer canary-6");
    assert!(log[0].header("authorization").starts_with("Bearer ey"));
    assert!(!format!("{client:?} {error:?}").contains("canary"));
}
