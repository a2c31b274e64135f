//! Logins: requests on the fake, and decisions of the server on a real Vault.

use std::{cell::RefCell, fmt::Write as _, io::Write as _, time::Duration};

use serde_json::{Value, json};
use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

use super::server::Server;
use crate::{
    ErrorKind,
    vault::{
        Auth, JwtSource, MountInfo, SecretRead, VaultSettings,
        tests::fake::{FakeVault, Reply, client, deadline, refusal, secret},
    },
};
use eod_domain::vault::{MountPath, SecretPath};

fn path() -> SecretPath {
    "stage/shop".parse().unwrap()
}

fn mount() -> MountInfo {
    MountInfo::v2(MountPath::default())
}

fn granted(token: &str, seconds: u64) -> Reply {
    Reply::Json(200, json!({ "auth": { "client_token": token, "lease_duration": seconds, "renewable": true } }))
}

#[tokio::test]
async fn each_login_method_sends_its_request() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "jwt-in-a-file").unwrap();
    let file = file.path().to_str().unwrap().to_owned();
    let role = || Some("eod".to_owned());
    for (auth, line, body) in [
        (
            Auth::AppRole { role_id: "r".into(), secret_id: "s".to_owned().into(), mount: Some("team/approle".into()) },
            "POST /v1/auth/team/approle/login",
            json!({ "role_id": "r", "secret_id": "s" }),
        ),
        (
            Auth::Kubernetes { role: "eod".into(), token_path: Some(file.clone()), mount: None },
            "POST /v1/auth/kubernetes/login",
            json!({ "role": "eod", "jwt": "jwt-in-a-file" }),
        ),
        (
            Auth::Jwt { role: role(), jwt: JwtSource::Token("given".to_owned().into()), mount: None },
            "POST /v1/auth/jwt/login",
            json!({ "role": "eod", "jwt": "given" }),
        ),
        (
            Auth::Jwt { role: None, jwt: JwtSource::File(file.clone()), mount: Some("gha".into()) },
            "POST /v1/auth/gha/login",
            json!({ "jwt": "jwt-in-a-file" }),
        ),
    ] {
        let fake = FakeVault::serve(|_, seen| match seen.method.as_str() {
            "POST" => granted("hvs.new", 3600),
            _ => secret(1, &json!({})),
        })
        .await;
        let vault = fake.client_with(auth);
        assert!(fake.log().is_empty(), "no request before the first operation");
        vault.read(&mount(), &path(), None, &deadline()).await.unwrap();
        vault.read(&mount(), &path(), None, &deadline()).await.unwrap();
        let log = fake.log();
        assert_eq!((log[0].line().as_str(), &log[0].body), (line, &body));
        assert_eq!(log[0].header("x-vault-token"), "");
        assert_eq!(log[2].header("x-vault-token"), "hvs.new");
        assert_eq!(log.len(), 3, "one login serves all calls");
    }
}

#[tokio::test]
async fn a_token_is_renewed_at_two_thirds_of_its_lifetime() {
    let fake = FakeVault::serve(|_, seen| match seen.path.as_str() {
        "/v1/auth/approle/login" => granted("hvs.short", 1),
        "/v1/auth/token/renew-self" => granted("hvs.short", 3600),
        _ => secret(1, &json!({})),
    })
    .await;
    let auth = Auth::AppRole { role_id: "r".into(), secret_id: "s".to_owned().into(), mount: None };
    let vault = fake.client_with(auth);
    vault.read(&mount(), &path(), None, &deadline()).await.unwrap();
    // The only wait of a test: tokens of Vault have a lifetime in whole seconds.
    tokio::time::sleep(Duration::from_millis(700)).await;
    for _ in 0..3 {
        vault.read(&mount(), &path(), None, &deadline()).await.unwrap();
    }
    assert_eq!(fake.count("POST /v1/auth/approle/login"), 1);
    assert_eq!(fake.count("POST /v1/auth/token/renew-self"), 1);
}

#[tokio::test]
async fn a_refused_login_is_not_repeated_by_later_requests() {
    let fake = FakeVault::serve(|_, _| refusal(400, "invalid role or secret ID")).await;
    let auth = Auth::AppRole { role_id: "r".into(), secret_id: "canary".to_owned().into(), mount: None };
    let vault = fake.client_with(auth);
    for _ in 0..5 {
        let error = vault.read(&mount(), &path(), None, &deadline()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated);
        let chain = error.chain();
        assert!(chain.contains("cannot log in to Vault by approle at `auth/approle`"), "{chain}");
        assert!(chain.contains("the role or its secret is wrong") && !chain.contains("canary"), "{chain}");
    }
    assert_eq!(fake.log().len(), 1);
}

#[tokio::test]
async fn missing_settings_are_reported_at_the_first_request() {
    for (settings, words) in [
        (VaultSettings::default(), "no credentials"),
        (
            VaultSettings { auth: Some(Auth::Token("t".to_owned().into())), ..VaultSettings::default() },
            "no Vault is configured",
        ),
        (
            VaultSettings {
                address: Some("http://127.0.0.1:1".into()),
                auth: Some(Auth::Kubernetes {
                    role: "r".into(),
                    token_path: Some("/does/not/exist".into()),
                    mount: None,
                }),
                ..VaultSettings::default()
            },
            "cannot read the token of the service account from `/does/not/exist`",
        ),
        (
            VaultSettings {
                address: Some("https://127.0.0.1:1".into()),
                ca_cert: Some("/does/not/exist".into()),
                auth: Some(Auth::Token("t".to_owned().into())),
                ..VaultSettings::default()
            },
            "cannot read the certificate authority",
        ),
    ] {
        let error = client(settings).read(&mount(), &path(), None, &deadline()).await.unwrap_err();
        assert!(error.chain().contains(words), "{}", error.chain());
    }
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_capability_are_different_errors() {
    let server = Server::shared().await;
    let vault = server.client(Auth::Token("hvs.wrong".to_owned().into()));
    let error = vault.read(&mount(), &path(), None, &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated, "{}", error.chain());
    assert!(error.chain().contains("does not accept the token"), "{}", error.chain());
    let weak = server.token(&["default"]).await;
    let error = server.client(weak).read(&mount(), &path(), None, &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{}", error.chain());
    assert!(error.chain().contains("capability `read` on `secret/data/stage/shop`"), "{}", error.chain());
}

#[tokio::test]
async fn a_token_of_few_uses_is_replaced_on_a_real_server() {
    let server = Server::shared().await;
    let engine = server.engine("uses").await;
    for number in 0..20 {
        server.put(&engine, &format!("k{number}"), json!({ "A": number.to_string() })).await;
    }
    let policy = format!("path \"{}/*\" {{ capabilities = [\"read\"] }}", engine.path);
    let auth = server.approle("uses", &policy, json!({ "token_num_uses": 13 })).await;
    let vault = server.client(auth);
    for number in 0..20 {
        let found = vault.read(&engine, &format!("k{number}").parse().unwrap(), None, &deadline()).await;
        assert!(matches!(found, Ok(SecretRead::Secret(_))), "{number}: {found:?}");
    }
    let logins = server.audited(|line| line["request"]["path"] == "auth/uses/login").len();
    assert_eq!(logins, 2);
    let children = server.audited(|line| {
        line["request"]["path"].as_str().is_some_and(|path| path.starts_with("auth/token/create"))
            && line["auth"]["display_name"].as_str().is_some_and(|name| name.starts_with("uses"))
    });
    assert!(children.is_empty(), "no child token is made");
}

#[tokio::test]
async fn lookup_self_names_policies() {
    let server = Server::shared().await;
    let info = server.client(server.root()).lookup_self(&deadline()).await.unwrap();
    assert_eq!((info.policies, info.ttl), (vec!["root".to_owned()], None));
}

thread_local! {
    /// Log lines of this thread since it began to listen; `None` while it does not listen.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps all log lines of listening threads.
///
/// It is the subscriber of the whole test binary. A subscriber for the scope of one test would miss events: while it is
/// the only one, `tracing` lets the first thread decide if a call site is of interest, which may run another test.
struct Everything;

impl<S: Subscriber> Layer<S> for Everything {
    fn on_new_span(&self, attributes: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        HEARD.with_borrow_mut(|heard| heard.as_mut().map(|text| attributes.record(&mut Text(text))));
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        HEARD.with_borrow_mut(|heard| heard.as_mut().map(|text| event.record(&mut Text(text))));
    }
}

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Everything)).unwrap();
    HEARD.set(Some(String::new()));
    let fake = FakeVault::serve(|_, seen| match (seen.method.as_str(), seen.path.as_str()) {
        (_, "/v1/auth/approle/login") => granted("hvs.canary-token", 3600),
        ("GET", "/v1/secret/data/stage/shop") => secret(1, &json!({ "A": "canary-value" })),
        ("POST", _) => Reply::Json(400, json!({ "errors": ["no"], "data": "canary-answer" })),
        _ => Reply::Json(200, Value::Null),
    })
    .await;
    let auth = Auth::AppRole { role_id: "role".into(), secret_id: "canary-secret-id".to_owned().into(), mount: None };
    let vault = fake.client_with(auth);
    let SecretRead::Secret(secret) = vault.read(&mount(), &path(), None, &deadline()).await.unwrap() else {
        panic!("absent")
    };
    let error = vault.create(&mount(), &path(), &secret.data, &deadline()).await.unwrap_err();
    let shown = format!("{vault:?} {secret:?} {error:?} {}", error.chain());
    let logged = HEARD.take().unwrap();
    assert!(logged.contains("stage/shop"), "the log is there: {logged}");
    assert!(!logged.contains("canary"), "{logged}");
    assert!(!shown.contains("canary"), "{shown}");
}
