//! The password is in no log, error or `Debug` text.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use eod_testkit::postgres::{PASSWORD, SUPERUSER, servers};

use super::{client, connect, deadline, value};
use crate::postgres::{Postgres, PostgresAccess, PostgresSettings};

/// Everything that any test of this process logs with the crate `log`, and what this test logs with `tracing`.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[derive(Clone, Copy)]
struct Collector;

fn collected() -> std::sync::MutexGuard<'static, Vec<u8>> {
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl io::Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        collected().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        collected().extend_from_slice(format!("{} {}\n", record.target(), record.args()).as_bytes());
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn password_is_in_no_log_error_or_debug_text() {
    log::set_logger(&Collector).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Collector);
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let encoded = "canary-7Zq9%40%3A%2F%25x";
    let mut texts = Vec::new();
    for server in servers() {
        let uri = |database: &str| format!("postgres://{SUPERUSER}:{encoded}@localhost:{}/{database}", server.port);
        let parsed = PostgresSettings::parse(&uri("postgres")).unwrap();
        let client_of_uri: Postgres = client(&parsed);
        let mut session = client_of_uri.connect(&deadline()).await.unwrap();
        assert_eq!(value(&mut session, "current_user").await, SUPERUSER);
        texts.push(format!("{parsed:?} {client_of_uri:?} {session:?} {:?}", client_of_uri.access()));

        let absent = client(&PostgresSettings::parse(&uri("absent")).unwrap()).connect(&deadline()).await.unwrap_err();
        let refused = connect(server, "eod_absent", &[]).await.unwrap_err();
        let unreachable = connect(server, SUPERUSER, &[("port", "1")]).await.unwrap_err();
        for error in [absent, refused, unreachable] {
            texts.push(format!("{error} {} {error:?}", error.chain()));
        }
        assert!(!server.log().contains("canary-7Zq9"));
    }
    let wrong = [
        format!("postgres://user:{PASSWORD}@host"),
        format!("postgres://user:{PASSWORD}"),
        format!("host=h user=u password=x {PASSWORD}"),
        format!("host=h user=u {PASSWORD}=x"),
        format!("host=h user=u port={PASSWORD}"),
        format!("host=h user=u sslmode={PASSWORD}"),
        format!("host=h user=u password='{PASSWORD}"),
    ];
    for text in wrong {
        let error = match PostgresSettings::parse(&text) {
            Ok(settings) => PostgresAccess::new(&settings).unwrap_err(),
            Err(error) => error,
        };
        texts.push(format!("{error} {error:?}"));
    }
    let logged = String::from_utf8_lossy(&collected()).into_owned();
    assert!(logged.contains("tokio_postgres"), "the driver's log is collected");
    for text in texts.iter().chain([&logged]) {
        assert!(!text.contains("canary-7Zq9"), "{text}");
    }
}
