//! Clones that are kept: closed, renamed, and removed after their time.

use std::time::Duration;

use eod_testkit::postgres::{ADMIN, servers};

use super::{ENVIRONMENT, Golden, client, deadline, goldens, nonce, released, run, superuser, values};
use crate::{CloneError, CloneRemoval, CloneRequest, CloneStage, CloneState};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn kept_clone_is_closed_and_has_another_name_and_an_end() {
    for golden in goldens().await {
        let described = golden.described();
        let secret = golden.opened(ENVIRONMENT).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        // Also with a session of the application.
        let app = client(golden.server, &name.login(), secret.reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        run(&mut session, "INSERT INTO app.orders VALUES (101, 'new'); DELETE FROM app.orders WHERE id = 1").await;
        let mut clones = golden.clones().await;
        let kept = clones.keep(&name, &owner, Some(&nonce(1)), DAY, &deadline()).await;
        let kept = kept.unwrap_or_else(|error| panic!("{described}: {}", error.chain())).unwrap();
        assert_eq!((kept.facts.contents.tables, kept.facts.contents.rows), (1, 100), "{described}");
        let plan = &kept.facts.plan;
        assert_eq!((&plan.database, &plan.kept_as), (&name, kept.name()), "{described}");
        assert_eq!(plan.until.duration_since(plan.closed_at).as_secs(), 24 * 3600, "{described}");
        assert_eq!(golden.left(&name).await, [kept.name().to_string(), kept.name().owner()], "{described}");
        for (role, password) in [(name.login().as_str(), secret.reveal()), (golden.role, super::PASSWORD)] {
            assert!(!golden.enters(role, password, kept.name().as_str()).await, "{described}: {role}");
        }
        assert!(!golden.stranger_enters(kept.name()).await, "{described}");

        // A second call finds what the first one has done.
        let again = clones.keep(&name, &owner, Some(&nonce(1)), DAY, &deadline()).await.unwrap();
        assert_eq!(again, Some(kept.clone()), "{described}");
        assert_eq!(clones.keep(&name, &owner, Some(&nonce(2)), DAY, &deadline()).await.unwrap(), None, "{described}");
        let listed = clones.list(&deadline()).await.unwrap();
        let listed: Vec<_> =
            listed.iter().map(|clone| (clone.database.as_str(), clone.state, clone.kept_until)).collect();
        assert_eq!(listed, [(kept.name().as_str(), CloneStage::Kept, Some(plan.until))], "{described}");
        assert_eq!(clones.prune(false, &deadline()).await.unwrap(), [], "{described}");

        clones.destroy(kept.name(), &owner, None, &deadline()).await.unwrap();
        assert_eq!(golden.left(&name).await, [""; 0], "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_that_was_never_open_is_removed_and_not_kept() {
    let golden = Golden::publish(&servers()[0], ADMIN).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
    let mut clones = golden.clones().await;
    clones.begin(request, &deadline()).await.unwrap();
    let error = clones.keep(&name, &owner, Some(&nonce(2)), DAY, &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::Successor(_)), "{error}");
    assert_eq!(clones.keep(&name, &owner, Some(&nonce(1)), DAY, &deadline()).await.unwrap(), None);
    assert_eq!(golden.left(&name).await, [""; 0]);
    drop(clones);
    released(golden.server, &name).await;
    golden.opened(ENVIRONMENT).await;
    let mut clones = golden.clones().await;
    let error = clones.keep(&name, &golden.owner("shop-pr-8"), None, DAY, &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::Foreign { .. }), "{error}");
    drop(clones);
    assert!(golden.enters(&name.login(), super::password(1).reveal(), name.as_str()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_that_holds_a_clone_is_named_and_the_clone_stays_closed() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let secret = golden.opened(ENVIRONMENT).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        // Only a superuser can end a session of a superuser.
        let person = superuser(server, name.as_str()).await;
        let mut clones = golden.clones().await;
        let error = clones.keep(&name, &owner, None, DAY, &deadline()).await.unwrap_err();
        assert!(error.to_string().contains("a session of role `postgres`"), "{error}");
        let state = clones.look(&name, &owner, &deadline()).await.unwrap();
        assert!(matches!(state, CloneState::Keeping(..)), "{state:?}");
        assert!(!golden.enters(&name.login(), secret.reveal(), name.as_str()).await);
        for error in [
            clones.open(&name, &owner, &secret, &deadline()).await.err(),
            clones.set_password(&name, &owner, &secret, &deadline()).await.err(),
        ] {
            assert!(matches!(error, Some(CloneError::Closed(_))), "{error:?}");
        }
        // A prune does not take a clone that has time left, also if its keep was interrupted.
        assert_eq!(golden.clones().await.prune(false, &deadline()).await.unwrap(), []);
        person.close(&deadline()).await.unwrap();
        // A create finishes the keep.
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(2) };
        clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        let kept = clones.latest(&name, &owner, &golden.name, &deadline()).await.unwrap().unwrap();
        assert_eq!(kept.facts.contents.rows, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_and_privileges_of_a_login_are_no_obstacle() {
    for golden in goldens().await {
        let described = golden.described();
        let secret = golden.opened(ENVIRONMENT).await;
        let name = golden.clone_name(ENVIRONMENT);
        let app = client(golden.server, &name.login(), secret.reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        let login = name.login();
        run(
            &mut session,
            &format!(
                "CREATE SCHEMA own; GRANT ALL ON SCHEMA own TO {login}; GRANT SELECT ON app.orders TO {login}; \
                 ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO {login}; SET ROLE NONE; \
                 CREATE TABLE own.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial); \
                 CREATE VIEW own.v AS SELECT * FROM own.t; CREATE SEQUENCE own.q; CREATE TYPE own.mood AS ENUM ('good'); \
                 CREATE DOMAIN own.d AS int; CREATE FUNCTION own.f(i int) RETURNS int LANGUAGE sql AS 'SELECT i'; \
                 CREATE MATERIALIZED VIEW own.m AS SELECT 1 AS i; CREATE STATISTICS own.st ON id, s FROM own.t; \
                 INSERT INTO own.t DEFAULT VALUES; SELECT lo_create(0); \
                 ALTER DEFAULT PRIVILEGES IN SCHEMA own GRANT SELECT ON TABLES TO PUBLIC"
            ),
        )
        .await;
        let kept = golden.kept(ENVIRONMENT, DAY).await;
        assert_eq!(kept.facts.contents.tables, 2, "{described}");
        assert_eq!(golden.left(&name).await, [kept.name().to_string(), kept.name().owner()], "{described}");
        let mut session = superuser(golden.server, "postgres").await;
        run(&mut session, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", kept.name())).await;
        let mut inside = superuser(golden.server, kept.name().as_str()).await;
        let owners =
            "SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE relnamespace = 'own'::regnamespace";
        assert_eq!(values(&mut inside, owners).await, [golden.name.objects_role()], "{described}");
        assert_eq!(values(&mut inside, "SELECT count(*)::text FROM own.t").await, ["1"], "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_clone_past_its_time_is_removed_by_prune_and_by_the_next_create() {
    for golden in goldens().await {
        let described = golden.described();
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        golden.opened(ENVIRONMENT).await;
        let kept = golden.kept(ENVIRONMENT, Duration::ZERO).await;
        let mut clones = golden.clones().await;
        let latest = clones.latest(&name, &owner, &golden.name, &deadline()).await.unwrap();
        assert_eq!(latest, None, "{described}");
        let dry = clones.prune(true, &deadline()).await.unwrap();
        let found: Vec<_> = dry.iter().map(|clone| (clone.database.as_str(), clone.reason, clone.removed)).collect();
        assert_eq!(found, [(kept.name().as_str(), CloneRemoval::Over, false)], "{described}");
        assert_eq!(golden.left(&name).await.len(), 2, "{described}");
        // The run that restores it has its lock.
        let mut other = golden.clones().await;
        other.lock(kept.name(), &deadline()).await.unwrap();
        assert_eq!(clones.prune(false, &deadline()).await.unwrap(), [], "{described}");
        other.unlock(kept.name(), &deadline()).await.unwrap();
        let pruned = clones.prune(false, &deadline()).await.unwrap();
        assert!(pruned.iter().all(|clone| clone.removed) && pruned.len() == 1, "{described}: {pruned:?}");
        assert_eq!(golden.left(&name).await, [""; 0], "{described}");
        drop(clones);
        released(golden.server, &name).await;

        golden.opened(ENVIRONMENT).await;
        golden.kept(ENVIRONMENT, Duration::ZERO).await;
        golden.opened("shop-pr-8").await;
        assert_eq!(golden.left(&name).await, [""; 0], "{described}: the create of another environment has removed it");
    }
}
