//! Kinds of Vault servers: own, given, and a program on `PATH`. Own servers remove their files.

use std::{fs, net::TcpStream, os::unix::fs::PermissionsExt};

use eod_testkit::{
    access::Access,
    vault::{
        Client, Vault,
        server::{self, VaultServer},
    },
};
use tempfile::TempDir;

/// Permissions of a file.
fn mode(file: &std::path::Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn server_stops_and_removes_its_files_when_dropped() {
    let server = VaultServer::start(false).unwrap();
    let folder = server.audit.parent().unwrap().to_owned();
    let address = server.access.server.strip_prefix("http://").unwrap().to_owned();
    for file in ["token", "unseal-key", "audit.log"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    TcpStream::connect(&address).unwrap();
    drop(server);
    TcpStream::connect(&address).unwrap_err();
    assert!(eod_testkit::keep_folders() || !folder.exists());
}

#[test]
fn own_server_has_the_usual_engines() {
    let vault = Vault::own();
    assert_eq!(vault.put("secret", "app", &[("key", "value")]), 1);
    assert_eq!(vault.get("secret", "app").unwrap()["key"], "value");
    vault.put_v1("kv1", "app", &[("key", "value")]);
    assert_eq!(vault.get_v1("kv1", "app").unwrap()["key"], "value");
    assert_eq!(vault.ca_pem(), None);
    let (_, health) = vault.call("GET", "sys/health", None);
    assert_eq!((&health["version"], &health["sealed"]), (&"1.14.1".into(), &false.into()));
}

#[test]
fn https_needs_the_ca_certificate_of_the_server() {
    let vault = Vault::own_tls();
    assert!(vault.address().starts_with("https://127.0.0.1:"));
    vault.put("secret", "app", &[("key", "value")]);
    let access = |ca_pem: Option<&str>| Access {
        server: vault.address().to_owned(),
        ca_pem: ca_pem.map(str::to_owned),
        token: vault.token().to_owned(),
    };
    assert_eq!(Client::new(&access(vault.ca_pem())).call("GET", "secret/data/app", None).0, 200);
    let other = Vault::own_tls();
    for wrong in [None, other.ca_pem()] {
        let error = Client::new(&access(wrong)).try_call("GET", "secret/data/app", None).unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    // The proxy accepts HTTP and calls the server with HTTPS.
    let proxy = vault.proxy();
    assert_eq!(Client::new(proxy.access()).call("GET", "secret/data/app", None).0, 200);
}

#[test]
fn a_given_server_is_used_unchanged() {
    let ours = Vault::own();
    let given = VaultServer::given(&format!("{}/", ours.address()), ours.token().to_owned(), None).unwrap();
    assert_eq!(given.access.server, ours.address());
    assert!(!given.ours());
    let vault = Vault::new(given, true);
    let mount = vault.mount("given");
    vault.put(&mount, "app", &[("key", "value")]);
    vault.get(&mount, "app").unwrap();
    assert!(vault.audit().was_read(&mount, "app"));
    // The auth method has a path of its own, because `approle` may be in use.
    assert_ne!(vault.approle(&["default"], "5m").mount, "approle");
    let error = VaultServer::given(ours.address(), "wrong".to_owned(), None).err().unwrap();
    assert!(error.contains("refuses the token: 403"), "{error}");
}

#[test]
fn a_server_without_an_audit_log_gets_one() {
    let ours = Vault::own();
    ours.client(ours.token()).done("DELETE", "sys/audit/file", None);
    let given = VaultServer::given(ours.address(), ours.token().to_owned(), None).unwrap();
    let log = given.audit.clone();
    let vault = Vault::new(given, true);
    let mount = vault.mount("unlogged");
    vault.put(&mount, "app", &[("key", "canary-unlogged")]);
    vault.get(&mount, "app").unwrap();
    assert!(vault.audit().value_ever_returned("canary-unlogged"));
    fs::remove_file(log).unwrap();
}

/// A script acts as `vault server -dev`: it runs the kit's own server on the address from the environment and prints
/// the unseal key and the root token.
#[test]
fn a_program_on_path_is_run_in_development_mode() {
    let folder = TempDir::with_prefix("eod-vault-program-").unwrap();
    let program = folder.path().join("vault");
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = 'server -dev -dev-no-store-token' ] || exit 2\n\
         '{}' --dir '{}' --address \"$VAULT_DEV_LISTEN_ADDRESS\" &\n\
         server=$!; trap 'kill $server; wait $server; exit 0' TERM\n\
         until [ -s '{1}/unseal-key' ] && [ -s '{1}/audit.log' ]; do sleep 0.1; done\n\
         echo \"Unseal Key: $(cat '{1}/unseal-key')\"\necho \"Root Token: $(cat '{1}/token')\"\nwait\n",
        server::binary().unwrap().display(),
        folder.path().join("data").display(),
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let server = VaultServer::develop(&program).unwrap();
    assert!(server.ours());
    let address = server.access.server.strip_prefix("http://").unwrap().to_owned();
    let vault = Vault::new(server, false);
    let mount = vault.mount("development");
    vault.put(&mount, "app", &[("key", "value")]);
    vault.seal();
    vault.unseal();
    vault.get(&mount, "app").unwrap();
    assert!(vault.audit().was_read(&mount, "app"));
    drop(vault);
    TcpStream::connect(&address).unwrap_err();
}
