//! Result of a build: masked, whole, closed and published.

use eod_clients::postgres::PostgresSession;
use eod_testkit::postgres::{ADMIN, PASSWORD, READER, SUPERUSER, servers};

use super::{Build, LEAKED, MARKER, all, source_server};
use crate::{
    BuildStep, GoldenCheck, GoldenState, VersionStage,
    tests::on_postgres::{client, deadline, run, values},
};

#[tokio::test(flavor = "multi_thread")]
async fn source_is_built_verified_published_and_cloned() {
    for build in all().await {
        let label = build.label();
        let (server, source) = (build.server(), build.source());
        let estimate = build.described(&server, &source).estimate(&deadline()).await.unwrap();
        assert_eq!(build.goldens().await.look(&build.name.next(), &deadline()).await.unwrap(), GoldenState::Absent);
        let report = build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
        assert_eq!(estimate.tables.len(), report.tables.len(), "{label}");
        assert!(estimate.bytes > 1 << 18 && estimate.tools_version == Some(15), "{label}: {estimate:?}");
        the_report_has_everything_and_no_value(&build, &report);

        // Finished, closed for all roles, and not published.
        for role in [build.role, SUPERUSER, READER] {
            let next = client(build.preview, role, build.name.next().as_str());
            assert!(next.connect(&deadline()).await.is_err(), "{label}: {role}");
        }
        let mut goldens = build.goldens().await;
        assert_eq!(goldens.look(&build.name, &deadline()).await.unwrap(), GoldenState::Absent, "{label}");
        let listed = goldens.list(&deadline()).await.unwrap();
        assert_eq!(listed.len(), 1, "{label}: {listed:?}");
        assert_eq!((listed[0].state, listed[0].is_closed), (VersionStage::Built, true), "{label}");
        let published = build.publish(1).await;
        assert_eq!((published.kept_as, published.removed.len()), (None, 0), "{label}");
        let listed = goldens.list(&deadline()).await.unwrap();
        assert_eq!((listed[0].state, listed[0].database.as_str()), (VersionStage::Published, build.name.as_str()));
        assert_eq!(listed[0].facts.as_ref(), Some(&published.published), "{label}");
        assert!(listed[0].bytes.unwrap() > 1 << 20 && !listed[0].is_over, "{label}");

        let clone = build.clone_as(&format!("clone_of_{}", build.name)).await;
        let mut session = clone.connect(&deadline()).await.unwrap();
        let mut original = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
        no_value_is_left(&build, &mut session).await;
        joins_have_as_many_rows_as_before(&build, &mut original, &mut session).await;
        privileges_are_those_of_the_policy(&build, &mut session).await;
    }
}

fn the_report_has_everything_and_no_value(build: &Build, report: &crate::BuildReport) {
    let label = build.label();
    assert_eq!((report.attempts, report.sequences, report.views, report.large_objects), (1, 3, 3, 0), "{label}");
    assert!(report.values > 400, "{label}: {}", report.values);
    let customers = report.tables.iter().find(|table| table.name.to_string() == "app.customers").unwrap();
    assert_eq!((customers.rows, customers.digest.len()), (201, 64), "{label}");
    assert!(customers.masked > 25, "{label}: {customers:?}");
    assert_eq!(report.facts.tables, u64::try_from(report.tables.len()).unwrap(), "{label}");
    // Only a superuser makes a checkpoint and sees the data folder. The kit runs as root or as the owner of the files.
    let is_superuser = build.role == SUPERUSER;
    assert_eq!((report.checkpoint, report.files), (is_superuser, is_superuser), "{label}");
    for removed in ["server production", "foreign table app.remote", "view app.remote_again", "event trigger watch"] {
        assert!(report.removed.iter().any(|name| name == removed), "{label}: {removed}: {:?}", report.removed);
    }
    let subscription = report.removed.iter().any(|name| name == "subscription production");
    assert!(subscription, "{label}: {:?}", report.removed);
    assert!(report.privileges_left_out.iter().any(|sql| sql.ends_with("TO build_other")), "{report:?}");
    let app = report.privileges.iter().find(|role| role.role == "build_app").unwrap();
    assert!(!app.can_login && app.privileges.contains(&"INSERT on 1 relations".to_owned()), "{label}: {app:?}");
    let text = format!("{} {report:?}", serde_json::to_string(report).unwrap()).to_lowercase();
    assert!(!text.contains(MARKER) && !text.contains(&PASSWORD.to_lowercase()), "{label}: {text}");

    let steps = build.progress.steps.lock().unwrap().clone();
    let mut sorted = steps.clone();
    sorted.sort();
    assert_eq!(steps, sorted, "{label}");
    assert!(steps.contains(&BuildStep::Load) && steps.last() == Some(&BuildStep::Finish), "{label}: {steps:?}");
    let masked: u64 = report.tables.iter().map(|table| table.rows).sum();
    assert_eq!((*build.progress.rows.lock().unwrap(), report.facts.rows), (masked, masked), "{label}");
    assert_eq!(build.progress.done.lock().unwrap().len(), report.tables.len(), "{label}");
    let tables = report.tables.len();
    assert_eq!(*build.progress.loads.lock().unwrap(), [tables, tables], "{label}: load and verification");
}

async fn no_value_is_left(build: &Build, session: &mut PostgresSession) {
    let label = build.label();
    let tables = "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'm') AND relispopulated \
                  AND relnamespace::regnamespace::text IN ('app', '\"Audit Log\"')";
    let tables = values(session, tables).await;
    assert!(tables.len() > 10, "{label}");
    for table in tables {
        let table = table.trim_matches(['(', ')']).replace("\\\"", "\"");
        let table =
            table.strip_prefix('"').map_or(table.clone(), |text| text.trim_end_matches('"').replace("\"\"", "\""));
        let sql = format!("SELECT 1 FROM ONLY {table} x WHERE x::text ILIKE '%{MARKER}%'");
        assert_eq!(values(session, &sql).await, [""; 0], "{label}: {table}");
    }
    for sql in [
        "SELECT 1 FROM pg_stats WHERE concat(most_common_vals, histogram_bounds, most_common_elems) ILIKE '%wombat%'",
        "SELECT 1 FROM pg_stats_ext WHERE most_common_vals::text ILIKE '%wombat%'",
        "SELECT 1 FROM pg_largeobject_metadata",
        "SELECT 1 FROM pg_foreign_server",
        "SELECT 1 FROM pg_user_mapping",
        "SELECT 1 FROM pg_event_trigger",
        "SELECT 1 FROM pg_subscription",
        "SELECT 1 FROM pg_extension WHERE extname = 'postgres_fdw'",
    ] {
        assert_eq!(values(session, sql).await, [""; 0], "{label}: {sql}");
    }
    let roles = "SELECT rolname FROM pg_authid WHERE rolname IN ('build_app', 'build_other') \
                 AND (rolcanlogin OR rolpassword IS NOT NULL)";
    assert_eq!(values(session, roles).await, [""; 0], "{label}");
    // Statistics are new and complete.
    assert_ne!(values(session, "SELECT 1 FROM pg_stats WHERE tablename = 'customers'").await, [""; 0], "{label}");
    assert_eq!(values(session, "SELECT count(*) FROM app.rooms").await, ["(500)"], "{label}");
}

async fn joins_have_as_many_rows_as_before(build: &Build, original: &mut PostgresSession, copy: &mut PostgresSession) {
    for sql in [
        "SELECT count(*) FROM app.orders o JOIN app.customers c ON o.customer_email = c.email::text",
        "SELECT count(*) FROM app.orders o JOIN app.customers c ON o.code = c.code",
        "SELECT last_value, is_called FROM app.customers_id_seq",
        "SELECT * FROM app.seen_by_owner",
    ] {
        assert_eq!(values(original, sql).await, values(copy, sql).await, "{}: {sql}", build.label());
    }
}

async fn privileges_are_those_of_the_policy(build: &Build, session: &mut PostgresSession) {
    let granted = "SELECT has_table_privilege('build_app', 'app.orders', 'INSERT'), \
                   has_column_privilege('build_app', 'app.customers', 'id', 'SELECT'), \
                   has_table_privilege('build_app', 'app.customers', 'SELECT'), \
                   has_table_privilege('public', 'app.events', 'SELECT')";
    assert_eq!(values(session, granted).await, ["(t,t,f,t)"], "{}", build.label());
    run(session, &format!("SET ROLE {}; CREATE TABLE app.later (id int); RESET ROLE", build.name.objects_role())).await;
    let later = "SELECT has_table_privilege('build_app', 'app.later', 'SELECT')";
    assert_eq!(values(session, later).await, ["(t)"], "{}", build.label());
    run(session, "DROP TABLE app.later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_database_is_verified_in_a_copy() {
    let build = Build::create_with(servers().last().unwrap(), ADMIN, LEAKED).await;
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    let (server, source) = (build.server(), build.source());
    let progress = std::sync::Arc::new(super::Recorder::default());
    let check = |built, source| GoldenCheck {
        server: &server,
        installation: &build.installation,
        name: &build.name,
        built,
        source,
        policy: &build.policy,
        policy_text: build.policy_text.as_bytes(),
        workers: 2,
        progress: progress.clone(),
    };
    let error = check(false, None).run(&deadline()).await.unwrap_err();
    assert!(error.to_string().contains("there is no finished golden database"), "{error}");
    let report = check(true, None).run(&deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    assert_eq!((report.findings.len(), report.values, report.same_policy), (0, 0, true), "{report:?}");
    let steps = progress.steps.lock().unwrap().clone();
    // The first step is that of the refused verification.
    assert_eq!(steps, [BuildStep::Check, BuildStep::Check, BuildStep::Copy, BuildStep::Verify]);
    assert_eq!(*progress.rows.lock().unwrap(), report.rows);
    assert_eq!(progress.done.lock().unwrap().len(), report.tables);
    build.publish(0).await;
    let report = check(false, Some(&source)).run(&deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    assert_eq!(report.findings, [""; 0]);
    assert!(report.values > 400 && report.rows > 1000, "{report:?}");
    assert_eq!(report.database, build.name.as_str());
    // The copy is gone, and the golden database is still closed.
    let listed = build.goldens().await.list(&deadline()).await.unwrap();
    assert_eq!((listed.len(), listed[0].is_closed), (1, true), "{listed:?}");

    // A changed row, and a value of the source, are found.
    let mut session = client(build.preview, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    run(&mut session, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", build.name)).await;
    let mut inside = client(build.preview, SUPERUSER, build.name.as_str()).connect(&deadline()).await.unwrap();
    run(&mut inside, "UPDATE app.documents SET body = 'ocelot7@shop.example'").await;
    run(&mut inside, "DELETE FROM app.events WHERE id = 1").await;
    inside.close(&deadline()).await.unwrap();
    run(&mut session, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", build.name)).await;
    let report = check(false, Some(&source)).run(&deadline()).await.unwrap();
    let text = report.findings.join("\n");
    assert!(text.contains("table app.documents has other rows than its manifest says"), "{text}");
    assert!(text.contains("table app.events_2024 has 365 rows, expected 366"), "{text}");
    assert!(text.contains("column app.documents.body has values of column app."), "{text}");
    assert!(!text.contains(LEAKED), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_are_copied_if_the_policy_keeps_them() {
    let mut build = Build::create_with(servers().last().unwrap(), ADMIN, LEAKED).await;
    // The reader of the source has no privilege on large objects.
    build.reader = SUPERUSER;
    let text = build.policy_text.replace("domains:\n", "defaults: { large_objects: keep }\ndomains:\n");
    let build = build.with_policy(text);
    let report = build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    assert_eq!(report.large_objects, 2, "{report:?}");
    build.publish(0).await;
    let clone = build.clone_as(&format!("objects_of_{}", build.name)).await;
    let mut session = clone.connect(&deadline()).await.unwrap();
    let mut original = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    let sql = "SELECT oid, length(lo_get(oid)), md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid";
    let objects = values(&mut session, sql).await;
    assert_eq!((objects.len(), &objects), (2, &values(&mut original, sql).await));
    let owners = "SELECT DISTINCT lomowner::regrole FROM pg_largeobject_metadata";
    assert_eq!(values(&mut session, owners).await, [format!("({})", build.name.objects_role())]);
}
