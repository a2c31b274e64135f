//! A clone from its first statement to its removal.

use super::{ENVIRONMENT, client, deadline, goldens, nonce, password, run, superuser, values};
use crate::{CloneError, CloneRequest, CloneState};

#[tokio::test(flavor = "multi_thread")]
async fn clone_is_closed_until_it_is_opened_and_is_removed_without_a_trace() {
    for golden in goldens().await {
        let described = golden.described();
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
        let mut clones = golden.clones().await;
        assert_eq!(clones.look(&name, &owner, &deadline()).await.unwrap(), CloneState::Absent, "{described}");
        let begun = clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        assert_eq!(begun.mark.golden_version, "20261128120000", "{described}");
        assert_eq!(begun.manifest.source, "production", "{described}");
        assert!(!golden.stranger_enters(&name).await, "{described}");
        assert!(golden.enters(golden.role, super::PASSWORD, name.as_str()).await, "{described}");
        let state = clones.look(&name, &owner, &deadline()).await.unwrap();
        assert_eq!(state, CloneState::Unfinished(begun.mark.clone()), "{described}");

        let secret = password(1);
        let facts = clones.open(&name, &owner, &secret, &deadline()).await.unwrap();
        let state = clones.look(&name, &owner, &deadline()).await.unwrap();
        assert_eq!(state, CloneState::Open(begun.mark, facts.clone()), "{described}");
        let error = clones.begin(request, &deadline()).await.unwrap_err();
        assert!(matches!(error, CloneError::Exists(_)), "{described}: {error}");
        assert!(!golden.stranger_enters(&name).await, "{described}");
        assert!(!golden.enters(&facts.login, "wrong", name.as_str()).await, "{described}");
        assert!(golden.enters(&facts.login, secret.reveal(), name.as_str()).await, "{described}");
        let listed = clones.list(&deadline()).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|clone| (clone.database.as_str(), clone.opened_at)).collect();
        assert_eq!(listed, [(name.as_str(), Some(facts.opened_at))], "{described}");

        let other = password(2);
        clones.set_password(&name, &owner, &other, &deadline()).await.unwrap();
        assert!(!golden.enters(&facts.login, secret.reveal(), name.as_str()).await, "{described}");
        assert!(golden.enters(&facts.login, other.reveal(), name.as_str()).await, "{described}");

        // Also with a session of the application.
        let app = client(golden.server, &facts.login, other.reveal(), name.as_str());
        let _session = app.connect(&deadline()).await.unwrap();
        for _ in 0..2 {
            clones.destroy(&name, &owner, None, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
            assert_eq!(golden.left(&name).await, [""; 0], "{described}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_acts_as_the_objects_owner_in_its_own_clone_only() {
    for golden in goldens().await {
        let described = golden.described();
        let secret = golden.opened(ENVIRONMENT).await;
        golden.opened("shop-pr-8").await;
        let (name, other) = (golden.clone_name(ENVIRONMENT), golden.clone_name("shop-pr-8"));
        let app = client(golden.server, &name.login(), secret.reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        assert_eq!(
            values(&mut session, "SELECT current_user::text").await,
            [golden.name.objects_role()],
            "{described}"
        );
        assert_eq!(values(&mut session, "SELECT count(*)::text FROM app.orders").await, ["100"], "{described}");
        run(
            &mut session,
            "ALTER TABLE app.orders ADD COLUMN total int; CREATE SCHEMA billing; CREATE TABLE billing.t (i int); \
             CREATE TEMPORARY TABLE own (i int); DROP TABLE app.orders",
        )
        .await;
        let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'eod'";
        assert_eq!(values(&mut session, schemas).await, [""; 0], "{described}: the manifest is not for pull requests");
        for sql in [
            "CREATE ROLE more".to_owned(),
            "CREATE DATABASE more".to_owned(),
            format!("DROP DATABASE {other}"),
            format!("ALTER DATABASE {other} RENAME TO more"),
            format!("ALTER DATABASE {name} RENAME TO more"),
            format!("DROP DATABASE {}", golden.name),
            format!("SET ROLE {}", other.login()),
            format!("SET ROLE {}", other.owner()),
        ] {
            let statement = eod_clients::postgres::SqlStatement::new("run", "the statement", &sql);
            assert!(session.batch(&statement, &deadline()).await.is_err(), "{described}: {sql}");
        }
        // The server warns that no privilege was granted.
        run(&mut session, &format!("GRANT CONNECT ON DATABASE {name} TO PUBLIC")).await;
        assert!(!golden.stranger_enters(&name).await, "{described}");
        for database in [other.as_str(), golden.name.as_str()] {
            assert!(!golden.enters(&name.login(), secret.reveal(), database).await, "{described}: {database}");
        }
        let roles = "SELECT rolname::text FROM pg_roles WHERE rolname = 'more'";
        assert_eq!(values(&mut superuser(golden.server, "postgres").await, roles).await, [""; 0], "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_database_can_be_replaced_and_removed_while_clones_exist() {
    for golden in goldens().await {
        let described = golden.described();
        golden.opened(ENVIRONMENT).await;
        golden
            .goldens()
            .await
            .destroy(&golden.name, &deadline())
            .await
            .unwrap_or_else(|error| panic!("{}", error.chain()));
        // The clone still has objects of the role.
        let mut goldens = golden.goldens().await;
        assert!(!goldens.drop_objects_role(&golden.name, &deadline()).await.unwrap(), "{described}");
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        golden.clones().await.destroy(&name, &owner, None, &deadline()).await.unwrap();
        assert!(goldens.drop_objects_role(&golden.name, &deadline()).await.unwrap(), "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_removes_interrupted_creates_only() {
    for golden in goldens().await {
        let described = golden.described();
        golden.opened(ENVIRONMENT).await;
        let begin = async |environment: &str| {
            let (name, owner) = (golden.clone_name(environment), golden.owner(environment));
            let mut clones = golden.clones().await;
            let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
            clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
            clones
        };
        let running = begin("running").await;
        drop(begin("killed").await);
        let mut clones = golden.clones().await;
        let mut pruned = Vec::new();
        for _ in 0..100 {
            let dry = clones.prune(true, &deadline()).await.unwrap();
            assert!(dry.iter().all(|clone| clone.environment == "killed" && !clone.removed), "{described}: {dry:?}");
            pruned = clones.prune(false, &deadline()).await.unwrap();
            if !pruned.is_empty() {
                break;
            }
            // The server ends the session of the interrupted create.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let pruned: Vec<_> = pruned.iter().map(|clone| (clone.environment.as_str(), clone.removed)).collect();
        assert_eq!(pruned, [("killed", true)], "{described}");
        let left: Vec<_> = clones.list(&deadline()).await.unwrap().into_iter().map(|clone| clone.environment).collect();
        assert_eq!(left, ["running", ENVIRONMENT], "{described}");
        drop(running);
    }
}
