//! COPY in and out.

use bytes::Bytes;
use eod_testkit::postgres::{SUPERUSER, servers};

use super::{connect, deadline, eventually, sessions, short, statement, value};
use crate::ErrorKind;

const OUT: &str = "COPY (SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i) TO STDOUT (FORMAT binary)";
/// Endless for all purposes of a test.
const ENDLESS: &str = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000) a, generate_series(1, 100000) b) \
                       TO STDOUT (FORMAT binary)";
const IN: &str = "COPY rows FROM STDIN (FORMAT binary)";

#[tokio::test]
async fn binary_copy_is_the_same_on_the_other_side() {
    for server in servers() {
        for target_server in servers() {
            let limit = deadline();
            let mut source = connect(server, SUPERUSER, &[("sslmode", "require")]).await.unwrap();
            let mut target = connect(target_server, super::ADMIN, &[]).await.unwrap();
            target.batch(&statement("CREATE TEMP TABLE rows (i int, text text)"), &limit).await.unwrap();
            let (out, into) = (statement(OUT), statement(IN));
            let mut rows = source.copy_out(&out, &limit).await.unwrap();
            let mut copy = target.copy_in(&into, &limit).await.unwrap();
            while let Some(bytes) = rows.next().await.unwrap() {
                copy.send(bytes).await.unwrap();
            }
            drop(rows);
            assert_eq!(copy.finish().await.unwrap(), 20_000);
            let sums = "SELECT sum(i) || ' ' || sum(length(text)) FROM rows";
            assert_eq!(value(&mut target, sums).await, "200010000 20000000");
            assert_eq!(value(&mut source, "1").await, "1", "a complete copy does not end its session");
        }
    }
}

#[tokio::test]
async fn copy_out_is_cancelled_when_the_deadline_passes() {
    for (_, mut session) in sessions().await {
        let (endless, limit) = (statement(ENDLESS), short());
        let mut rows = session.copy_out(&endless, &limit).await.unwrap();
        let error = loop {
            match rows.next().await {
                Ok(bytes) => assert!(bytes.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, ErrorKind::Timeout, "{}", error.chain());
        drop(rows);
        assert_eq!(value(&mut session, "1").await, "1");
    }
}

#[tokio::test]
async fn dropped_copy_out_ends_its_session() {
    for server in servers() {
        let mut observer = connect(server, SUPERUSER, &[]).await.unwrap();
        let mut session = connect(server, SUPERUSER, &[]).await.unwrap();
        let pid = value(&mut session, "pg_backend_pid()").await;
        let (endless, limit) = (statement(ENDLESS), deadline());
        let mut rows = session.copy_out(&endless, &limit).await.unwrap();
        assert!(rows.next().await.unwrap().is_some());
        drop(rows);
        eventually(&mut observer, &format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"), "0").await;
    }
}

#[tokio::test]
async fn dropped_or_invalid_copy_in_stores_nothing() {
    for (_, mut session) in sessions().await {
        let limit = deadline();
        session.batch(&statement("CREATE TEMP TABLE rows (i int)"), &limit).await.unwrap();
        let text = statement("COPY rows FROM STDIN");
        let mut copy = session.copy_in(&text, &limit).await.unwrap();
        copy.send(Bytes::from_static(b"1\n2\n")).await.unwrap();
        drop(copy);
        assert_eq!(value(&mut session, "SELECT count(*) FROM rows").await, "0");

        let mut copy = session.copy_in(&text, &limit).await.unwrap();
        copy.send(Bytes::from_static(b"1\ncanary\n")).await.unwrap();
        let error = copy.finish().await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Invalid, false));
        assert!(!error.chain().contains("canary") && !format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(value(&mut session, "SELECT count(*) FROM rows").await, "0");
    }
}

#[tokio::test]
async fn copy_in_that_waits_for_a_lock_is_cancelled() {
    for server in servers() {
        let mut owner = connect(server, SUPERUSER, &[]).await.unwrap();
        owner.batch(&statement("DROP TABLE IF EXISTS locked; CREATE TABLE locked (i int)"), &deadline()).await.unwrap();
        owner.batch(&statement("BEGIN; LOCK TABLE locked"), &deadline()).await.unwrap();
        let mut session = connect(server, SUPERUSER, &[]).await.unwrap();
        let pid = value(&mut session, "pg_backend_pid()").await;
        let (text, limit) = (statement("COPY locked FROM STDIN"), short());
        let error = session.copy_in(&text, &limit).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Timeout, "{}", error.chain());
        owner.batch(&statement("ROLLBACK"), &deadline()).await.unwrap();
        eventually(&mut owner, &format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"), "0").await;
        owner.batch(&statement("DROP TABLE locked"), &deadline()).await.unwrap();
    }
}

#[tokio::test]
async fn copy_in_that_cannot_start_reports_the_error_and_ends_its_session() {
    for server in servers() {
        let mut session = connect(server, super::ADMIN, &[]).await.unwrap();
        let refused = statement("COPY pg_catalog.pg_authid FROM STDIN");
        let error = session.copy_in(&refused, &deadline()).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Denied, "{}", error.chain());
        let error = session.batch(&statement("SELECT 1"), &deadline()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{}", error.chain());
    }
}
