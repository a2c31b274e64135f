//! Faults that a real Vault cannot produce on demand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    Deadline, Error, ErrorKind,
    vault::{
        MountInfo, SecretRead, Vault, VaultRefusal, VaultSettings,
        clone::{self, CloneOptions, CopyOwner},
        tests::fake::{FakeVault, Reply, Seen, TOKEN, basics, client, deadline, refusal, secret},
    },
};
use eod_domain::{
    Nonce,
    vault::{Globs, KeyResult, MountPath, Route},
};

const READ: &str = "GET /v1/secret/data/stage/shop";

async fn read(vault: &Vault, deadline: &Deadline) -> Result<SecretRead, Error> {
    vault.read(&MountInfo::v2(MountPath::default()), &"stage/shop".parse().unwrap(), None, deadline).await
}

/// Answers the requests for token and mount, and all other requests by their number.
async fn after_basics(reply: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> FakeVault {
    let rest = Mutex::new(0);
    FakeVault::serve(move |_, seen| {
        basics(seen).unwrap_or_else(|| {
            let mut rest = rest.lock().unwrap();
            *rest += 1;
            reply(*rest - 1, seen)
        })
    })
    .await
}

#[tokio::test]
async fn requests_to_a_busy_server_are_retried() {
    for status in [429, 412, 472, 473, 500, 502, 503, 504] {
        let fake = after_basics(move |number, _| match number {
            0 | 1 => refusal(status, "try later"),
            _ => secret(1, &json!({ "A": "1" })),
        })
        .await;
        assert!(matches!(read(&fake.client(), &deadline()).await, Ok(SecretRead::Secret(_))), "{status}");
        assert_eq!(fake.count(READ), 3, "{status}");
    }
    for status in [400, 403, 404, 405] {
        let fake = after_basics(move |_, _| refusal(status, "no")).await;
        assert!(read(&fake.client(), &deadline()).await.is_err(), "{status}");
        assert_eq!(fake.count(READ), 1, "{status}");
    }
}

#[tokio::test]
async fn retry_after_of_an_hour_ends_at_the_deadline() {
    let headers = || vec![("Retry-After", "3600".to_owned())];
    let fake = after_basics(move |_, _| Reply::Raw(429, headers(), r#"{"errors":["slow down"]}"#)).await;
    let deadline = Deadline::within(Duration::from_secs(5), CancellationToken::new());
    let error = read(&fake.client(), &deadline).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.chain().contains("slow down"), "{}", error.chain());
    assert_eq!(fake.count(READ), 1);
}

#[tokio::test]
async fn a_sealed_server_is_reported_without_retries() {
    let fake = after_basics(|_, _| refusal(503, "Vault is sealed")).await;
    let error = read(&fake.client(), &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.chain().contains("Vault is sealed"), "{}", error.chain());
    assert!(VaultRefusal::of(&error).is_some_and(VaultRefusal::is_sealed));
    assert_eq!(fake.count(READ), 1);
}

#[tokio::test]
async fn the_token_is_not_sent_to_another_host() {
    let other = FakeVault::serve(|_, _| secret(1, &json!({}))).await;
    let location = format!("{}/v1/secret/data/stage/shop", other.url);
    let fake = after_basics(move |_, _| Reply::Raw(307, vec![("Location", location.clone())], "")).await;
    let error = read(&fake.client(), &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.chain().contains(&other.url) && error.chain().contains("not sent"), "{}", error.chain());
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn redirects_within_the_host_are_followed_up_to_a_limit() {
    let fake = after_basics(|number, _| match number {
        0 => Reply::Raw(307, vec![("Location", "/v1/secret/data/elsewhere".to_owned())], ""),
        _ => secret(1, &json!({})),
    })
    .await;
    read(&fake.client(), &deadline()).await.unwrap();
    let last = fake.log().pop().unwrap();
    assert_eq!((last.path.as_str(), last.header("x-vault-token")), ("/v1/secret/data/elsewhere", TOKEN));

    let forever = after_basics(|_, _| Reply::Raw(307, vec![("Location", "/v1/x".to_owned())], "")).await;
    let error = read(&forever.client(), &deadline()).await.unwrap_err();
    assert!(error.chain().contains("too many times"), "{}", error.chain());
}

#[tokio::test]
async fn the_page_of_a_proxy_is_not_quoted() {
    let fake = after_basics(|_, _| Reply::Raw(502, Vec::new(), "<html>canary</html>")).await;
    let error = read(&fake.client(), &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.chain().contains("the response with status 502 is not from Vault"), "{}", error.chain());
    assert!(!format!("{error:?}{}", error.chain()).contains("canary"));

    let page = after_basics(|_, _| Reply::Raw(200, Vec::new(), "<html>canary</html>")).await;
    assert!(read(&page.client(), &deadline()).await.unwrap_err().chain().contains("is not from Vault"));
}

#[tokio::test]
async fn an_unreachable_server_is_named_with_the_origin_of_its_address_and_one_cause() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (variable, origin) in [(false, ""), (true, " (from environment variable VAULT_ADDR)")] {
        let auth = Some(crate::vault::Auth::Token(TOKEN.to_owned().into()));
        let settings = VaultSettings { address: Some(address.clone()), auth, ..VaultSettings::default() };
        let settings = if variable {
            let settings = VaultSettings { address: None, ..settings };
            settings.or_environment(|name| (name == "VAULT_ADDR").then(|| address.clone())).unwrap()
        } else {
            settings
        };
        let error = read(&client(settings), &deadline()).await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Unavailable, false));
        let chain = error.chain();
        let expected = format!("Vault at {address}{origin} cannot be reached: ");
        let (_, cause) = chain.split_once(&expected).unwrap_or_else(|| panic!("{chain}"));
        assert!(!cause.contains(": ") && cause.contains("refused"), "one cause: {chain}");
    }
}

#[tokio::test]
async fn cancellation_ends_a_waiting_request() {
    let fake = after_basics(|_, _| Reply::Hang).await;
    let cancel = CancellationToken::new();
    let deadline = Deadline::within(Duration::from_secs(600), cancel.clone());
    let vault = fake.client();
    let (result, ()) = tokio::join!(read(&vault, &deadline), async {
        while fake.count(READ) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancel.cancel();
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::Cancelled);
}

#[tokio::test]
async fn requests_carry_user_agent_and_namespace() {
    let fake = after_basics(|_, _| secret(1, &json!({}))).await;
    let settings = VaultSettings {
        address: Some(format!("{}/vault/", fake.url)),
        namespace: Some("team/".to_owned()),
        auth: Some(crate::vault::Auth::Token(TOKEN.to_owned().into())),
        ..VaultSettings::default()
    };
    read(&client(settings), &deadline()).await.unwrap();
    let last = fake.log().pop().unwrap();
    assert_eq!(last.path, "/vault/v1/secret/data/stage/shop");
    for (name, value) in [
        ("x-vault-namespace", "team"),
        ("x-vault-token", TOKEN),
        ("x-vault-request", "true"),
        ("user-agent", "eod/0.0.0 (test)"),
    ] {
        assert_eq!(last.header(name), value);
    }
}

#[tokio::test]
async fn at_most_eight_requests_are_in_flight() {
    let fake = after_basics(|_, _| secret(1, &json!({}))).await;
    let vault = fake.client();
    let deadline = deadline();
    let reads = (0..60).map(|_| read(&vault, &deadline));
    assert!(futures::future::join_all(reads).await.iter().all(Result::is_ok));
    assert!((2..=8).contains(&fake.peak()), "{}", fake.peak());
}

/// A server that stores the create and then closes the connection.
async fn forgetful() -> FakeVault {
    let stored = Mutex::new(None);
    after_basics(move |_, seen| {
        let mut stored = stored.lock().unwrap();
        match (seen.line().as_str(), stored.clone()) {
            (READ, _) => secret(5, &json!({ "A": "canary-value" })),
            ("POST /v1/secret/data/preview/pr-1", None) => {
                *stored = Some(seen.body["data"].clone());
                Reply::Break
            }
            ("POST /v1/secret/data/preview/pr-1", Some(_)) => {
                refusal(400, "check-and-set parameter did not match the current version")
            }
            ("GET /v1/secret/metadata/preview/pr-1", Some(_)) => {
                let versions = json!({ "1": { "created_time": "t1", "deletion_time": "", "destroyed": false } });
                Reply::Json(200, json!({ "data": { "current_version": 1, "versions": versions } }))
            }
            ("GET /v1/secret/data/preview/pr-1?version=1", Some(data)) => secret(1, &data),
            ("POST /v1/secret/metadata/preview/pr-1", Some(_)) => Reply::Json(204, json!({})),
            _ => refusal(404, "unexpected"),
        }
    })
    .await
}

fn route() -> Route {
    let (source, target) = ("secret/stage/shop".parse().unwrap(), "secret/preview/pr-1".parse().unwrap());
    Route::new(source, target, &Globs::default_sensitive(), &Globs::default_targets()).unwrap()
}

fn owner() -> CopyOwner {
    CopyOwner {
        environment: "pr-1".parse().unwrap(),
        installation: "acme".parse().unwrap(),
        nonce: Nonce::new([7; 16]),
    }
}

#[tokio::test]
async fn a_create_with_a_lost_response_is_recognised() {
    let fake = forgetful().await;
    let cloned = clone::clone(&fake.client(), &route(), &CloneOptions::default(), &owner(), &deadline()).await;
    assert!(cloned.error.is_none(), "{:?}", cloned.error);
    let record = cloned.keys.values().next().unwrap();
    assert_eq!((record.result, record.version, record.source_version), (KeyResult::Cloned, 1, Some(5)));
    let marks = fake.log().pop().unwrap().body;
    assert_eq!(marks["custom_metadata"]["eod-nonce"], "07".repeat(16));
    assert_eq!(marks["custom_metadata"]["eod-created"], "t1");
}

#[tokio::test]
async fn a_copy_gets_its_provenance_even_if_the_run_is_cancelled_at_once() {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let fake = after_basics(move |_, seen| match seen.line().as_str() {
        READ => secret(5, &json!({ "A": "1" })),
        "POST /v1/secret/data/preview/pr-1" => {
            Reply::Json(200, json!({ "data": { "version": 1, "created_time": "t1" } }))
        }
        // The cancellation comes during the first attempt to write the provenance.
        "POST /v1/secret/metadata/preview/pr-1" if !stop.is_cancelled() => {
            stop.cancel();
            Reply::Hang
        }
        _ => Reply::Json(204, json!({})),
    })
    .await;
    let deadline = Deadline::within(Duration::from_secs(60), cancel);
    let cloned = clone::clone(&fake.client(), &route(), &CloneOptions::default(), &owner(), &deadline).await;
    assert_eq!(cloned.error.map(|error| error.kind), Some(ErrorKind::Cancelled));
    assert_eq!(cloned.keys.len(), 1, "the copy is in the partial state");
    assert_eq!(fake.count("POST /v1/secret/metadata/preview/pr-1"), 2);
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    let logins = Arc::new(Mutex::new(0));
    let count = Arc::clone(&logins);
    let fake = FakeVault::serve(move |_, seen| {
        if seen.path == "/v1/auth/approle/login" {
            *count.lock().unwrap() += 1;
            let token = format!("hvs.{}", count.lock().unwrap());
            let auth = json!({ "client_token": token, "lease_duration": 3600, "renewable": true });
            return Reply::Json(200, json!({ "auth": auth }));
        }
        let ended = seen.header("x-vault-token") == "hvs.1" && seen.path.contains("k8");
        let asks = seen.header("x-vault-token") == "hvs.1"
            && ["/v1/auth/token/lookup-self", "/v1/sys/internal/ui/mounts"].contains(&seen.path.as_str());
        if ended || asks { refusal(403, "permission denied") } else { secret(1, &json!({})) }
    })
    .await;
    let auth = crate::vault::Auth::AppRole { role_id: "r".into(), secret_id: "s".to_owned().into(), mount: None };
    let vault = fake.client_with(auth);
    let mount = MountInfo::v2(MountPath::default());
    for number in 0..20 {
        vault.read(&mount, &format!("k{number}").parse().unwrap(), None, &deadline()).await.unwrap();
    }
    assert_eq!(*logins.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_refusal_of_a_known_token_causes_no_login() {
    let fake = after_basics(|_, _| refusal(403, "1 error occurred:\n\t* permission denied\n\n")).await;
    let error = read(&fake.client(), &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(
        error.chain(),
        "cannot read secret `secret/stage/shop`: Vault answered 403 to GET /v1/secret/data/stage/shop (permission \
         denied): the token needs the capability `read` on `secret/data/stage/shop`"
    );
}
