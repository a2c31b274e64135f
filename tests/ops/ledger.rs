//! Ledgers in ConfigMaps of a real API server.

use std::{collections::BTreeMap, time::Duration};

use eod_clients::{
    Deadline, ErrorKind,
    kubernetes::{ClusterAccess, ClusterSettings, Deleted, Kubernetes, LedgerConfigMaps, Preconditions},
};
use eod_domain::{
    EnvironmentName, Installation, Tier,
    ledger::{Actor, CreateRequest, Event, EventKind, LedgerPhase, MadeBy, Transitions, seal, verify_chain},
};
use eod_testkit::cluster::Cluster;
use jiff::Timestamp;

fn client(cluster: &Cluster) -> Kubernetes {
    let config_path = Some(cluster.kubeconfig().display().to_string());
    let settings = ClusterSettings { config_path, ..ClusterSettings::default() };
    Kubernetes::new(ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap(), "eod-tests")
}

fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(60), tokio_util::sync::CancellationToken::new())
}

fn request(identity: &str) -> CreateRequest {
    CreateRequest::new(identity, Tier::Lightweight, MadeBy::Terraform, "run-1")
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn event(second: u8, kind: EventKind) -> Event {
    Event::new(time(&format!("2026-08-01T10:00:{second:02}Z")), 1, kind, Actor::Terraform)
}

#[tokio::test]
async fn ledger_is_created_with_its_namespace_changed_sealed_and_deleted() {
    let cluster = Cluster::shared();
    let installation = cluster.installation("ledger");
    let client = client(cluster);
    let ledgers =
        LedgerConfigMaps::new(client.clone(), installation.clone(), installation.parse().unwrap(), "eod-tests");
    let environment: EnvironmentName = "shop-pr-1".parse().unwrap();
    let deadline = deadline();
    assert!(ledgers.get(&environment, &deadline).await.unwrap().is_none());
    let missing = ledgers.append(&environment, &[event(0, EventKind::Requested)], &deadline).await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NotFound);

    // The control namespace does not exist yet.
    let transitions = Transitions::at(time("2026-08-01T10:00:00Z"));
    let creating = transitions.create(None, &request("github.com/acme/shop#1")).unwrap();
    let started = event(1, EventKind::CreateStarted);
    let first = ledgers.create(&environment, &creating, std::slice::from_ref(&started), &deadline).await.unwrap();
    let again = ledgers.create(&environment, &creating, &[], &deadline).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::AlreadyExists);
    let server = client.server_time().expect("the API server sends its time");
    assert!(server.skew().abs() < jiff::SignedDuration::from_mins(1), "{server:?}");

    // An event needs no read; a head needs the version that was read.
    ledgers.append(&environment, &[event(2, EventKind::Provisioned)], &deadline).await.unwrap();
    let live = transitions.provisioned(&creating, 1, "uid-1").unwrap();
    let stale = ledgers.replace(&environment, &first.resource_version, &live, &[], &deadline).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Conflict);
    let current = ledgers.get(&environment, &deadline).await.unwrap().unwrap();
    let stored = ledgers
        .replace(&environment, &current.resource_version, &live, &[event(3, EventKind::Commit)], &deadline)
        .await
        .unwrap();
    assert_eq!(stored.head.as_ref().unwrap().phase, LedgerPhase::Live);

    // Sealing moves the loose events into the chain.
    let sealed = seal(&live, &stored.events, &stored.loose).unwrap();
    let stored = ledgers.seal(&environment, &stored.resource_version, &sealed, &deadline).await.unwrap();
    assert_eq!(stored.loose, []);
    let report = verify_chain(stored.head.as_ref().unwrap(), &stored.events).unwrap();
    let kinds: Vec<EventKind> = report.events.iter().map(|(_, event)| event.e).collect();
    assert_eq!(kinds, [EventKind::CreateStarted, EventKind::Provisioned, EventKind::Commit]);

    let other = Preconditions { uid: Some("other".to_owned()), resource_version: None };
    assert_eq!(ledgers.delete(&environment, &other, &deadline).await.unwrap(), Deleted::UidMismatch);
    let own = Preconditions { uid: Some(stored.uid), resource_version: Some(stored.resource_version) };
    assert_eq!(ledgers.delete(&environment, &own, &deadline).await.unwrap(), Deleted::Accepted);
    cluster.kubectl(&["delete", "namespace", &installation, "--wait=false"]);
}

#[tokio::test]
async fn heads_of_one_installation_are_listed_in_pages() {
    let cluster = Cluster::shared();
    let control = cluster.installation("heads");
    let (ours, theirs): (Installation, Installation) =
        (control.parse().unwrap(), format!("x{control}").parse().unwrap());
    let client = client(cluster);
    let deadline = deadline();
    let head = Transitions::at(time("2026-08-01T10:00:00Z")).create(None, &request("github.com/acme/shop#1")).unwrap();
    let own = LedgerConfigMaps::new(client.clone(), control.clone(), ours, "eod-tests");
    let other = LedgerConfigMaps::new(client.clone(), control.clone(), theirs, "eod-tests");
    // More than one page.
    let environments: Vec<EnvironmentName> =
        (1..=260).map(|number| format!("shop-pr-{number}").parse().unwrap()).collect();
    own.create(&environments[0], &head, &[], &deadline).await.unwrap();
    other.create(&environments[0], &head, &[], &deadline).await.unwrap();
    let rest = environments[1..].iter().map(|environment| own.create(environment, &head, &[], &deadline));
    futures::future::try_join_all(rest).await.unwrap();
    let (mut found, mut count, mut token) = (Vec::new(), 0, None);
    loop {
        let page = own.heads(token.as_deref(), &deadline).await.unwrap();
        count += 1;
        found.extend(page.heads);
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((count, found.len()), (2, 260));
    assert!(found.iter().all(|listed| listed.head.as_ref().is_ok_and(|listed| *listed == head)));
    cluster.kubectl(&["delete", "namespace", &control, "--wait=false"]);
}
