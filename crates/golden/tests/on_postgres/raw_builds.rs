//! Builds from a raw copy on the preview server.

use std::{collections::BTreeSet, sync::Arc};

use eod_clients::{ErrorKind, postgres::PostgresSession};
use eod_testkit::postgres::{READER, SUPERUSER};

use super::{
    Shop, client, deadline, definitions, differences, disarm_list::DISARMED, key, policy, run, shop, shops, values,
};
use crate::{
    BuildError, BuildReport, BuildRequest, BuildSettings, GoldenName, GoldenServer, GoldenState, RawCopyBuild,
};

/// Roles with REPLICATION belong to the whole server, so that the tests with and without one exclude each other.
static ROLES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn build(shop: &Shop, name: &GoldenName, text: &str, drop_raw: bool) -> Result<BuildReport, BuildError> {
    let (server, policy, key) = (client(shop.server, shop.role, "postgres"), policy(text), key());
    let request = BuildRequest {
        server: &server,
        installation: "raw",
        name,
        policy: &policy,
        policy_text: text.as_bytes(),
        key: &key,
        settings: BuildSettings::default(),
        progress: Arc::new(()),
    };
    let allowed = BTreeSet::from([SUPERUSER.to_owned()]);
    let build = RawCopyBuild { request, database: &shop.source, drop_raw, allowed };
    build.run(&deadline()).await
}

async fn superuser(shop: &Shop, database: &str) -> PostgresSession {
    client(shop.server, SUPERUSER, database).connect(&deadline()).await.unwrap()
}

/// Objects that a golden database does not have. Only a superuser creates and removes them.
const FOREIGN: &str = "\
CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'shop', password 'canary password');
CREATE FOREIGN TABLE app.far (id int) SERVER far; CREATE VIEW app.far_view AS TABLE app.far;
CREATE FUNCTION app.event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.event()";

/// Completes the raw copy.
async fn prepare(shop: &Shop) {
    let mut raw = shop.inside(&shop.source).await;
    run(&mut raw, &format!("GRANT CONNECT ON DATABASE {} TO {READER}", shop.source)).await;
    run(&mut raw, &format!("ALTER DATABASE {} SET work_mem = '7MB'", shop.source)).await;
    run(&mut raw, &format!("SET ROLE {}; SELECT lo_from_bytea(4712, 'canary'); RESET ROLE", shop.owner)).await;
    if shop.role == SUPERUSER {
        run(&mut raw, FOREIGN).await;
    }
    // A database in use is refused, and closed nevertheless.
    let name = GoldenName::new(&format!("used_{}", shop.source)).unwrap();
    let error = build(shop, &name, shop::POLICY, false).await.unwrap_err();
    assert!(matches!(error, BuildError::RawInUse { .. }), "{}: {error:?}", shop.described());
    let reader = client(shop.server, READER, &shop.source).connect(&deadline()).await;
    assert!(reader.is_err(), "{}", shop.described());
    raw.close(&deadline()).await.unwrap();
}

/// Refusals of a role that is not a superuser: rows that row level security hides also from their owner, and objects that
/// it cannot remove. Nothing is left.
async fn refused_without_superuser(shop: &Shop, name: &GoldenName) {
    let described = shop.described();
    let error = build(shop, name, shop::POLICY, false).await.unwrap_err();
    assert!(matches!(&error, BuildError::Privileges(_)), "{described}: {error:?}");
    assert!(error.to_string().contains("ALTER ROLE \"eod_admin\" BYPASSRLS"), "{described}: {error}");
    let mut raw = client(shop.server, shop.role, &shop.source).connect(&deadline()).await.unwrap();
    run(&mut raw, "ALTER TABLE app.customers NO FORCE ROW LEVEL SECURITY").await;
    raw.close(&deadline()).await.unwrap();

    let mut raw = shop.inside(&shop.source).await;
    run(&mut raw, "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw").await;
    raw.close(&deadline()).await.unwrap();
    let error = build(shop, name, shop::POLICY, false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{described}: {error:?}");
    let state = server(shop).await.look(&name.next(), &deadline()).await.unwrap();
    assert_eq!(state, GoldenState::Absent, "{described}");
    let mut raw = shop.inside(&shop.source).await;
    run(&mut raw, "DROP EXTENSION postgres_fdw CASCADE").await;
    raw.close(&deadline()).await.unwrap();
}

async fn server(shop: &Shop) -> GoldenServer {
    let maintenance = client(shop.server, shop.role, "postgres");
    GoldenServer::connect(&maintenance, "raw", &deadline()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_copy_becomes_a_golden_database_with_all_its_definitions() {
    let _alone = ROLES.lock().await;
    for shop in shops().await {
        let described = shop.described();
        let name = GoldenName::new(&format!("raw_{}", shop.source)).unwrap();
        prepare(&shop).await;
        if shop.role != SUPERUSER {
            refused_without_superuser(&shop, &name).await;
        }
        let mut raw = shop.inside(&shop.source).await;
        let before = definitions(&mut raw).await;
        raw.close(&deadline()).await.unwrap();

        let report = build(&shop, &name, shop::POLICY, false).await;
        let report = report.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        assert!(report.values > 400, "{described}: {}", report.values);
        assert_eq!(report.files, shop.role == SUPERUSER, "{described}");
        let state = server(&shop).await.look(&name.next(), &deadline()).await.unwrap();
        assert_eq!(state, GoldenState::Finished(report.facts.clone()), "{described}");

        let mut session = superuser(&shop, "postgres").await;
        let copy = format!("copy_of_{name}");
        run(&mut session, &format!("CREATE DATABASE {copy} TEMPLATE {} STRATEGY FILE_COPY", name.next())).await;
        let mut inside = superuser(&shop, &copy).await;
        let after = definitions(&mut inside).await;
        let is_documented =
            |line: &String| ["app.far", ",far_view,", "app.event()"].iter().any(|word| line.contains(word));
        let others: Vec<_> = differences(&before, &after).into_iter().filter(|line| !is_documented(line)).collect();
        assert_eq!(others, [""; 0], "{described}");
        for sql in [
            "SELECT 1 FROM app.customers c WHERE c::text ILIKE '%canary%'",
            "SELECT 1 FROM app.orders c WHERE c::text ILIKE '%canary%'",
            "SELECT 1 FROM pg_stats WHERE concat(most_common_vals, histogram_bounds, most_common_elems) ILIKE '%canary%'",
        ] {
            assert_eq!(values(&mut inside, sql).await, [""; 0], "{described}: {sql}");
        }
        for (line, sql) in DISARMED {
            let found = values(&mut inside, &sql.replace("DATABASE", name.next().as_str())).await;
            assert_eq!(found, [""; 0], "{described}: {line}");
        }
        inside.close(&deadline()).await.unwrap();
        no_value_is_in_the_files(&shop, &mut session, name.next().as_str()).await;
        run(&mut session, &format!("DROP DATABASE {copy}")).await;

        build(&shop, &name, shop::POLICY, true).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        let there = format!("SELECT 1 FROM pg_database WHERE datname = '{}'", shop.source);
        assert_eq!(values(&mut session, &there).await, [""; 0], "{described}");
        let error = build(&shop, &name, shop::POLICY, true).await.unwrap_err();
        assert!(matches!(error, BuildError::NoRawCopy(_)), "{described}: {error:?}");
    }
}

/// After a checkpoint no file of the database has a value of the source.
async fn no_value_is_in_the_files(shop: &Shop, session: &mut PostgresSession, database: &str) {
    run(session, "CHECKPOINT").await;
    let oid = values(session, &format!("SELECT oid FROM pg_database WHERE datname = '{database}'")).await;
    let folder = shop.server.data_folder().join("base").join(oid[0].trim_matches(['(', ')']));
    // The catalogue of collations names the Canary Islands.
    let values = ["canary1", "canary2", "canary@", "canary berger", "canary street", "canary canary"];
    let search = aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(values).unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!search.is_match(&bytes), "{}: {}", shop.described(), path.display());
        files += 1;
    }
    assert!(files > 100, "{files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_raw_pages_and_masked_copies_are_refused() {
    let _alone = ROLES.lock().await;
    let shop = shops().await.swap_remove(0);
    let name = GoldenName::new(&format!("page_{}", shop.source)).unwrap();
    let mut session = superuser(&shop, "postgres").await;
    let role = format!("copies_{}", shop.source);
    run(&mut session, &format!("CREATE ROLE {role} LOGIN REPLICATION")).await;
    let error = build(&shop, &name, shop::POLICY, false).await.unwrap_err();
    assert!(matches!(&error, BuildError::PageReaders(names) if names.contains(&role)), "{error:?}");
    assert!(error.to_string().contains("allow each by its name"), "{error}");
    run(&mut session, &format!("DROP ROLE {role}")).await;
    let mut raw = shop.inside(&shop.source).await;
    run(&mut raw, "CREATE SCHEMA eod; CREATE TABLE eod.manifest (document jsonb)").await;
    run(&mut raw, "INSERT INTO eod.manifest VALUES ('{}')").await;
    raw.close(&deadline()).await.unwrap();
    let error = build(&shop, &name, shop::POLICY, false).await.unwrap_err();
    assert!(matches!(error, BuildError::MaskedSource), "{error:?}");
    let mut goldens = server(&shop).await;
    assert_eq!(goldens.look(&name.next(), &deadline()).await.unwrap(), GoldenState::Absent);
}
