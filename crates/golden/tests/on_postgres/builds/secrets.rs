//! Key and passwords: in no report, error, remark, log or `Debug` text, and on no command line while a build runs.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use eod_clients::postgres::{Postgres, PostgresAccess, PostgresSettings};
use eod_masking::MaskingKey;
use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, servers};

use super::{Build, MAPPED, MARKER, source_server};
use crate::{GoldenCheck, tests::on_postgres::deadline};

/// Key of these builds.
pub(super) const KEY: &str = "numbat-5b1e0f6c9d2a47c38e11aa7742";

/// Forms of the password and of the key.
fn secrets() -> Vec<String> {
    let hexadecimal = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let encoded = "canary-7Zq9%40%3A%2F%25x";
    let mut secrets = vec![PASSWORD.to_owned(), encoded.to_owned(), hexadecimal(PASSWORD), MAPPED.to_owned()];
    secrets.extend([KEY.to_owned(), hexadecimal(KEY), format!("{:?}", KEY.as_bytes())]);
    secrets
}

#[track_caller]
pub(super) fn has_no_secret(what: &str, text: &str) {
    let lower = text.to_lowercase();
    for secret in secrets() {
        assert!(!lower.contains(&secret.to_lowercase()), "{what} contains a secret: {text}");
    }
}

/// Thread that reads the command lines of all processes until it is stopped.
struct CommandLines {
    is_done: Arc<AtomicBool>,
    thread: JoinHandle<BTreeSet<String>>,
}

impl CommandLines {
    fn watch() -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_done);
        let thread = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                    // Processes end at any time.
                    let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
                    seen.insert(String::from_utf8_lossy(&line).replace('\0', " "));
                }
                thread::sleep(Duration::from_millis(1));
            }
            seen
        });
        Self { is_done, thread }
    }

    fn stop(self) -> BTreeSet<String> {
        self.is_done.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

async fn build(server: &'static PostgresServer) -> Build {
    let mut build = Build::create(server, ADMIN).await;
    build.key = MaskingKey::from_secret(KEY.as_bytes()).unwrap();
    build
}

#[tokio::test(flavor = "multi_thread")]
async fn key_and_passwords_are_on_no_command_line_and_in_no_text_of_a_build() {
    let build = build(servers().last().unwrap()).await;
    let (server, source) = (build.server(), build.source());
    let lines = CommandLines::watch();
    let report = build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    let check = GoldenCheck {
        server: &server,
        installation: &build.installation,
        name: &build.name,
        built: true,
        source: Some(&source),
        policy: &build.policy,
        policy_text: build.policy_text.as_bytes(),
        workers: 2,
        progress: Arc::new(()),
    };
    let checked = check.run(&deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    let lines = lines.stop();
    // The programs of this very build were seen.
    let saw =
        |program: &str, argument: &str| lines.iter().any(|line| line.contains(program) && line.contains(argument));
    assert!(saw("/pg_dump ", "--snapshot="), "{lines:?}");
    assert!(saw("/pg_restore ", &format!("--dbname={}", build.name.next())), "{lines:?}");
    for line in &lines {
        has_no_secret("a command line", line);
    }

    has_no_secret("the report", &format!("{report:?} {}", serde_json::to_string(&report).unwrap()));
    has_no_secret("the check", &format!("{checked:?} {}", serde_json::to_string(&checked).unwrap()));
    has_no_secret("a remark", &format!("{:?}", build.progress.notes.lock().unwrap()));
    let published = build.publish(0).await;
    has_no_secret("the publication", &format!("{published:?} {}", serde_json::to_string(&published).unwrap()));
    // A key has no `Debug` at all.
    let debugged = format!("{server:?} {source:?} {:?} {:?} {:?}", server.access(), build.settings, build.policy);
    has_no_secret("Debug", &debugged);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_and_passwords_are_in_no_error_and_in_no_log_of_the_servers() {
    let preview = PostgresServer::start(&servers()[0].programs).unwrap();
    // The server of a test lives as long as its builds.
    let preview: &'static PostgresServer = Box::leak(Box::new(preview));
    let mut build = build(preview).await;
    let mut errors = Vec::new();
    let mut fails = |error: crate::BuildError| errors.push(format!("{error} {error:?} {}", error.chain()));

    // A policy without a rule, a finding, another key, and a login that the server refuses.
    let whole = build.policy_text.clone();
    build = build.with_policy(whole.replace("    note: { kind: text }\n", ""));
    fails(build.run().await.unwrap_err());
    let rule = r#"profile: { kind: json, paths: { "$.mail": { domain: email }, "$.theme": keep } }"#;
    build = build.with_policy(whole.replace(rule, "profile: keep"));
    let error = build.run().await.unwrap_err();
    assert!(matches!(error, crate::BuildError::Findings(_)), "{error:?}");
    fails(error);
    build = build.with_policy(whole);
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    build.publish(0).await;
    build.key = MaskingKey::from_secret(KEY.to_uppercase().as_bytes()).unwrap();
    fails(build.run().await.unwrap_err());
    let refused = refused_login(&build, &format!("{KEY}-wrong"));
    let server = build.server();
    fails(build.described(&server, &refused).run(&deadline()).await.unwrap_err());
    fails(build.described(&refused, &server).run(&deadline()).await.unwrap_err());
    assert_eq!(errors.len(), 5, "{errors:?}");
    for error in &errors {
        has_no_secret("an error", error);
        assert!(!error.to_lowercase().contains(MARKER), "{error}");
    }
    has_no_secret("a remark", &format!("{:?}", build.progress.notes.lock().unwrap()));
    has_no_secret("the log of the preview server", &preview.log());
    has_no_secret("the log of the source server", &source_server().log());
}

/// The source with a wrong password.
pub(super) fn refused_login(build: &Build, password: &str) -> Postgres {
    let mut settings = PostgresSettings::default();
    let port = build.origin.port.to_string();
    let values = [
        ("host", "127.0.0.1"),
        ("port", &*port),
        ("dbname", &*build.source),
        ("user", build.reader),
        ("password", password),
    ];
    for (keyword, value) in values {
        settings.set(keyword, value).unwrap();
    }
    Postgres::new(PostgresAccess::new(&settings).unwrap())
}
