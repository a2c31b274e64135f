//! Key, passwords and values: in no log of this process at any level, those of its libraries included.

use std::{io::Write, sync::Arc};

use eod_masking::MaskingKey;
use eod_testkit::{
    own_process::{LogBuffer, is_alone},
    postgres::{ADMIN, servers},
};
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

use super::{
    Build, MARKER,
    secrets::{KEY, has_no_secret, refused_login},
};
use crate::{GoldenCheck, tests::on_postgres::deadline};

const TEST: &str = "tests::on_postgres::builds::logs::log_of_all_levels_has_no_key_password_or_value";

/// Log of libraries that use the crate `log`. The driver of PostgreSQL writes its statements there.
struct LibraryLog(LogBuffer);

impl log::Log for LibraryLog {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(self.0.clone(), "{} {}: {}", record.level(), record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

/// Installs a log of everything.
fn record_everything() -> LogBuffer {
    let buffer = LogBuffer::default();
    log::set_logger(Box::leak(Box::new(LibraryLog(buffer.clone())))).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let writer = buffer.clone();
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    // With some features it also tries to install a log of its own for libraries.
    drop(tracing_subscriber::registry().with(LevelFilter::TRACE).with(layer).try_init());
    buffer
}

#[tokio::test(flavor = "multi_thread")]
async fn log_of_all_levels_has_no_key_password_or_value() {
    if !is_alone(TEST) {
        return;
    }
    let mut build = Build::create(servers().last().unwrap(), ADMIN).await;
    build.key = MaskingKey::from_secret(KEY.as_bytes()).unwrap();
    let log = record_everything();

    // A build that succeeds, its verification and publication.
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    let (server, source) = (build.server(), build.source());
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
    check.run(&deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    build.publish(0).await;
    // Builds that fail: a value in a column without a rule, another key, and a login that the server refuses.
    let rule = r#"profile: { kind: json, paths: { "$.mail": { domain: email }, "$.theme": keep } }"#;
    let whole = build.policy_text.clone();
    build = build.with_policy(whole.replace(rule, "profile: keep"));
    build.run().await.unwrap_err();
    build = build.with_policy(whole);
    build.key = MaskingKey::from_secret(KEY.to_uppercase().as_bytes()).unwrap();
    build.run().await.unwrap_err();
    let refused = refused_login(&build, &format!("{KEY}-wrong"));
    build.described(&build.server(), &refused).run(&deadline()).await.unwrap_err();

    let text = log.text();
    // The statements of the driver are in the log, so that the search is not one in an empty text.
    assert!(text.contains("DEBUG tokio_postgres") && text.contains("CREATE DATABASE"), "{text:.3000}");
    has_no_secret("the log", &text);
    let values: Vec<_> = text.lines().filter(|line| line.to_lowercase().contains(MARKER)).collect();
    assert_eq!(values, [""; 0]);
}
