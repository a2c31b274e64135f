//! A real Vault for the tests of this crate: one per test process, in memory, on loopback. It ends with the process,
//! which closes its stdin.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::vault::{Auth, MountInfo, Vault, VaultSettings, tests::fake::client};

/// A running server.
pub(super) struct Server {
    pub(super) address: String,
    pub(super) authority: Option<String>,
    pub(super) unseal_key: String,
    root: String,
    audit: PathBuf,
    http: reqwest::Client,
    _process: Child,
    _folder: TempDir,
}

static SHARED: OnceLock<Server> = OnceLock::new();

impl Server {
    /// The server of this process, for tests that use only engines of their own.
    pub(super) async fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// A server of the caller's own.
    pub(super) fn start(arguments: &[&str]) -> Self {
        crate::tls::install_tls_provider();
        let folder = TempDir::new().unwrap();
        let mut process = Command::new(binary())
            .arg("--dir")
            .arg(folder.path())
            .arg("--until-stdin-closes")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the server says in one line how to reach it");
        let text = |key: &str| said[key].as_str().map(str::to_owned);
        let file = |key: &str| fs::read_to_string(text(key).unwrap()).unwrap().trim().to_owned();
        let authority = text("ca");
        // Every test has its own runtime, so no connection is kept for the next one.
        let mut http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        if let Some(authority) = &authority {
            let pem = fs::read(authority).unwrap();
            http = http.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
        }
        Self {
            address: text("address").unwrap(),
            authority,
            unseal_key: file("unseal_key_file"),
            root: file("token_file"),
            audit: text("audit").unwrap().into(),
            http: http.build().unwrap(),
            _process: process,
            _folder: folder,
        }
    }

    pub(super) fn root(&self) -> Auth {
        Auth::Token(self.root.clone().into())
    }

    /// A client of this server.
    pub(super) fn client(&self, auth: Auth) -> Vault {
        let (address, ca_cert) = (Some(self.address.clone()), self.authority.clone());
        client(VaultSettings { address, ca_cert, auth: Some(auth), ..VaultSettings::default() })
    }

    /// A request of the administrator; the answer of a request that must succeed.
    pub(super) async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body, &self.root).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// A request with any token: the status and the answer.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Value, token: &str) -> (u16, Value) {
        let mut url = reqwest::Url::parse(&self.address).unwrap();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.path_segments_mut().unwrap().push("v1").extend(path.split('/'));
        url.set_query(query);
        let method: reqwest::Method = method.parse().unwrap();
        let request = self.http.request(method, url).header("X-Vault-Token", token).body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    /// A KV version 2 engine of the test.
    pub(super) async fn engine(&self, name: &str) -> MountInfo {
        self.admin("POST", &format!("sys/mounts/{name}"), json!({ "type": "kv", "options": { "version": "2" } })).await;
        // The engine accepts writes a moment after it was mounted.
        while self.ask("GET", &format!("{name}/config"), Value::Null, &self.root).await.0 != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        MountInfo::v2(name.parse().unwrap())
    }

    pub(super) async fn put(&self, engine: &MountInfo, path: &str, data: Value) {
        self.admin("POST", &format!("{}/data/{path}", engine.path), json!({ "data": data })).await;
    }

    /// The newest value of a secret, or null.
    pub(super) async fn value(&self, engine: &MountInfo, path: &str) -> Value {
        let (_, answer) = self.ask("GET", &format!("{}/data/{path}", engine.path), Value::Null, &self.root).await;
        answer["data"]["data"].clone()
    }

    /// The metadata of a secret, or null.
    pub(super) async fn metadata(&self, engine: &MountInfo, path: &str) -> Value {
        let (_, answer) = self.ask("GET", &format!("{}/metadata/{path}", engine.path), Value::Null, &self.root).await;
        answer["data"].clone()
    }

    /// A token with these policies.
    pub(super) async fn token(&self, policies: &[&str]) -> Auth {
        let body = json!({ "policies": policies, "no_default_policy": !policies.contains(&"default"), "ttl": "1h" });
        let answer = self.admin("POST", "auth/token/create", body).await;
        Auth::Token(answer["auth"]["client_token"].as_str().unwrap().to_owned().into())
    }

    /// A token with this policy, and its text.
    pub(super) async fn token_with(&self, name: &str, policy: &str) -> (Auth, String) {
        self.admin("PUT", &format!("sys/policies/acl/{name}"), json!({ "policy": policy })).await;
        let body = json!({ "policies": [name], "no_default_policy": true, "ttl": "1h" });
        let answer = self.admin("POST", "auth/token/create", body).await;
        let token = answer["auth"]["client_token"].as_str().unwrap().to_owned();
        (Auth::Token(token.clone().into()), token)
    }

    /// A role of an approle mount of its own, with this policy.
    pub(super) async fn approle(&self, name: &str, policy: &str, role: Value) -> Auth {
        self.admin("PUT", &format!("sys/policies/acl/{name}"), json!({ "policy": policy })).await;
        self.admin("POST", &format!("sys/auth/{name}"), json!({ "type": "approle" })).await;
        let mut role = role;
        role["token_policies"] = json!([name]);
        self.admin("POST", &format!("auth/{name}/role/eod"), role).await;
        let id = self.admin("GET", &format!("auth/{name}/role/eod/role-id"), Value::Null).await;
        let secret = self.admin("POST", &format!("auth/{name}/role/eod/secret-id"), Value::Null).await;
        Auth::AppRole {
            role_id: id["data"]["role_id"].as_str().unwrap().to_owned(),
            secret_id: secret["data"]["secret_id"].as_str().unwrap().to_owned().into(),
            mount: Some(name.to_owned()),
        }
    }

    /// The requests in the audit log that match.
    pub(super) fn audited(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let log = fs::read_to_string(&self.audit).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["type"] == "request" && wanted(line)).collect()
    }

    /// The operations on the values below a path, by path, as the audit log has them.
    pub(super) fn operations(&self, prefix: &str) -> Vec<String> {
        let below = |line: &Value| line["request"]["path"].as_str().is_some_and(|path| path.starts_with(prefix));
        let words =
            |line: &Value| format!("{} {}", text(&line["request"]["operation"]), text(&line["request"]["path"]));
        self.audited(below).iter().map(words).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The server's binary: `EOD_TEST_VAULT`, or the testbed's Vault, which is built once per machine.
fn binary() -> PathBuf {
    let given = std::env::var_os("EOD_TEST_VAULT").map(PathBuf::from);
    given.unwrap_or_else(|| eod_testkit::testbed::build("vault").unwrap_or_else(|error| panic!("no Vault: {error}")))
}
