//! The key-value engine, mounts and TLS on a real Vault.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::server::Server;
use crate::{
    ErrorKind,
    vault::{
        Created, KvVersion, ListedName, MountInfo, SecretMap, SecretRead, VaultSettings, Written,
        tests::fake::{client, deadline},
    },
};
use eod_domain::vault::{SecretPath, SecretRef};

fn path(text: &str) -> SecretPath {
    text.parse().unwrap()
}

fn map(entries: &[(&str, &str)]) -> SecretMap {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_secret_is_created_read_and_deleted() {
    let server = Server::shared().await;
    let engine = server.engine("life").await;
    let vault = server.client(server.root());
    let (deadline, shop) = (deadline(), path("stage/a b/größe 100%?#"));
    assert!(matches!(vault.read(&engine, &shop, None, &deadline).await, Ok(SecretRead::Absent)));
    assert_eq!(vault.metadata(&engine, &shop, &deadline).await.unwrap(), None);

    let Created::Stored(first) = vault.create(&engine, &shop, &map(&[("A", "1")]), &deadline).await.unwrap() else {
        panic!("not created")
    };
    assert_eq!(first.version, 1);
    let again = vault.create(&engine, &shop, &map(&[("A", "2")]), &deadline).await.unwrap();
    assert!(matches!(again, Created::Exists { after_silence: false }));
    let second = vault.write_cas(&engine, &shop, &map(&[("A", "3")]), 1, &deadline).await.unwrap();
    assert!(matches!(second, Written::Stored(receipt) if receipt.version == 2));
    let late = vault.write_cas(&engine, &shop, &map(&[("A", "4")]), 1, &deadline).await.unwrap();
    assert!(matches!(late, Written::Conflict { after_silence: false }));

    let custom = BTreeMap::from([("team".to_owned(), "checkout".to_owned())]);
    vault.set_custom_metadata(&engine, &shop, &custom, &deadline).await.unwrap();
    let metadata = vault.metadata(&engine, &shop, &deadline).await.unwrap().unwrap();
    assert_eq!((metadata.current_version, metadata.versions.len()), (2, 2));
    assert_eq!(metadata.custom_metadata, custom);
    assert_eq!(Some(&metadata.versions[&1].created_time), first.created_time.as_ref());
    for (version, value) in [(None, "3"), (Some(1), "1")] {
        let SecretRead::Secret(secret) = vault.read(&engine, &shop, version, &deadline).await.unwrap() else {
            panic!("gone")
        };
        assert_eq!(secret.data.get("A"), Some(&json!(value)));
        assert_eq!(secret.custom_metadata, custom);
    }

    server.admin("DELETE", &format!("life/data/{shop}").replace('?', "%3F"), Value::Null).await;
    vault.delete_all(&engine, &shop, &deadline).await.unwrap();
    vault.delete_all(&engine, &shop, &deadline).await.unwrap();
    assert_eq!(vault.metadata(&engine, &shop, &deadline).await.unwrap(), None);
}

#[tokio::test]
async fn a_deleted_version_and_an_absent_secret_are_different_results() {
    let server = Server::shared().await;
    let engine = server.engine("deleted").await;
    let vault = server.client(server.root());
    server.put(&engine, "x", json!({ "A": "1" })).await;
    server.admin("DELETE", "deleted/data/x", Value::Null).await;
    let found = vault.read(&engine, &path("x"), None, &deadline()).await.unwrap();
    assert!(matches!(found, SecretRead::Deleted { version: Some(1) }), "{found:?}");
    let metadata = vault.metadata(&engine, &path("x"), &deadline()).await.unwrap().unwrap();
    assert!(metadata.facts(std::time::SystemTime::now()).deleted);
    let create = vault.create(&engine, &path("x"), &map(&[]), &deadline()).await.unwrap();
    assert!(matches!(create, Created::Exists { .. }), "a deleted secret is not created again");
}

#[tokio::test]
async fn all_names_are_listed_at_once_with_folders() {
    let server = Server::shared().await;
    let engine = server.engine("names").await;
    let vault = server.client(server.root());
    for name in ["a", "a/b", "a b", "z/deep/er"] {
        server.put(&engine, name, json!({ "A": "1" })).await;
    }
    let entry = |name: &str, is_folder| ListedName { name: name.to_owned(), is_folder };
    let listed = vault.list(&engine, None, &deadline()).await.unwrap();
    assert_eq!(listed, [entry("a", false), entry("a b", false), entry("a", true), entry("z", true)].map(|e| e));
    assert_eq!(vault.list(&engine, Some(&path("z/deep")), &deadline()).await.unwrap(), [entry("er", false)]);
    assert_eq!(vault.list(&engine, Some(&path("nothing")), &deadline()).await.unwrap(), []);
    let writes = (0..300).map(|number| {
        let engine = engine.clone();
        async move { server.put(&engine, &format!("many/k{number:03}"), json!({ "A": "1" })).await }
    });
    futures::future::join_all(writes).await;
    assert_eq!(vault.list(&engine, Some(&path("many")), &deadline()).await.unwrap().len(), 300);
}

#[tokio::test]
async fn mounts_are_found_and_wrong_ones_are_reported() {
    let server = Server::shared().await;
    server.engine("team/kv").await;
    let vault = server.client(server.root());
    assert_eq!(vault.mount(&"secret".parse().unwrap(), &deadline()).await.unwrap().version, KvVersion::V2);
    assert_eq!(vault.mount(&"kv1".parse().unwrap(), &deadline()).await.unwrap().version, KvVersion::V1);
    for (mount, words) in [
        ("nowhere", "no secrets engine is mounted at `nowhere`"),
        ("secret/stage", "it is on the mount `secret`"),
        ("cubbyhole", "engine of type `cubbyhole`"),
    ] {
        let error = vault.mount(&mount.parse().unwrap(), &deadline()).await.unwrap_err();
        assert!(error.chain().contains(words), "{}", error.chain());
    }
    let whole: SecretRef = "team/kv/stage/shop".parse().unwrap();
    let (mount, secret) = vault.split(&whole, &deadline()).await.unwrap();
    assert_eq!((mount.path.as_str(), secret.path().as_str()), ("team/kv", "stage/shop"));
    let error = vault.split(&"team/kv".parse().unwrap(), &deadline()).await.unwrap_err();
    assert!(error.chain().contains("is a mount and not a secret"), "{}", error.chain());
    let weak = server.client(server.token(&["default"]).await);
    let error = weak.mount(&"secret".parse().unwrap(), &deadline()).await.unwrap_err();
    assert!(error.chain().contains("or the token has no right"), "{}", error.chain());
    let url = vault.ui_url(&"secret/stage/a b".parse().unwrap()).unwrap();
    assert_eq!(url, format!("{}/ui/vault/secrets/secret/show/stage/a%20b", server.address));
}

#[tokio::test]
async fn version_1_is_read_and_never_written() {
    let server = Server::shared().await;
    server.admin("POST", "kv1/archive/old", json!({ "A": "1" })).await;
    let vault = server.client(server.root());
    let kv1 = MountInfo { path: "kv1".parse().unwrap(), version: KvVersion::V1 };
    let SecretRead::Secret(secret) = vault.read(&kv1, &path("archive/old"), None, &deadline()).await.unwrap() else {
        panic!("gone")
    };
    assert_eq!((secret.version, secret.data.get("A")), (None, Some(&json!("1"))));
    assert!(matches!(vault.read(&kv1, &path("archive/none"), None, &deadline()).await, Ok(SecretRead::Absent)));
    assert_eq!(vault.list(&kv1, Some(&path("archive")), &deadline()).await.unwrap().len(), 1);
    let error = vault.create(&kv1, &path("archive/new"), &secret.data, &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.chain().contains("KV version 1"), "{}", error.chain());
}

#[tokio::test]
async fn untrusted_certificates_and_sealed_servers_are_reported() {
    let server = Server::start(&["--tls"]);
    let authority = server.authority.clone().unwrap();
    let with = |ca_cert: Option<String>, skip_verify| {
        let (address, auth) = (Some(server.address.clone()), Some(server.root()));
        client(VaultSettings { address, ca_cert, skip_verify, auth, ..VaultSettings::default() })
    };
    let pem = std::fs::read_to_string(&authority).unwrap();
    for vault in [with(Some(authority.clone()), None), with(Some(pem.clone()), Some(false)), with(None, Some(true))] {
        vault.lookup_self(&deadline()).await.unwrap();
    }
    let error = with(None, None).lookup_self(&deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.chain().contains("is not trusted"), "{}", error.chain());
    let empty =
        VaultSettings::default().or_environment(|name| (name == "VAULT_SKIP_VERIFY").then(String::new)).unwrap();
    let empty = VaultSettings { address: Some(server.address.clone()), auth: Some(server.root()), ..empty };
    assert!(client(empty).lookup_self(&deadline()).await.is_err(), "an empty VAULT_SKIP_VERIFY does not turn it off");
    for bad in ["-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n", "-----BEGIN nothing"] {
        let error = with(Some(bad.to_owned()), None).lookup_self(&deadline()).await.unwrap_err();
        assert!(error.chain().contains("no valid certificate"), "{}", error.chain());
    }

    let vault = with(Some(authority), None);
    vault.lookup_self(&deadline()).await.unwrap();
    server.admin("PUT", "sys/seal", Value::Null).await;
    let error = vault.read(&MountInfo::v2("secret".parse().unwrap()), &path("x"), None, &deadline()).await.unwrap_err();
    assert!(error.chain().contains("Vault is sealed"), "{}", error.chain());
    server.ask("PUT", "sys/unseal", json!({ "key": server.unseal_key }), "").await;
    vault.lookup_self(&deadline()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_namespace_is_named() {
    let server = Server::shared().await;
    let (address, auth) = (Some(server.address.clone()), Some(server.root()));
    let vault = client(VaultSettings { address, auth, namespace: Some("nobody".into()), ..VaultSettings::default() });
    // The open-source server has no namespaces and refuses or ignores the header; a secret must not be found elsewhere.
    match vault.mount(&"nowhere-at-all".parse().unwrap(), &deadline()).await {
        Ok(mount) => panic!("found {mount:?}"),
        Err(error) => assert!(error.chain().contains("namespace"), "{}", error.chain()),
    }
}
