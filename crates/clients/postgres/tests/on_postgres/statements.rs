//! Statements, their errors, deadlines and cancels; advisory locks.

use std::time::Duration;

use eod_testkit::postgres::{READER, SUPERUSER, servers};
use tokio_util::sync::CancellationToken;

use super::{connect, deadline, eventually, sessions, short, statement, value};
use crate::{
    Deadline, ErrorKind,
    deadline::Interruption,
    postgres::{PostgresFailure, PostgresPrivilege, PostgresSession},
};

/// Error of a statement that fails: its kind, its chain and its facts.
async fn refused(session: &mut PostgresSession, sql: &str) -> (ErrorKind, String, PostgresFailure) {
    let error = session.batch(&statement(sql), &deadline()).await.unwrap_err();
    (error.kind, error.chain(), error.cause::<PostgresFailure>().unwrap().clone())
}

#[tokio::test]
async fn statements_return_rows_and_counts() {
    for (server, mut session) in sessions().await {
        assert_eq!(session.server_version() / 10_000, server.version);
        let limit = deadline();
        session.batch(&statement("CREATE TEMP TABLE t (id int, name text); SELECT 1"), &limit).await.unwrap();
        let insert = statement("INSERT INTO t SELECT i, $1 FROM generate_series(1, 3) i");
        assert_eq!(session.execute(&insert, &[&"größe"], &limit).await.unwrap(), 3);
        let rows = session.query(&statement("SELECT id, name FROM t WHERE id > $1"), &[&1_i32], &limit).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [2, 3]);
        assert_eq!(rows[0].get::<_, String>(1), "größe");
        assert_eq!(value(&mut session, "current_setting('client_connection_check_interval')").await, "500ms");
        session.close(&limit).await.unwrap();
    }
}

#[tokio::test]
async fn errors_have_kinds_and_fields_and_no_values_of_rows() {
    for (_, mut session) in sessions().await {
        let sql = "CREATE TEMP TABLE people (mail text CONSTRAINT one_mail UNIQUE, age int CHECK (age < 150)); \
                   INSERT INTO people VALUES ('canary@example.org', 1)";
        session.batch(&statement(sql), &deadline()).await.unwrap();

        let duplicate = "INSERT INTO people VALUES ('canary@example.org', 2)";
        let (kind, chain, failure) = refused(&mut session, duplicate).await;
        assert_eq!((kind, failure.sqlstate.as_str()), (ErrorKind::Invalid, "23505"));
        assert_eq!(failure.constraint.as_deref(), Some("one_mail"));
        assert_eq!(failure.table.as_deref(), Some("people"));
        assert!(failure.detail.as_ref().unwrap().reveal().contains("canary@example.org"));
        assert!(chain.contains("duplicate key value violates unique constraint \"one_mail\""), "{chain}");
        assert!(!format!("{chain} {failure:?}").contains("canary@"), "{chain}");

        let (kind, chain, failure) = refused(&mut session, "SELECT 'canary@example.org'::int").await;
        assert_eq!((kind, failure.sqlstate.as_str(), failure.message.clone()), (ErrorKind::Invalid, "22P02", None));
        assert_eq!(chain, "cannot run the statement: the server rejected a value (SQLSTATE 22P02)");
        assert!(!format!("{failure:?}").contains("canary@"));

        for (sql, kind, state) in [
            ("SELECT * FROM absent", ErrorKind::NotFound, "42P01"),
            ("SELEC 1", ErrorKind::Invalid, "42601"),
            ("CREATE TEMP TABLE people ()", ErrorKind::AlreadyExists, "42P07"),
            ("CREATE DATABASE template1", ErrorKind::AlreadyExists, "42P04"),
            ("DROP DATABASE absent", ErrorKind::NotFound, "3D000"),
            ("INSERT INTO people VALUES ('x', 151)", ErrorKind::Invalid, "23514"),
            ("BEGIN READ ONLY; CREATE TABLE pg_temp.x ()", ErrorKind::Conflict, "25006"),
        ] {
            let (seen, chain, failure) = refused(&mut session, sql).await;
            assert_eq!((seen, failure.sqlstate.as_str()), (kind, state), "{sql}: {chain}");
        }
        session.batch(&statement("ROLLBACK"), &deadline()).await.unwrap();
        assert_eq!(value(&mut session, "1").await, "1", "an error does not end the session");
    }
}

#[tokio::test]
async fn missing_privilege_names_object_and_privilege() {
    for server in servers() {
        let mut owner = connect(server, SUPERUSER, &[]).await.unwrap();
        let sql = "CREATE SCHEMA private; CREATE TABLE private.x (); CREATE TABLE public.salaries (amount int)";
        owner.batch(&statement(sql), &deadline()).await.unwrap();
        let mut reader = connect(server, READER, &[]).await.unwrap();
        for (sql, privilege, object) in [
            ("SELECT * FROM salaries", PostgresPrivilege::Select, "salaries"),
            ("COPY salaries TO STDOUT", PostgresPrivilege::Select, "salaries"),
            ("INSERT INTO salaries VALUES (1)", PostgresPrivilege::Insert, "salaries"),
            ("SELECT * FROM private.x", PostgresPrivilege::Usage, "private"),
            ("CREATE TABLE public.y ()", PostgresPrivilege::Create, "public"),
            ("DROP TABLE salaries", PostgresPrivilege::Owner, "salaries"),
            ("CREATE DATABASE y", PostgresPrivilege::CreateDatabase, ""),
            ("CREATE ROLE y", PostgresPrivilege::CreateRole, ""),
            ("SET ROLE postgres", PostgresPrivilege::Membership, "postgres"),
        ] {
            let (kind, chain, failure) = refused(&mut reader, sql).await;
            let missing = failure.missing.unwrap_or_else(|| panic!("{sql}: {chain}"));
            assert_eq!(
                (kind, missing.privilege, missing.object.as_str()),
                (ErrorKind::Denied, privilege, object),
                "{sql}"
            );
        }
        owner.batch(&statement("DROP SCHEMA private CASCADE; DROP TABLE salaries"), &deadline()).await.unwrap();
    }
}

#[tokio::test]
async fn statement_is_cancelled_at_the_server_when_the_deadline_passes() {
    for server in servers() {
        for mode in ["disable", "verify-full"] {
            let authority = server.certificates.authority.to_str().unwrap();
            let tls = [("sslmode", mode), ("sslrootcert", authority)];
            let mut session = connect(server, SUPERUSER, &tls).await.unwrap();
            assert_eq!(session.is_encrypted(), mode != "disable");
            let error = session.query(&statement("SELECT pg_sleep(600)"), &[], &short()).await.unwrap_err();
            assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Timeout, false), "{}", error.chain());
            assert_eq!(error.chain(), "cannot run the statement: timed out after 0.3 s");
            // The session has no statement any more and can be used.
            assert_eq!(value(&mut session, "pg_backend_pid() > 0").await, "true");

            let cancel = CancellationToken::new();
            let limit = Deadline::within(Duration::from_secs(60), cancel.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(200)).await;
                cancel.cancel();
            });
            let error = session.query(&statement("SELECT pg_sleep(600)"), &[], &limit).await.unwrap_err();
            assert_eq!(error.cause::<Interruption>(), Some(&Interruption::Cancelled), "{}", error.chain());
            assert_eq!(value(&mut session, "1").await, "1");
        }
    }
}

#[tokio::test]
async fn expired_deadline_sends_nothing() {
    for (_, mut session) in sessions().await {
        let expired = Deadline::within(Duration::ZERO, CancellationToken::new());
        let error = session.batch(&statement("CREATE TEMP TABLE x ()"), &expired).await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Timeout, false));
        assert_eq!(value(&mut session, "to_regclass('pg_temp.x')").await, "");
    }
}

#[tokio::test]
async fn dropped_statement_ends_with_its_session() {
    for server in servers() {
        let mut observer = connect(server, SUPERUSER, &[]).await.unwrap();
        let mut session = connect(server, SUPERUSER, &[("sslmode", "require")]).await.unwrap();
        let pid = value(&mut session, "pg_backend_pid()").await;
        let (sleep, limit) = (statement("SELECT pg_sleep(600)"), deadline());
        let dropped = tokio::time::timeout(Duration::from_millis(300), session.query(&sleep, &[], &limit)).await;
        assert!(dropped.is_err());
        eventually(&mut observer, &format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"), "0").await;
        assert!(session.is_closed());
        let error = session.batch(&statement("SELECT 1"), &deadline()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{}", error.chain());
    }
}

#[tokio::test]
async fn work_of_a_session_can_run_in_a_task() {
    for (_, mut session) in sessions().await {
        let task = tokio::spawn(async move {
            let (out, limit) = (statement("COPY (SELECT 1) TO STDOUT"), deadline());
            let mut rows = session.copy_out(&out, &limit).await.unwrap();
            let mut bytes = 0;
            while let Some(row) = rows.next().await.unwrap() {
                bytes += row.len();
            }
            drop(rows);
            session.execute(&statement("SELECT $1::int4"), &[&1_i32], &limit).await.unwrap();
            bytes
        });
        assert_eq!(task.await.unwrap(), 2);
    }
}

#[tokio::test]
async fn phase_and_table_are_visible() {
    for (_, mut session) in sessions().await {
        session.set_phase("copy", Some("public.customers"), &deadline()).await.unwrap();
        let name = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        assert_eq!(value(&mut session, name).await, "eod: copy public.customers");
    }
}

#[tokio::test]
async fn lock_of_a_name_excludes_other_sessions_until_its_session_ends() {
    for server in servers() {
        let mut first = connect(server, SUPERUSER, &[]).await.unwrap();
        let mut second = connect(server, super::ADMIN, &[]).await.unwrap();
        let limit = deadline();
        first.lock("golden", &limit).await.unwrap();
        assert!(!second.try_lock("golden", &limit).await.unwrap());
        assert!(second.try_lock("other", &limit).await.unwrap());
        let error = second.lock("golden", &short()).await.unwrap_err();
        assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Timeout, "cannot lock golden"));
        assert!(first.unlock("golden", &limit).await.unwrap());
        assert!(!first.unlock("golden", &limit).await.unwrap());

        first.lock("golden", &limit).await.unwrap();
        first.close(&limit).await.unwrap();
        second.lock("golden", &limit).await.unwrap();
    }
}
