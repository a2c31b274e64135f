//! Clones that are refused, and databases of others, which are never changed.

use eod_clients::ErrorKind;
use eod_testkit::postgres::{ADMIN, PASSWORD, READER, SUPERUSER, servers};

use super::{ENVIRONMENT, Golden, client, deadline, goldens, nonce, password, released, run, superuser, values};
use crate::{CloneError, CloneRequest, CloneServer, CloneState};

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_others_are_neither_used_nor_removed() {
    let golden = Golden::publish(&servers()[0], SUPERUSER).await;
    golden.opened(ENVIRONMENT).await;
    let mut session = superuser(golden.server, "postgres").await;
    let (taken, role) = (golden.clone_name("taken"), golden.clone_name("role"));
    run(&mut session, &format!("CREATE DATABASE {taken}")).await;
    run(&mut session, &format!("CREATE ROLE {}; COMMENT ON ROLE {0} IS 'role of a team'", role.owner())).await;
    let ours = golden.clone_name(ENVIRONMENT);
    let mut clones = golden.clones().await;
    for (name, environment, expected) in [
        (&taken, "taken", "does not exist"),
        (&role, "role", "does not have the mark"),
        (&ours, "shop-pr-8", "belongs to environment `shop-pr-7`"),
    ] {
        let owner = golden.owner(environment);
        let request = CloneRequest { name, owner: &owner, golden: &golden.name, nonce: &nonce(2) };
        let error = clones.begin(request, &deadline()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.to_string().contains(expected), "{error}");
        let error = clones.destroy(name, &owner, None, &deadline()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let there = format!("SELECT datname::text FROM pg_database WHERE datname IN ('{taken}', '{ours}') ORDER BY 1");
    assert_eq!(values(&mut session, &there).await, [ours.to_string(), taken.to_string()]);
    run(&mut session, &format!("DROP DATABASE {taken}")).await;
    run(&mut session, &format!("DROP ROLE {}", role.owner())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_of_a_later_run_is_not_removed() {
    let golden = Golden::publish(&servers()[0], ADMIN).await;
    golden.opened(ENVIRONMENT).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    let mut clones = golden.clones().await;
    let error = clones.destroy(&name, &owner, Some(&nonce(2)), &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::Successor(_)), "{error}");
    assert!(!golden.left(&name).await.is_empty());
    clones.destroy(&name, &owner, Some(&nonce(1)), &deadline()).await.unwrap();
    assert_eq!(golden.left(&name).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn second_run_is_refused_while_the_first_one_has_the_lock() {
    for golden in goldens().await {
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
        let mut first = golden.clones().await;
        first.begin(request, &deadline()).await.unwrap();
        let mut second = golden.clones().await;
        for error in [
            second.begin(request, &deadline()).await.err(),
            second.destroy(&name, &owner, None, &deadline()).await.err(),
        ] {
            assert!(matches!(error, Some(CloneError::Busy(_))), "{}: {error:?}", golden.described());
        }
        first.destroy(&name, &owner, None, &deadline()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_with_another_maintenance_database_is_seen() {
    let golden = Golden::publish(&servers()[0], ADMIN).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
    let mut first = golden.clones().await;
    first.begin(request, &deadline()).await.unwrap();
    // Other tests copy template1, which must have no sessions then.
    let database = format!("{}_elsewhere", golden.name);
    let mut person = superuser(golden.server, "postgres").await;
    run(&mut person, &format!("CREATE DATABASE {database} TEMPLATE template0")).await;
    let elsewhere = client(golden.server, ADMIN, PASSWORD, &database);
    let mut second = CloneServer::connect(&elsewhere, &golden.installation, &deadline()).await.unwrap();
    let error = second.begin(request, &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::Busy(_)), "{error}");
    assert_eq!(second.prune(false, &deadline()).await.unwrap(), []);
    drop(first);
    released(golden.server, &name).await;
    second.destroy(&name, &owner, None, &deadline()).await.unwrap();
    assert_eq!(golden.left(&name).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_that_others_can_enter_is_not_opened() {
    for golden in goldens().await {
        let described = golden.described();
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
        let mut person = superuser(golden.server, "postgres").await;
        let mut clones = golden.clones().await;
        for (sql, expected) in [
            (format!("GRANT CONNECT ON DATABASE {name} TO PUBLIC"), "a privilege of PUBLIC"),
            (format!("GRANT CONNECT ON DATABASE {name} TO {READER}"), "a privilege of role `eod_reader`"),
            (format!("GRANT {} TO {READER}", name.owner()), "the membership of role `eod_reader`"),
        ] {
            // The former one is removed, because it is not finished.
            clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
            run(&mut person, &sql).await;
            let error = clones.open(&name, &owner, &password(1), &deadline()).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{described}: {error}");
            assert!(!golden.enters(&name.login(), password(1).reveal(), name.as_str()).await, "{described}");
        }
        clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
        assert_eq!(golden.left(&name).await, [""; 0], "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_dropped_clone_is_unfinished() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        golden.opened(ENVIRONMENT).await;
        // The server sets this value before it removes the files of a database.
        let mut person = superuser(server, "postgres").await;
        run(&mut person, &format!("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{name}'")).await;
        let mut clones = golden.clones().await;
        let state = clones.look(&name, &owner, &deadline()).await.unwrap();
        assert!(matches!(state, CloneState::Unfinished(_)), "{state:?}");
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(2) };
        clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
        assert_eq!(golden.left(&name).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_database_must_be_published_valid_and_ours() {
    let golden = Golden::publish(&servers()[0], SUPERUSER).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    let mut clones = golden.clones().await;
    let missing = eod_golden::GoldenName::new("missing").unwrap();
    let request = CloneRequest { name: &name, owner: &owner, golden: &missing, nonce: &nonce(1) };
    let error = clones.begin(request, &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::NotPublished(_)), "{error}");
    let request = CloneRequest { golden: &golden.name, ..request };
    let mut session = superuser(golden.server, "postgres").await;
    let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ";
    let before = values(&mut session, &format!("{comment}'{}'", golden.name)).await.remove(0);
    let set = |comment: &str| format!("COMMENT ON DATABASE {} IS '{comment}'", golden.name);
    let (start, _) = before.split_once("\"valid_until\":\"").unwrap();
    let (_, end) = before.split_once("\"valid_until\":\"").unwrap().1.split_once('"').unwrap();
    run(&mut session, &set(&format!("{start}\"valid_until\":\"2026-11-28T13:00:00Z\"{end}"))).await;
    let error = clones.begin(request, &deadline()).await.unwrap_err();
    assert!(error.to_string().contains("was valid until 2026-11-28T13:00:00Z"), "{error}");
    // A manifest that is not that of the comment: the golden database was changed by hand.
    let digest = before.split_once("\"manifest\":\"").unwrap().1.get(..16).unwrap().to_owned();
    run(&mut session, &set(&before.replace(&digest, "0000000000000000"))).await;
    let error = clones.begin(request, &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::GoldenChanged(_)), "{error}");
    assert_eq!(golden.left(&name).await, [""; 0], "the clone is removed");
    run(&mut session, &set(&before)).await;
    clones.begin(request, &deadline()).await.unwrap();
    clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn session_that_holds_a_clone_is_named() {
    let golden = Golden::publish(&servers()[0], ADMIN).await;
    golden.opened(ENVIRONMENT).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    // Only a superuser can end a session of a superuser.
    let person = superuser(golden.server, name.as_str()).await;
    let mut clones = golden.clones().await;
    let error = clones.destroy(&name, &owner, None, &deadline()).await.unwrap_err();
    assert!(error.to_string().contains("a session of role `postgres`"), "{error}");
    person.close(&deadline()).await.unwrap();
    clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
    assert_eq!(golden.left(&name).await, [""; 0]);
}
