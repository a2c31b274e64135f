//! Temporary logins of a clone.

use std::time::Duration;

use eod_testkit::postgres::{ADMIN, READER, servers};

use super::{ENVIRONMENT, Golden, client, deadline, goldens, nonce, password, run, superuser, values};
use crate::{CloneError, TemporaryLogin};

const HOUR: Duration = Duration::from_hours(1);

/// A temporary login of the clone of an environment, with the password of this number.
async fn login(golden: &Golden<'_>, environment: &str, number: u8, valid_for: Duration) -> TemporaryLogin {
    let (name, owner) = (golden.clone_name(environment), golden.owner(environment));
    let mut clones = golden.clones().await;
    let made = clones.create_login(&name, &owner, &nonce(number), &password(number), valid_for, &deadline()).await;
    made.unwrap_or_else(|error| panic!("{}", error.chain()))
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_login_enters_its_own_clone_until_it_is_closed() {
    for golden in goldens().await {
        let described = golden.described();
        golden.opened(ENVIRONMENT).await;
        golden.opened("shop-pr-8").await;
        let (name, other) = (golden.clone_name(ENVIRONMENT), golden.clone_name("shop-pr-8"));
        let login = login(&golden, ENVIRONMENT, 2, HOUR).await;
        let secret = password(2);
        assert!(golden.enters(&login.role, secret.reveal(), name.as_str()).await, "{described}");
        for database in [other.as_str(), golden.name.as_str()] {
            assert!(!golden.enters(&login.role, secret.reveal(), database).await, "{described}: {database}");
        }
        let until = format!("SELECT rolvaliduntil::text FROM pg_roles WHERE rolname = '{}'", login.role);
        assert_eq!(values(&mut superuser(golden.server, "postgres").await, &until).await.len(), 1, "{described}");
        let app = client(golden.server, &login.role, secret.reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        let role = "SELECT current_user::text";
        assert_eq!(values(&mut session, role).await, [golden.name.objects_role()], "{described}");
        run(
            &mut session,
            &format!(
                "CREATE TABLE app.made (i int); CREATE SCHEMA own; GRANT ALL ON SCHEMA own TO {}; SET ROLE NONE; \
                 CREATE TABLE own.t (i int); INSERT INTO own.t VALUES (1)",
                login.role
            ),
        )
        .await;
        let mut clones = golden.clones().await;
        assert_eq!(clones.prune_logins(false, &deadline()).await.unwrap(), [], "{described}: it has time left");
        for _ in 0..2 {
            let closed = clones.close_login(&name, &login.role, &deadline()).await;
            closed.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        }
        assert_eq!(golden.left(&name).await, [name.to_string(), name.login(), name.owner()], "{described}");
        // Its objects stay.
        let mut session = superuser(golden.server, name.as_str()).await;
        let rows = "SELECT count(*)::text FROM own.t, (SELECT count(*) FROM app.made) m";
        assert_eq!(values(&mut session, rows).await, ["1"], "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_past_its_end_is_refused_and_swept() {
    for golden in goldens().await {
        let described = golden.described();
        golden.opened(ENVIRONMENT).await;
        let name = golden.clone_name(ENVIRONMENT);
        let over = login(&golden, ENVIRONMENT, 2, Duration::ZERO).await;
        assert!(!golden.enters(&over.role, password(2).reveal(), name.as_str()).await, "{described}");
        let mut clones = golden.clones().await;
        for (is_dry_run, is_removed) in [(true, false), (false, true)] {
            let pruned = clones.prune_logins(is_dry_run, &deadline()).await.unwrap();
            let found: Vec<_> = pruned.iter().map(|login| (login.role.as_str(), login.removed)).collect();
            assert_eq!(found, [(over.role.as_str(), is_removed)], "{described}: {pruned:?}");
        }
        assert_eq!(golden.left(&name).await.len(), 3, "{described}");
        login(&golden, ENVIRONMENT, 3, Duration::ZERO).await;
        golden.opened("shop-pr-8").await;
        assert_eq!(golden.left(&name).await.len(), 3, "{described}: a create has swept it");
        login(&golden, ENVIRONMENT, 4, HOUR).await;
        let owner = golden.owner(ENVIRONMENT);
        clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
        assert_eq!(golden.left(&name).await, [""; 0], "{described}: the removal of the clone takes its logins");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_clone_has_no_logins() {
    for golden in goldens().await {
        golden.opened(ENVIRONMENT).await;
        let login = login(&golden, ENVIRONMENT, 2, HOUR).await;
        let name = golden.clone_name(ENVIRONMENT);
        let app = client(golden.server, &login.role, password(2).reveal(), name.as_str());
        let _session = app.connect(&deadline()).await.unwrap();
        let kept = golden.kept(ENVIRONMENT, HOUR).await;
        let expected = [kept.name().to_string(), kept.name().owner()];
        assert_eq!(golden.left(&name).await, expected, "{}", golden.described());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_open_clones_have_logins_and_only_ours_are_closed() {
    let golden = Golden::publish(&servers()[0], ADMIN).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    let mut clones = golden.clones().await;
    let made = clones.create_login(&name, &owner, &nonce(2), &password(2), HOUR, &deadline()).await;
    assert!(matches!(made, Err(CloneError::NotBegun(_))), "{made:?}");
    golden.opened(ENVIRONMENT).await;
    let made = clones.create_login(&name, &golden.owner("shop-pr-8"), &nonce(2), &password(2), HOUR, &deadline()).await;
    assert!(matches!(made, Err(CloneError::Foreign { .. })), "{made:?}");
    for role in [READER.to_owned(), name.login(), name.owner()] {
        let error = clones.close_login(&name, &role, &deadline()).await.unwrap_err();
        assert!(error.to_string().contains("is not a temporary login of clone"), "{error}");
    }
    let login = login(&golden, ENVIRONMENT, 2, HOUR).await;
    let other = golden.clone_name("shop-pr-8");
    let error = clones.close_login(&other, &login.role, &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::ForeignLogin { .. }), "{error}");
    // The lock is free again.
    golden.clones().await.destroy(&name, &owner, None, &deadline()).await.unwrap();
}
