//! Clones that are created from kept ones.

use std::time::Duration;

use eod_testkit::postgres::{ADMIN, servers};

use super::{ENVIRONMENT, Golden, client, deadline, goldens, nonce, password, released, run, superuser, values};
use crate::{CloneError, CloneRequest, CloneState};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn clone_returns_as_it_was() {
    for golden in goldens().await {
        let described = golden.described();
        let secret = golden.opened(ENVIRONMENT).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let mut clones = golden.clones().await;
        assert_eq!(clones.latest(&name, &owner, &golden.name, &deadline()).await.unwrap(), None, "{described}");
        drop(clones);
        released(golden.server, &name).await;
        let app = client(golden.server, &name.login(), secret.reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        run(&mut session, "UPDATE app.orders SET note = 'first' WHERE id = 1; CREATE TABLE app.more (i int)").await;
        drop(session);
        golden.kept(ENVIRONMENT, DAY).await;
        golden.opened(ENVIRONMENT).await;
        let mut session = superuser(golden.server, name.as_str()).await;
        run(&mut session, "UPDATE app.orders SET note = 'second' WHERE id = 1").await;
        session.close(&deadline()).await.unwrap();
        let second = golden.kept(ENVIRONMENT, DAY).await;

        // The golden database is not needed.
        golden.goldens().await.destroy(&golden.name, &deadline()).await.unwrap();
        let mut clones = golden.clones().await;
        let latest = clones.latest(&name, &owner, &golden.name, &deadline()).await.unwrap().unwrap();
        assert_eq!(latest, second, "{described}");
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(3) };
        let restored = clones.restore(request, latest.name(), &deadline()).await;
        let restored = restored.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        assert_eq!(restored.contents, latest.facts.contents, "{described}");
        assert_eq!(restored.mark.golden_version, "20261128120000", "{described}");
        assert!(!golden.stranger_enters(&name).await, "{described}");
        let state = clones.look(&name, &owner, &deadline()).await.unwrap();
        assert_eq!(state, CloneState::Unfinished(restored.mark), "{described}");
        clones.open(&name, &owner, &password(3), &deadline()).await.unwrap();
        let app = client(golden.server, &name.login(), password(3).reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        let note = "SELECT note FROM app.orders WHERE id = 1";
        assert_eq!(values(&mut session, note).await, ["second"], "{described}");
        run(&mut session, "ALTER TABLE app.orders ADD COLUMN total int").await;
        // Kept clones stay until their end.
        assert!(clones.kept(latest.name(), &owner, &deadline()).await.is_ok(), "{described}");
        let error = clones.restore(request, latest.name(), &deadline()).await.unwrap_err();
        assert!(matches!(error, CloneError::Exists(_)), "{described}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_kept_clone_is_not_used() {
    for golden in goldens().await {
        let described = golden.described();
        golden.opened(ENVIRONMENT).await;
        let kept = golden.kept(ENVIRONMENT, DAY).await;
        let mut person = superuser(golden.server, "postgres").await;
        run(&mut person, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", kept.name())).await;
        let mut inside = superuser(golden.server, kept.name().as_str()).await;
        run(&mut inside, "UPDATE app.orders SET note = 'changed' WHERE id = 7").await;
        inside.close(&deadline()).await.unwrap();
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(3) };
        let error = golden.clones().await.restore(request, kept.name(), &deadline()).await.unwrap_err();
        assert!(matches!(error, CloneError::ContentsChanged { .. }), "{described}: {error}");
        assert!(error.to_string().contains("had 100 rows in 1 tables"), "{described}: {error}");
        assert_eq!(golden.left(&name).await, [kept.name().to_string(), kept.name().owner()], "{described}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_clone_must_be_of_the_environment_and_have_time_left() {
    let golden = Golden::publish(&servers()[0], ADMIN).await;
    golden.opened(ENVIRONMENT).await;
    let kept = golden.kept(ENVIRONMENT, DAY).await;
    golden.opened("shop-pr-9").await;
    let over = golden.kept("shop-pr-9", Duration::ZERO).await;
    let mut clones = golden.clones().await;
    for (environment, from, expected) in [
        ("shop-pr-9", over.name(), "is not used any more"),
        ("shop-pr-8", kept.name(), "there is no kept clone"),
        (ENVIRONMENT, &golden.clone_name(ENVIRONMENT), "there is no kept clone"),
    ] {
        let (name, owner) = (golden.clone_name(environment), golden.owner(environment));
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(3) };
        let error = clones.restore(request, from, &deadline()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    // Nobody takes the name of a kept clone for a new one.
    let owner = golden.owner(ENVIRONMENT);
    let request = CloneRequest { name: kept.name(), owner: &owner, golden: &golden.name, nonce: &nonce(3) };
    let error = clones.begin(request, &deadline()).await.unwrap_err();
    assert!(error.to_string().contains("it is a kept clone"), "{error}");
}
