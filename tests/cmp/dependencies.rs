//! Dependencies of charts from a real OCI registry, pushed there by the stock helm.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eod_testkit::argocd::Tool;
use eod_testkit::command::{Finished, run};
use tempfile::TempDir;

/// Entry of the user `user` with the password `pass`.
const USERS: &str = "user:$2a$10$fbsJJXeNIGg.83TWXLFlY.D3QhepEjisC1a6rJB0CTSVock4cDiIm\n";

/// Registry over HTTPS that requires a password, and a chart with a dependency in it.
struct RegistryStory {
    folder: TempDir,
    registry: Child,
    port: u16,
}

impl RegistryStory {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("ca.crt", &pem("CERTIFICATE", made.cert.der()));
        write("tls.key", &pem("PRIVATE KEY", &made.signing_key.serialize_der()));
        write("users", USERS);
        let place = |name: &str| folder.path().join(name).display().to_string();
        write(
            "registry.yaml",
            &format!(
                "version: 0.1\nlog: {{ level: info }}\nstorage: {{ inmemory: {{}} }}\nauth: {{ htpasswd: {{ realm: test, path: {} }} }}\n\
                 http: {{ addr: \"localhost:0\", secret: none, tls: {{ certificate: {}, key: {} }} }}\n",
                place("users"),
                place("ca.crt"),
                place("tls.key")
            ),
        );
        let mut command = Command::new(Tool::Registry.path());
        command.args(["serve", &place("registry.yaml")]).stdin(Stdio::null()).stdout(Stdio::null());
        let mut registry = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(registry.stderr.take().unwrap());
        let mut seen = String::new();
        let port = loop {
            let from = seen.len();
            assert!(log.read_line(&mut seen).unwrap() > 0, "the registry has ended: {seen}");
            let address = seen[from..].split("listening on ").nth(1).and_then(|rest| rest.split(',').next());
            if let Some(port) = address.and_then(|address| address.rsplit(':').next()) {
                break port.parse().unwrap();
            }
        };
        // Nothing may wait for a reader of the log.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        write("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.2.3+b\n");
        write("db/templates/db.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: of-the-dependency }\n");
        write(
            "app/Chart.yaml",
            &format!(
                "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n  - {{ name: db, version: 1.x.x, repository: \"oci://localhost:{port}/charts\" }}\n"
            ),
        );
        write("app/templates/app.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: of-the-chart }\n");
        write(
            "app/Chart.lock",
            &format!(
                "dependencies:\n  - {{ name: db, version: 1.2.3+b, repository: \"oci://localhost:{port}/charts\" }}\n"
            ),
        );
        let auth = format!(r#"{{"auths": {{"localhost:{port}": {{"auth": "dXNlcjpwYXNz"}}}}}}"#);
        write("config.json", &auth);
        write(
            "policy.yaml",
            &format!("{}    helm: {{ repositories: [\"oci://localhost:{port}/charts\"] }}\n", super::POLICY),
        );
        let story = Self { folder, registry, port };
        story.helm(&["package", "db"]);
        story.helm(&["push", "db-1.2.3+b.tgz", &format!("oci://localhost:{}/charts", story.port)]);
        story
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    fn helm(&self, arguments: &[&str]) {
        let mut command = Command::new(Tool::StockHelm.path());
        command.args(arguments).current_dir(self.folder.path()).env("HOME", self.folder.path());
        if arguments[0] == "push" {
            let ca = self.path("ca.crt").display().to_string();
            command.args(["--ca-file", &ca, "--username", "user", "--password", "pass"]);
        }
        run(&mut command, "").expect_ok();
    }

    fn render(&self) -> Finished {
        let mut command = Command::new(super::BINARY);
        command.env("PATH", super::golden::search_path()).env("SSL_CERT_FILE", self.path("ca.crt"));
        command.args(["render", "--project", super::PROJECT, "--parameter", "environment=shop-pr-7"]);
        command.arg("--policy").arg(self.path("policy.yaml")).arg("--path").arg(self.path("app"));
        run(command.arg("--registry-config").arg(self.path("config.json")), "")
    }

    #[track_caller]
    fn refused(&self) -> String {
        let finished = self.render();
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{}", finished.report());
        finished.stderr
    }
}

impl Drop for RegistryStory {
    fn drop(&mut self) {
        let _ = self.registry.kill();
        let _ = self.registry.wait();
    }
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn locked_dependency_of_a_registry_is_rendered() {
    let story = RegistryStory::begin();
    let text = story.render().expect_ok();
    assert!(text.contains("name: of-the-dependency") && text.contains("name: of-the-chart"), "{text}");

    fs::write(story.path("config.json"), "{}").unwrap();
    let denied = story.refused();
    assert!(denied.contains("access denied (status 401)") && denied.contains("--registry-config"), "{denied}");
    assert!(denied.starts_with("Chart.yaml\n  rule:   tool\n"), "{denied}");
}

#[test]
fn registry_without_the_version_or_without_a_connection_is_refused() {
    let mut story = RegistryStory::begin();
    let lock = fs::read_to_string(story.path("app/Chart.lock")).unwrap();
    fs::write(story.path("app/Chart.lock"), lock.replace("1.2.3+b", "1.2.4")).unwrap();
    let missing = story.refused();
    assert!(missing.contains("/v2/charts/db/manifests/1.2.4` does not exist (status 404)"), "{missing}");
    fs::write(story.path("app/Chart.lock"), lock).unwrap();
    story.registry.kill().unwrap();
    story.registry.wait().unwrap();
    let down = story.refused();
    assert!(down.contains("cannot be read: ") && down.contains("try again when the repository is reachable"), "{down}");
}
