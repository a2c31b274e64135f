//! The cluster that all tests of a process share.

mod audit;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::{
    access::{Access, Kubeconfig},
    command::{self, Finished},
    http::Origin,
    testbed::{self, Testbed},
    wait::wait_until,
};

/// Maximum time to wait for a controller of the cluster. The deletion of a namespace takes 6 to 10 seconds; the rest is
/// room for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub use self::audit::AuditedCall;

/// A Kubernetes API server with controllers. It runs until the process ends.
pub struct Cluster {
    kubeconfig: PathBuf,
    kubectl: Kubectl,
    access: Access,
    origin: Origin,
    /// The testbed, unless the cluster is one of `EOD_TEST_KUBECONFIG`. It stops when this process ends.
    testbed: Option<Testbed>,
}

/// A kubectl: a program, or a part of the testbed's binary.
struct Kubectl {
    program: PathBuf,
    part: Option<&'static str>,
}

impl Cluster {
    /// The shared cluster: the cluster of `EOD_TEST_KUBECONFIG`, or a testbed that is started at the first call.
    ///
    /// # Panics
    /// If there is no cluster; every test of the process gets the same message.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(cluster) => cluster,
            Err(error) => panic!("there is no cluster to test with: {error}"),
        }
    }

    fn start() -> Result<Self, String> {
        match std::env::var_os("EOD_TEST_KUBECONFIG") {
            Some(path) if !path.is_empty() => {
                let path = std::path::absolute(path).map_err(|error| error.to_string())?;
                if !path.is_file() {
                    return Err(format!("EOD_TEST_KUBECONFIG is {}, and the file does not exist", path.display()));
                }
                eprintln!("kit: Kubernetes from EOD_TEST_KUBECONFIG={}", path.display());
                Self::connect(path, None)
            }
            _ => {
                let assets = testbed::assets()?;
                let testbed = Testbed::start(testbed::binary()?, assets.as_deref())?;
                Self::connect(testbed.kubeconfig.clone(), Some(testbed))
            }
        }
    }

    fn connect(kubeconfig: PathBuf, testbed: Option<Testbed>) -> Result<Self, String> {
        // The kubectl of the servers' version, if it is known.
        let fitting = match &testbed {
            Some(testbed) => testbed.kubectl.clone(),
            None => command::on_path("kubectl"),
        };
        let kubectl = match fitting {
            Some(program) => Kubectl { program, part: None },
            None => Kubectl { program: testbed::binary()?.to_owned(), part: Some("kubectl") },
        };
        let mut access = kubectl.access(&kubeconfig)?;
        if access.token.is_empty() {
            access.token = administrator(&kubectl, &kubeconfig)?;
        }
        let origin = Origin::new(&access);
        Ok(Self { kubeconfig, kubectl, access, origin, testbed })
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Kubeconfig of an authenticated user without permissions.
    #[track_caller]
    pub fn nobody(&self) -> Kubeconfig {
        match &self.testbed {
            Some(testbed) => self.kubectl.access(&testbed.restricted).unwrap().kubeconfig(),
            None => self.service_account("default", "eod-test-nobody", &json!([])),
        }
    }

    /// The API server's URL and certificate authority, and the administrator's token.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// URL of the API server.
    pub fn server(&self) -> &str {
        &self.access.server
    }

    /// The administrator's bearer token.
    pub fn token(&self) -> &str {
        &self.access.token
    }

    /// Certificate authority in PEM; empty if there is none.
    pub fn ca_pem(&self) -> &str {
        self.access.ca_pem.as_deref().unwrap_or_default()
    }

    /// Runs kubectl as administrator and returns its stdout.
    ///
    /// # Panics
    /// If it fails, with command, stdout and stderr.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).expect_ok()
    }

    /// Runs kubectl as administrator, for commands that the cluster may reject.
    #[track_caller]
    pub fn try_kubectl(&self, arguments: &[&str]) -> Finished {
        self.kubectl.run(&self.kubeconfig, arguments, "")
    }

    /// Runs kubectl with another kubeconfig.
    #[track_caller]
    pub fn kubectl_as(&self, kubeconfig: &Path, arguments: &[&str]) -> Finished {
        self.kubectl.run(kubeconfig, arguments, "")
    }

    /// `kubectl get ARGUMENTS -o json`; none if the object does not exist.
    #[track_caller]
    pub fn get(&self, arguments: &[&str]) -> Option<Value> {
        let all = [&["get", "--ignore-not-found", "-ojson"], arguments].concat();
        let text = self.kubectl(&all);
        (!text.trim().is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// Applies manifests with kubectl, as administrator.
    #[track_caller]
    pub fn apply(&self, yaml: &str) {
        self.try_apply(yaml).expect_ok();
    }

    /// Applies manifests as administrator, for tests of manifests that the cluster rejects.
    #[track_caller]
    pub fn try_apply(&self, yaml: &str) -> Finished {
        self.kubectl.run(&self.kubeconfig, &["apply", "-f", "-"], yaml)
    }

    /// Sends one call to the API server; returns status and body. Much faster than kubectl.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let content_type = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = body.map(Value::to_string).unwrap_or_default();
        self.origin.call(method, path, content_type, &body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The object at a path such as `/api/v1/namespaces/x`; none if it does not exist.
    #[track_caller]
    pub fn read(&self, path: &str) -> Option<Value> {
        match self.call("GET", path, None) {
            (200, object) => Some(object),
            (404, _) => None,
            (status, answer) => panic!("GET {path}: {status} {answer}"),
        }
    }

    /// True if the namespace exists, also while it is being deleted.
    #[track_caller]
    pub fn namespace_exists(&self, name: &str) -> bool {
        self.read(&format!("/api/v1/namespaces/{name}")).is_some()
    }

    /// Waits for the end of a namespace's deletion.
    #[track_caller]
    pub fn wait_until_gone(&self, namespace: &str) {
        wait_until(&format!("namespace {namespace} to be gone"), PATIENCE, || {
            match self.read(&format!("/api/v1/namespaces/{namespace}")) {
                None => Ok(()),
                Some(object) => Err(object["status"].to_string()),
            }
        });
    }

    /// A unique installation id: a DNS label of at most 40 bytes. It is different for every call, also on a cluster that
    /// other runs have used.
    pub fn installation(&self, test: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        let name: String = test
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(24)
            .collect();
        format!("t{:x}-{number}-{}", since % 0x1000_0000, name.trim_matches('-'))
    }

    /// Calls of a service account, from the audit log of the API server. The log has them in the order of their ends. None if
    /// the cluster is not the testbed, so that its log cannot be read.
    ///
    /// # Panics
    /// If the last call of the account is not logged in time.
    #[track_caller]
    pub fn audited_calls(&self, account: &Kubeconfig) -> Option<Vec<AuditedCall>> {
        self.testbed.as_ref()?;
        let log = self.kubeconfig.with_file_name("audit.log");
        let whoami = self.kubectl_as(account.path(), &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
        Some(audit::calls(&log, whoami.expect_ok().trim()))
    }

    /// Creates a service account with exactly these rules of a ClusterRole; returns its kubeconfig.
    #[track_caller]
    pub fn service_account(&self, namespace: &str, name: &str, rules: &Value) -> Kubeconfig {
        let role = format!("{namespace}-{name}");
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "ServiceAccount",
              "metadata": { "name": name, "namespace": namespace } },
            { "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
              "metadata": { "name": role }, "rules": rules },
            binding(&role, &role, namespace, name),
        ]});
        self.apply(&list.to_string());
        let token = self.kubectl(&["create", "token", name, "-n", namespace]).trim().to_owned();
        Access { token, ..self.access.clone() }.kubeconfig()
    }
}

impl Kubectl {
    #[track_caller]
    fn run(&self, kubeconfig: &Path, arguments: &[&str], input: &str) -> Finished {
        let mut command = Command::new(&self.program);
        command.args(self.part).args(arguments).env("KUBECONFIG", kubeconfig);
        command::run(&mut command, input)
    }

    /// Reads a kubeconfig with kubectl, which supports every form of it.
    #[track_caller]
    fn access(&self, kubeconfig: &Path) -> Result<Access, String> {
        let view = self.run(kubeconfig, &["config", "view", "--raw", "--minify", "-ojson"], "");
        if view.code != Some(0) {
            return Err(view.report());
        }
        Access::from_config(&serde_json::from_str(&view.stdout).map_err(|e| e.to_string())?)
    }
}

/// Token of a service account with all permissions. Needed if the kubeconfig authenticates by other means than a token.
fn administrator(kubectl: &Kubectl, kubeconfig: &Path) -> Result<String, String> {
    const NAME: &str = "eod-test-admin";
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "ServiceAccount",
          "metadata": { "name": NAME, "namespace": "kube-system" } },
        binding(NAME, "cluster-admin", "kube-system", NAME),
    ]});
    let applied = kubectl.run(kubeconfig, &["apply", "-f", "-"], &list.to_string());
    let arguments = ["create", "token", NAME, "-n", "kube-system", "--duration=8h"];
    let token = kubectl.run(kubeconfig, &arguments, "");
    match (applied.code, token.code) {
        (Some(0), Some(0)) => Ok(token.stdout.trim().to_owned()),
        _ => Err(format!("{}\n{}", applied.report(), token.report())),
    }
}

fn binding(name: &str, role: &str, namespace: &str, account: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": { "name": name },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
    })
}
