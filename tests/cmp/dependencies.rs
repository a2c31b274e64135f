//! Dependencies of charts from real repositories: an OCI registry to which the stock helm pushes, with basic and token
//! authentication, and a repository over HTTPS with the index that the stock helm writes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eod_testkit::argocd::Tool;
use eod_testkit::charts::{ChartRepository, TokenServer, pem};
use eod_testkit::command::{Finished, run};
use tempfile::TempDir;

/// Entry of the user `user` with the password `pass`.
const USERS: &str = "user:$2a$10$fbsJJXeNIGg.83TWXLFlY.D3QhepEjisC1a6rJB0CTSVock4cDiIm\n";
/// User and password.
const LOGIN: &str = "user:pass";

/// A folder with the chart `app`, its dependency `db`, a policy and the files of `eod-cmp render`.
struct ChartStory {
    folder: TempDir,
}

impl ChartStory {
    fn new() -> Self {
        let story = Self { folder: tempfile::tempdir().unwrap() };
        story.write("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.2.3+b\n");
        story.write("db/templates/db.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: of-the-dependency }\n");
        story.write("app/templates/app.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: of-the-chart }\n");
        story.write("config.json", "{}");
        story
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets the chart depend on `db` of a repository, which the policy allows.
    fn depend_on(&self, url: &str) {
        self.write(
            "app/Chart.yaml",
            &format!(
                "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n  - {{ name: db, version: 1.x.x, repository: \"{url}\" }}\n"
            ),
        );
        let lock = format!("dependencies:\n  - {{ name: db, version: 1.2.3+b, repository: \"{url}\" }}\n");
        self.write("app/Chart.lock", &lock);
        self.write("policy.yaml", &format!("{}    helm: {{ repositories: [\"{url}\"] }}\n", super::POLICY));
    }

    /// Gives the plugin the login of a host.
    fn log_in(&self, host: &str) {
        let auth = STANDARD.encode(LOGIN);
        self.write("config.json", &format!(r#"{{"auths": {{"{host}": {{"auth": "{auth}"}}}}}}"#));
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

    /// Renders, and expects the objects of both charts.
    #[track_caller]
    fn expect_both_charts(&self) {
        let text = self.render().expect_ok();
        assert!(text.contains("name: of-the-dependency") && text.contains("name: of-the-chart"), "{text}");
    }

    #[track_caller]
    fn refused(&self) -> String {
        let finished = self.render();
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{}", finished.report());
        finished.stderr
    }
}

/// Registry over HTTPS with the chart `db`.
struct RegistryStory {
    story: ChartStory,
    registry: Child,
    port: u16,
}

impl RegistryStory {
    /// Registry that requires a password at each request.
    fn with_password() -> Self {
        let story = ChartStory::new();
        story.write("users", USERS);
        let users = story.path("users").display().to_string();
        Self::begin(story, &format!("htpasswd: {{ realm: test, path: {users} }}"), "")
    }

    /// Registry that requires a token of the server.
    fn with_tokens(tokens: &TokenServer) -> Self {
        let story = ChartStory::new();
        story.write("signer.crt", tokens.signer());
        let auth = format!(
            "token: {{ realm: \"{}\", service: {}, issuer: {}, rootcertbundle: {} }}",
            tokens.realm(),
            TokenServer::SERVICE,
            TokenServer::ISSUER,
            story.path("signer.crt").display()
        );
        Self::begin(story, &auth, tokens.certificate())
    }

    /// Starts a registry and pushes the dependency. `trusted` are further certificates that clients trust.
    fn begin(story: ChartStory, auth: &str, trusted: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        story.write("registry.crt", &pem("CERTIFICATE", made.cert.der()));
        story.write("ca.crt", &(pem("CERTIFICATE", made.cert.der()) + trusted));
        story.write("tls.key", &pem("PRIVATE KEY", &made.signing_key.serialize_der()));
        let place = |name: &str| story.path(name).display().to_string();
        story.write(
            "registry.yaml",
            &format!(
                "version: 0.1\nlog: {{ level: info }}\nstorage: {{ inmemory: {{}} }}\nauth: {{ {auth} }}\n\
                 http: {{ addr: \"localhost:0\", secret: none, tls: {{ certificate: {}, key: {} }} }}\n",
                place("registry.crt"),
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
        let url = format!("oci://localhost:{port}/charts");
        story.depend_on(&url);
        let story = Self { story, registry, port };
        story.story.helm(&["package", "db"]);
        story.story.helm(&["push", "db-1.2.3+b.tgz", &url]);
        story
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

impl Drop for RegistryStory {
    fn drop(&mut self) {
        let _ = self.registry.kill();
        let _ = self.registry.wait();
    }
}

#[test]
fn locked_dependency_of_a_registry_is_rendered() {
    let registry = RegistryStory::with_password();
    let denied = registry.story.refused();
    assert!(denied.contains("access denied (status 401)") && denied.contains("--registry-config"), "{denied}");
    assert!(denied.starts_with("Chart.yaml\n  rule:   tool\n"), "{denied}");
    registry.story.log_in(&registry.host());
    registry.story.expect_both_charts();
}

#[test]
fn registry_without_the_version_or_without_a_connection_is_refused() {
    let mut registry = RegistryStory::with_password();
    registry.story.log_in(&registry.host());
    registry.story.expect_both_charts();
    let lock = fs::read_to_string(registry.story.path("app/Chart.lock")).unwrap();
    registry.story.write("app/Chart.lock", &lock.replace("1.2.3+b", "1.2.4"));
    let missing = registry.story.refused();
    assert!(missing.contains("/v2/charts/db/manifests/1.2.4` does not exist (status 404)"), "{missing}");
    registry.story.write("app/Chart.lock", &lock);
    registry.registry.kill().unwrap();
    registry.registry.wait().unwrap();
    let down = registry.story.refused();
    assert!(down.contains("cannot be read: ") && down.contains("try again when the repository is reachable"), "{down}");
}

#[test]
fn registry_with_tokens_gets_the_password_of_its_token_server_only() {
    let tokens = TokenServer::start(LOGIN);
    let registry = RegistryStory::with_tokens(&tokens);
    let story = &registry.story;
    // The login of the registry is not sent to another host.
    story.log_in(&registry.host());
    let denied = story.refused();
    assert!(denied.contains(&format!("https://{}/token", tokens.host())), "{denied}");
    assert!(denied.contains("access denied (status 401)") && denied.contains("--registry-config"), "{denied}");

    story.log_in(tokens.host());
    let before = tokens.scopes().len();
    story.expect_both_charts();
    assert_eq!(tokens.scopes()[before..], ["repository:charts/db:pull"], "one token, which permits no push");
}

/// Repository with the archive of `db` and the index of helm, in the folder `repository`.
fn repository(story: &ChartStory) -> ChartRepository {
    fs::create_dir_all(story.path("repository")).unwrap();
    story.helm(&["package", "db", "--destination", "repository"]);
    story.helm(&["repo", "index", "repository"]);
    let repository = ChartRepository::serve(&story.path("repository"), Some(LOGIN));
    story.write("ca.crt", repository.certificate());
    story.depend_on(&repository.url());
    repository
}

#[test]
fn locked_dependency_of_a_repository_with_an_index_is_rendered() {
    let story = ChartStory::new();
    let repository = repository(&story);
    let denied = story.refused();
    assert!(denied.contains(&format!("`{}/index.yaml`: access denied (status 401)", repository.url())), "{denied}");
    assert_eq!(repository.requests(), ["nobody/index.yaml"]);

    story.log_in(repository.host());
    story.expect_both_charts();
    assert_eq!(repository.requests()[1..], ["user:pass/index.yaml", "user:pass/db-1.2.3+b.tgz"]);

    // The archive changes, its entry in the index does not.
    story.write("db/templates/db.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: changed }\n");
    story.helm(&["package", "db", "--destination", "repository"]);
    let changed = story.refused();
    assert!(
        changed.contains("db-1.2.3+b.tgz`: expected the digest ") && changed.contains(" of the index, got "),
        "{changed}"
    );
}

#[test]
fn archive_on_another_host_gets_no_login() {
    let story = ChartStory::new();
    let repository = repository(&story);
    story.log_in(repository.host());
    let archives = ChartRepository::serve(&story.path("repository"), None);
    repository.redirect_archives(&archives.url());
    // The other host has a certificate that is not trusted.
    assert!(story.refused().contains("cannot be read: "));
    story.write("ca.crt", &format!("{}{}", repository.certificate(), archives.certificate()));
    story.expect_both_charts();
    assert_eq!(archives.requests(), ["nobody/db-1.2.3+b.tgz"]);
}
