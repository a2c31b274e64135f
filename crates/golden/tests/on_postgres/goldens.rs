//! Creation, manifest and verification of golden databases.

use std::time::Duration;

use eod_clients::postgres::{PostgresSession, SqlStatement};
use eod_testkit::postgres::{READER, SUPERUSER};

use super::{Shop, client, deadline, key, policy, run, shop, shops, values};
use crate::{
    GoldenError, GoldenManifest, GoldenName, GoldenServer, GoldenState, ManifestFacts, MaskedCopy, VerifyFinding,
    verify_copy,
};

const INSTALLATION: &str = "acme";

async fn server(shop: &Shop) -> GoldenServer {
    let maintenance = client(shop.server, shop.role, "postgres");
    GoldenServer::connect(&maintenance, INSTALLATION, &deadline()).await.unwrap()
}

/// True if the role can connect to the database.
async fn enters(shop: &Shop, role: &str, name: &GoldenName) -> bool {
    client(shop.server, role, name.as_str()).connect(&deadline()).await.is_ok()
}

async fn superuser(shop: &Shop) -> PostgresSession {
    client(shop.server, SUPERUSER, "postgres").connect(&deadline()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_has_its_comment_and_no_connections_from_creation_to_removal() {
    for shop in shops().await {
        let described = shop.described();
        let name = GoldenName::new(&format!("born_{}", shop.source)).unwrap();
        let mut goldens = server(&shop).await;
        assert_eq!(goldens.look(&name, &deadline()).await.unwrap(), GoldenState::Absent, "{described}");
        goldens.begin(&name, "template0", &deadline()).await.unwrap();
        assert_eq!(goldens.look(&name, &deadline()).await.unwrap(), GoldenState::Unfinished, "{described}");
        assert!(!enters(&shop, READER, &name).await, "{described}");
        assert!(enters(&shop, shop.role, &name).await, "{described}");

        // A second build is refused while the first one has the lock.
        let mut second = server(&shop).await;
        let error = second.begin(&name, "template0", &deadline()).await.unwrap_err();
        assert!(matches!(error, GoldenError::Busy(_)), "{described}: {error}");
        // The lock of a killed build is free, and the next one begins again.
        let mut inside = client(shop.server, shop.role, name.as_str()).connect(&deadline()).await.unwrap();
        run(&mut inside, "CREATE SCHEMA left_over").await;
        drop((goldens, inside));
        let mut goldens = second;
        let mut begun = goldens.begin(&name, "template0", &deadline()).await;
        for _ in 0..100 {
            if !matches!(begun, Err(GoldenError::Busy(_))) {
                break;
            }
            // The server ends the session of the first build.
            tokio::time::sleep(Duration::from_millis(50)).await;
            begun = goldens.begin(&name, "template0", &deadline()).await;
        }
        begun.unwrap();
        let mut inside = client(shop.server, shop.role, name.as_str()).connect(&deadline()).await.unwrap();
        assert_eq!(values(&mut inside, "SELECT 1 FROM pg_namespace WHERE nspname = 'left_over'").await, [""; 0]);
        inside.close(&deadline()).await.unwrap();

        goldens.finish(&name, "0123456789abcdef", &deadline()).await.unwrap();
        let finished = GoldenState::Finished { manifest: "0123456789abcdef".to_owned() };
        assert_eq!(goldens.look(&name, &deadline()).await.unwrap(), finished, "{described}");
        assert!(!enters(&shop, shop.role, &name).await && !enters(&shop, SUPERUSER, &name).await, "{described}");
        let error = goldens.begin(&name, "template0", &deadline()).await.unwrap_err();
        assert!(matches!(error, GoldenError::Exists(_)), "{described}: {error}");
        for _ in 0..2 {
            goldens.destroy(&name, &deadline()).await.unwrap();
            assert_eq!(goldens.look(&name, &deadline()).await.unwrap(), GoldenState::Absent, "{described}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_others_are_neither_used_nor_removed() {
    let shop = shops().await.pop().unwrap();
    let mut goldens = server(&shop).await;
    let database = GoldenName::new(&shop.source).unwrap();
    let role = GoldenName::new(&format!("role_{}", shop.source)).unwrap();
    let mut session = superuser(&shop).await;
    run(&mut session, &format!("CREATE ROLE {}; COMMENT ON ROLE {0} IS 'eod golden 1 other'", role.owner())).await;
    for (name, expected) in [(&database, "does not exist"), (&role, "does not have the comment")] {
        let error = goldens.begin(name, "template0", &deadline()).await.unwrap_err();
        assert!(matches!(error, GoldenError::Foreign { .. }) && error.to_string().contains(expected), "{error}");
        let error = goldens.destroy(name, &deadline()).await.unwrap_err();
        assert!(matches!(error, GoldenError::Foreign { .. }), "{error}");
    }
    let there = format!("SELECT datname FROM pg_database WHERE datname = '{database}'");
    assert_eq!(values(&mut session, &there).await, [format!("({database})")]);
    run(&mut session, &format!("DROP ROLE {}", role.owner())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verified_copy_has_a_manifest_and_a_copy_without_a_rule_is_found() {
    for shop in shops().await {
        let name = shop.described();
        // A denormalised copy without a rule.
        let mut source = shop.inside(&shop.source).await;
        run(&mut source, "CREATE TABLE app.letters (id int PRIMARY KEY, address text)").await;
        run(&mut source, &format!("ALTER TABLE app.letters OWNER TO {}", shop.owner)).await;
        let rows = "INSERT INTO app.letters SELECT id, 'To: ' || upper(email) FROM app.customers WHERE id < 10";
        run(&mut source, rows).await;
        let mut target = shop.inside(&shop.target).await;
        run(&mut target, "CREATE TABLE app.letters (id int PRIMARY KEY, address text)").await;
        run(&mut target, &format!("ALTER TABLE app.letters OWNER TO {}", shop.owner)).await;

        for (rule, is_found) in [("keep", true), ("{ kind: text }", false)] {
            let text = format!("{}  app.letters: {{ address: {rule} }}\n", shop::POLICY);
            let (policy, key) = (policy(&text), key());
            let (source, target) = (shop.source(), shop.target());
            let copy = MaskedCopy { source: &source, target: &target, policy: &policy, key: &key, workers: 2 };
            let report = copy.run(&deadline()).await.unwrap();
            let verified = verify_copy(&source, &target, &policy, &deadline()).await.unwrap();
            assert!(verified.values > 400, "{name}: {}", verified.values);
            let findings: Vec<_> = verified.findings.iter().map(ToString::to_string).collect();
            if is_found {
                let [VerifyFinding::Value { found_in, of, rows: 9 }] = verified.findings.as_slice() else {
                    panic!("{name}: {findings:?}");
                };
                assert_eq!(found_in.to_string(), "app.letters.address");
                assert!(
                    ["app.customers.email", "app.orders.customer_email"].contains(&of.to_string().as_str()),
                    "{of}"
                );
                assert!(!findings.concat().to_lowercase().contains("canary"));
                continue;
            }
            assert_eq!(findings, [""; 0], "{name}");
            let mut session = target.connect(&deadline()).await.unwrap();
            assert_eq!(GoldenManifest::read(&mut session, &deadline()).await.unwrap(), None, "{name}");
            let taken_at = "2026-11-28T12:00:00Z".parse().unwrap();
            let facts = ManifestFacts::new(text.as_bytes(), &key, "replica of shop", taken_at);
            let manifest = GoldenManifest::new(&report, &verified, &facts, session.server_version());
            // The owner of the database is the role that made it.
            manifest.store(&mut session, shop.role, &deadline()).await.unwrap();
            assert_eq!(
                GoldenManifest::read(&mut session, &deadline()).await.unwrap(),
                Some(manifest.clone()),
                "{name}"
            );
            assert_eq!((manifest.digest().len(), manifest.key_check.len()), (16, 16));
            assert_eq!(manifest.tables.len(), report.tables.len());
            assert!(manifest.tables.iter().all(|table| table.digest.len() == 64 && table.rules.len() == 64));
            assert!(!serde_json::to_string(&manifest).unwrap().to_lowercase().contains("canary"));
            let mut other = client(shop.server, READER, &shop.target).connect(&deadline()).await.unwrap();
            let read = SqlStatement::new("read", "the manifest", "SELECT document FROM eod.manifest");
            assert!(other.query(&read, &[], &deadline()).await.is_err(), "{name}");
            // A second verification sees the same rows, and a changed row changes the digest of its table only.
            let again = verify_copy(&source, &target, &policy, &deadline()).await.unwrap();
            assert_eq!(again, verified, "{name}");
            let mut changed = shop.inside(&shop.target).await;
            run(
                &mut changed,
                "UPDATE app.letters SET address = 'x' WHERE id = 1; DELETE FROM app.letters WHERE id = 2",
            )
            .await;
            let again = verify_copy(&source, &target, &policy, &deadline()).await.unwrap();
            let different: Vec<_> =
                again.tables.iter().filter(|(table, stored)| verified.tables[table] != **stored).collect();
            assert_eq!(different.len(), 1, "{name}");
            assert_eq!(again.findings.len(), 1, "{name}: {:?}", again.findings);
        }
    }
}
