//! Direct reads of few namespaces, and snapshots for many.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::kubernetes::{
    ApplyOptions, KindRef, Kubernetes, LiveNamespace, NamespaceReader,
    tests::fake::{FakeApiServer, Reply, Seen, deadline, not_found, shop, status},
};

const NAMESPACES: usize = 300;

fn kinds() -> Vec<KindRef> {
    let kind = |api_version: &str, plural: &str, kind: &str| KindRef {
        api_version: api_version.into(),
        plural: plural.into(),
        kind: kind.into(),
    };
    vec![
        kind("v1", "resourcequotas", "ResourceQuota"),
        kind("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    ]
}

fn reader(client: &Kubernetes) -> NamespaceReader {
    NamespaceReader::new(client.clone(), kinds(), "app.kubernetes.io/managed-by=eod")
}

fn object(kind: &str, namespace: Option<&str>, name: &str) -> Value {
    json!({ "kind": kind, "metadata": { "name": name, "namespace": namespace, "managedFields": [{}] } })
}

/// A cluster of `NAMESPACES` environments with a quota and two policies each.
fn cluster(seen: &Seen) -> Reply {
    let parts: Vec<&str> = seen
        .path
        .trim_start_matches("/apis/networking.k8s.io/v1")
        .trim_start_matches("/api/v1")
        .split('/')
        .skip(1)
        .collect();
    let all: Vec<String> = (0..NAMESPACES).map(|number| format!("shop-pr-{number}")).collect();
    let list = |kind: &str, items: Vec<Value>| {
        Reply::Json(200, json!({ "kind": format!("{kind}List"), "apiVersion": "v1", "items": items }))
    };
    let within = |plural: &str, namespaces: &[String]| {
        let (kind, names): (_, &[&str]) = match plural {
            "resourcequotas" => ("ResourceQuota", &["quota"]),
            _ => ("NetworkPolicy", &["deny", "dns"]),
        };
        let objects =
            namespaces.iter().flat_map(|namespace| names.iter().map(move |name| object(kind, Some(namespace), name)));
        list(kind, objects.collect())
    };
    match parts.as_slice() {
        ["namespaces"] => list("Namespace", all.iter().map(|name| object("Namespace", None, name)).collect()),
        ["namespaces", name] if all.contains(&(*name).to_owned()) => Reply::Json(200, object("Namespace", None, name)),
        ["namespaces", "unlabelled"] => Reply::Json(200, object("Namespace", None, "unlabelled")),
        ["namespaces", name] => not_found(name),
        ["namespaces", name, plural] => within(plural, &[(*name).to_owned()]),
        [plural] => within(plural, &all),
        _ => status(404, "NotFound", "unknown path"),
    }
}

fn check(environment: Option<LiveNamespace>, name: &str) {
    let environment = environment.unwrap();
    assert_eq!(environment.namespace["metadata"], json!({ "name": name, "namespace": null }));
    let keys: Vec<String> = environment.objects.keys().map(|(kind, name)| format!("{kind}/{name}")).collect();
    assert_eq!(keys, ["NetworkPolicy/deny", "NetworkPolicy/dns", "ResourceQuota/quota"]);
    assert!(environment.objects.values().all(|object| object["metadata"]["namespace"] == name));
    assert!(environment.objects.values().all(|object| object["metadata"].get("managedFields").is_none()));
}

async fn read_all(reader: &NamespaceReader, numbers: std::ops::Range<usize>) {
    let deadline = deadline(60);
    let names: Vec<String> = numbers.map(|number| format!("shop-pr-{number}")).collect();
    let results = join_all(names.iter().map(|name| reader.read(name, &deadline))).await;
    for (name, result) in names.iter().zip(results) {
        check(result.unwrap(), name);
    }
}

const CLUSTER_WIDE: [&str; 3] =
    ["GET /api/v1/namespaces", "GET /api/v1/resourcequotas", "GET /apis/networking.k8s.io/v1/networkpolicies"];

fn cluster_wide(fake: &FakeApiServer) -> usize {
    fake.lines().iter().filter(|line| CLUSTER_WIDE.contains(&line.as_str())).count()
}

#[tokio::test(start_paused = true)]
async fn three_hundred_reads_cost_one_list_per_kind() {
    let fake = FakeApiServer::new(|_, seen| cluster(seen));
    read_all(&reader(&fake.client()), 0..NAMESPACES).await;
    let asked: BTreeSet<String> = fake.lines().into_iter().collect();
    assert_eq!(fake.log().len(), 3);
    assert_eq!(asked, CLUSTER_WIDE.map(str::to_owned).into());
    assert!(fake.log().iter().all(|seen| seen.query == "limit=250&labelSelector=app.kubernetes.io%2Fmanaged-by%3Deod"));
}

#[tokio::test(start_paused = true)]
async fn few_namespaces_are_read_directly() {
    let fake = FakeApiServer::new(|_, seen| cluster(seen));
    let reader = reader(&fake.client());
    read_all(&reader, 0..3).await;
    read_all(&reader, 0..3).await;
    assert_eq!((fake.log().len(), cluster_wide(&fake)), (18, 0));
}

#[tokio::test(start_paused = true)]
async fn reads_that_come_ten_at_a_time_share_a_snapshot_until_it_is_old() {
    let fake = FakeApiServer::new(|_, seen| cluster(seen));
    let reader = reader(&fake.client());
    for tens in 0..10 {
        read_all(&reader, tens * 10..tens * 10 + 10).await;
    }
    assert_eq!(fake.log().len(), 3);
    tokio::time::sleep(Duration::from_secs(6)).await;
    read_all(&reader, 0..10).await;
    assert_eq!(fake.log().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn if_the_cluster_may_not_be_listed_all_reads_are_direct() {
    let fake = FakeApiServer::new(|_, seen| {
        let wide = CLUSTER_WIDE.contains(&seen.line().as_str());
        if wide { status(403, "Forbidden", "cannot list at the cluster scope") } else { cluster(seen) }
    });
    let reader = reader(&fake.client());
    read_all(&reader, 0..20).await;
    let tried = cluster_wide(&fake);
    assert!((1..=3).contains(&tried), "{tried}");
    assert_eq!(fake.log().len() - tried, 20 * 3);
    tokio::time::sleep(Duration::from_secs(60)).await;
    read_all(&reader, 0..20).await;
    assert_eq!(cluster_wide(&fake), tried);
}

#[tokio::test(start_paused = true)]
async fn a_failed_list_is_never_a_result() {
    let fake = FakeApiServer::new(|_, seen| {
        if seen.path == "/api/v1/resourcequotas" { status(404, "NotFound", "no such resource") } else { cluster(seen) }
    });
    read_all(&reader(&fake.client()), 0..20).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_drops_the_snapshot() {
    let fake =
        FakeApiServer::new(|_, seen| if seen.method == "PATCH" { Reply::Json(200, json!({})) } else { cluster(seen) });
    let client = fake.client();
    let reader = reader(&client);
    read_all(&reader, 0..20).await;
    let options = ApplyOptions { manager: "eod-test", force: true };
    client.apply(&shop(), &json!({}), options, &deadline(60)).await.unwrap();
    read_all(&reader, 7..8).await;
    assert_eq!(fake.log().len(), 3 + 1 + 3);
    assert_eq!(fake.lines().last().unwrap().matches("shop-pr-7").count(), 1);
    read_all(&reader, 0..20).await;
    assert_eq!(cluster_wide(&fake), 6);
}

#[tokio::test(start_paused = true)]
async fn abandoned_write_drops_the_snapshot_too() {
    let fake = FakeApiServer::new(|_, seen| if seen.method == "PATCH" { Reply::Hang } else { cluster(seen) });
    let client = fake.client();
    let reader = reader(&client);
    let (object, content, deadline) = (shop(), json!({}), deadline(60));
    let options = ApplyOptions { manager: "eod-test", force: true };
    tokio::select! {
        result = client.apply(&object, &content, options, &deadline) => panic!("{result:?}"),
        () = read_all(&reader, 0..20) => {}
    }
    assert_eq!(cluster_wide(&fake), 3);
    read_all(&reader, 0..20).await;
    assert_eq!(cluster_wide(&fake), 6);
}

#[tokio::test(start_paused = true)]
async fn namespaces_missing_in_a_snapshot_are_read_directly() {
    let fake = FakeApiServer::new(|_, seen| cluster(seen));
    let reader = reader(&fake.client());
    read_all(&reader, 0..20).await;
    assert_eq!(reader.read("absent", &deadline(60)).await.unwrap(), None);
    check(reader.read("unlabelled", &deadline(60)).await.unwrap(), "unlabelled");
}
