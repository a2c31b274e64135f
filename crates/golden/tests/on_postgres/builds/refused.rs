//! Builds that are refused or fail: one clear error, nothing left, the published version untouched.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use eod_clients::{Deadline, ErrorKind};
use eod_masking::MaskingKey;
use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, READER, SUPERUSER, servers};
use tokio_util::sync::CancellationToken;

use super::{Build, LEAKED, MARKER, some, source_server};
use crate::{
    BuildError, BuildStep, GoldenState, StructureError, ToolSearch, ToolsError,
    tests::on_postgres::{client, client_at, deadline, run, values},
};

/// Runs a build that must fail, and checks that it leaves nothing.
async fn refused(build: &Build) -> BuildError {
    let error = build.run().await.err().unwrap_or_else(|| panic!("{}: a failure", build.label()));
    left_nothing(build).await;
    let text = format!("{} {error:?}", error.chain()).to_lowercase();
    assert!([MARKER, LEAKED, &PASSWORD.to_lowercase()].iter().all(|word| !text.contains(word)), "{text}");
    error
}

async fn left_nothing(build: &Build) {
    let state = build.goldens().await.look(&build.name.next(), &deadline()).await.unwrap();
    assert_eq!(state, GoldenState::Absent, "{}: {:?}", build.label(), build.progress.notes.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_do_not_fit_are_refused_before_anything_is_written() {
    for mut build in some().await {
        let label = build.label();
        // A role without privileges gets the statements that help.
        build.reader = READER;
        let error = refused(&build).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{label}");
        let text = error.to_string();
        assert!(text.contains("GRANT USAGE ON SCHEMA \"app\" TO \"eod_reader\";"), "{label}: {text}");
        assert!(text.contains("GRANT SELECT ON TABLE \"app\".\"orders\" TO \"eod_reader\";"), "{label}: {text}");
        build.reader = SUPERUSER;

        let whole = build.policy_text.clone();
        let mut build = build.with_policy(whole.replace("    note: { kind: text }\n", ""));
        let error = refused(&build).await;
        assert!(matches!(error, BuildError::Policy(_)), "{label}: {error:?}");
        assert!(error.to_string().contains("column app.orders.note of type"), "{label}: {error}");

        build = build.with_policy(whole.replace("roles: [build_app]", "roles: []"));
        let error = refused(&build).await;
        assert!(matches!(&error, BuildError::PolicyRoles(roles) if roles == &["build_app"]), "{label}: {error:?}");
        build = build.with_policy(whole);

        let (server, source) = (build.server(), build.source());
        let mut described = build.described(&server, &source);
        described.tools = ToolSearch { folder: Some("/nonexistent".into()), path: None };
        let error = described.run(&deadline()).await.unwrap_err();
        assert!(error.to_string().contains("found none"), "{label}: {error}");
        left_nothing(&build).await;
        assert!(build.progress.steps.lock().unwrap().iter().all(|step| *step == BuildStep::Check), "{label}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_on_the_preview_server_and_masked_sources_are_refused() {
    let build = Build::create(&servers()[0], SUPERUSER).await;
    let server = build.server();
    let mut described = build.described(&server, &server);
    described.request.settings.attempts = 1;
    let error = described.run(&deadline()).await.unwrap_err();
    assert!(matches!(error, BuildError::SameServer), "{error:?}");
    let mut session = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    run(
        &mut session,
        "ALTER EVENT TRIGGER watch DISABLE; CREATE SCHEMA eod; CREATE TABLE eod.manifest (document jsonb)",
    )
    .await;
    let error = refused(&build).await;
    assert!(matches!(error, BuildError::MaskedSource), "{error:?}");
    run(&mut session, "DROP SCHEMA eod CASCADE; CREATE TABLE app.lost (id int, r app.remote)").await;
    let error = refused(&build).await;
    assert!(error.to_string().contains("table app.lost depend on a foreign server"), "{error}");
}

/// A second server of the newest version, for sources.
fn newest_source_server() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::start(&servers().last().unwrap().programs).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn source_that_is_newer_than_the_tools_or_the_preview_server_is_refused() {
    let (oldest, newest) = (&servers()[0], servers().last().unwrap());
    if oldest.version == newest.version {
        eprintln!("WARNING: SOURCES OF A NEWER VERSION ARE NOT TESTED, because all servers have one version");
        return;
    }
    // The programs of the oldest version are named. Those of a newer one may be installed as well.
    let build = Build::create_on(newest_source_server(), newest, SUPERUSER, MARKER).await;
    let error = refused(&build).await;
    let BuildError::Structure(StructureError::Tools(ToolsError::Missing { least, most, found })) = &error else {
        panic!("{error:?}");
    };
    assert_eq!((*least, *most, found.as_slice()), (newest.version, newest.version, &[oldest.version][..]));
    let text = error.to_string();
    assert!(text.contains(&format!("install package postgresql-client-{}", newest.version)), "{text}");

    let build = Build::create_on(newest_source_server(), oldest, SUPERUSER, MARKER).await;
    let error = refused(&build).await;
    let expected = format!(
        "the preview server must be PostgreSQL {} or newer, because it must not be older than the source; got {}",
        newest.version, oldest.version
    );
    assert_eq!(error.to_string(), expected);
    assert!(build.progress.steps.lock().unwrap().iter().all(|step| *step == BuildStep::Check));
}

#[tokio::test(flavor = "multi_thread")]
async fn source_that_cannot_be_reached_and_policies_without_their_columns_are_refused() {
    let build = Build::create(servers().last().unwrap(), ADMIN).await;
    let (server, nowhere) = (build.server(), client_at(1, SUPERUSER, &build.source, "eod"));
    let error = build.described(&server, &nowhere).run(&deadline()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.chain().contains(&format!("cannot connect to database `{}`", build.source)), "{}", error.chain());
    left_nothing(&build).await;

    let whole = build.policy_text.clone();
    let build =
        build.with_policy(whole.replace("    note: { kind: text }\n", "    note: { kind: text }\n    gone: keep\n"));
    let error = refused(&build).await;
    let BuildError::Policy(rules) = &error else { panic!("{error:?}") };
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(rule.to_string().contains("table app.orders has no column `gone`"), "{rule}");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_key_and_names_of_others_are_refused() {
    for mut build in some().await {
        let label = build.label();
        build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
        let published = build.publish(1).await;
        build.key = MaskingKey::from_secret(b"fedcba9876543210fedcba9876543210").unwrap();
        let error = refused(&build).await;
        assert!(matches!(error, BuildError::OtherKey { .. }), "{label}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(&published.published.key_check) && !text.contains("fedcba98"), "{label}: {text}");
        build.settings.allow_other_key = true;
        build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
        // The published version is the former one until the new one is published.
        let state = build.goldens().await.look(&build.name, &deadline()).await.unwrap();
        assert_eq!(state, GoldenState::Finished(published.published.clone()), "{label}");
        let second = build.publish(1).await;
        assert_ne!(second.published.key_check, published.published.key_check, "{label}");
        assert_eq!(second.kept_as, Some(format!("{}_{}", build.name, published.published.version())), "{label}");

        let mut session = client(build.preview, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
        build.installation.push_str("-other");
        let error = build.run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{label}");
        assert!(error.to_string().contains("does not have the comment"), "{label}: {error}");
        let there = format!("SELECT datname FROM pg_database WHERE datname ~ '^{}(_|$)' ORDER BY 1", build.name);
        assert_eq!(values(&mut session, &there).await.len(), 2, "{label}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn value_without_a_rule_removes_the_build_unless_its_column_is_accepted() {
    let mut build = Build::create_with(servers().last().unwrap(), ADMIN, LEAKED).await;
    let mut source = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    run(
        &mut source,
        "ALTER EVENT TRIGGER watch DISABLE; CREATE TABLE app.letters (id int PRIMARY KEY, address text, list jsonb); \
         INSERT INTO app.letters SELECT id, 'To: ' || upper(email), jsonb_build_array(doc) FROM app.customers WHERE id < 10",
    )
    .await;
    let text = format!("{}  app.letters: keep\n", build.policy_text);
    build = build.with_policy(text);
    let error = refused(&build).await;
    let BuildError::Findings(findings) = &error else { panic!("{error:?}") };
    let text = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("column app.letters.address has values of column app."), "{text}");
    build.settings.accepted = ["app.letters.address", "app.letters.list"].map(str::to_owned).into();
    let report = build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    assert!(!report.accepted.is_empty(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_build_leaves_nothing_at_any_step() {
    for build in some().await {
        let label = build.label();
        for step in [BuildStep::Check, BuildStep::Structure, BuildStep::Load, BuildStep::Derive, BuildStep::Verify] {
            let token = CancellationToken::new();
            let limit = Deadline::within(Duration::from_secs(120), token.clone());
            build.progress.steps.lock().unwrap().clear();
            let is_done = AtomicBool::new(false);
            let work = async {
                let done = build.run_within(&limit).await;
                is_done.store(true, Ordering::Relaxed);
                done
            };
            let watch = async {
                let begun = || build.progress.steps.lock().unwrap().contains(&step) || is_done.load(Ordering::Relaxed);
                while !begun() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                token.cancel();
            };
            let (done, ()) = tokio::join!(work, watch);
            let error = done.expect_err("a cancellation");
            assert!(error.is_cancelled(), "{label} {step}: {error:?}");
            left_nothing(&build).await;
        }
    }
}
