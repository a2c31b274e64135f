//! Search for the secrets of a run in all its files.
//!
//! Searched are the state and its backup, the saved plan as JSON, all output, and
//! the log of Terraform and provider at TRACE. The files with the secrets are outside
//! of the workspace, so no file has to be excluded.

use std::{fs, path::Path};

use eod_testkit::{
    access::Access,
    cluster::Cluster,
    fault::{Fault, FaultProxy},
};
use serde_json::json;
use tempfile::TempDir;

use crate::provider::{
    credentials::{Bare, network, plugin::Plugin, quoted},
    each,
    faults::story::expect_failure,
};

/// Create, update, a failed create and a destroy, with every possible result.
#[track_caller]
fn live(bare: &Bare, block: &str) {
    let workspace = &bare.workspace;
    let out = ["plan", "-no-color", "-out=saved"];
    workspace.run(&out).expect_ok();
    workspace.run(&["show", "-json", "saved"]).expect_ok();
    workspace.run(&["show", "-no-color", "saved"]).expect_ok();
    workspace.run(&["apply", "-no-color", "saved"]).expect_ok();
    workspace.run(&["show", "-json"]).expect_ok();
    bare.rewrite(block, "head_sha = \"0000001\"\n  quota = { pods = 21 }");
    workspace.run(&out).expect_ok();
    workspace.run(&["show", "-json", "saved"]).expect_ok();
    workspace.run(&["apply", "-no-color", "saved"]).expect_ok();
    workspace.expect_no_changes();
    // Also an error of the configuration.
    bare.rewrite(block, "tier = \"production\"");
    workspace.plan().expect_err("production");
    bare.rewrite(block, "");
    workspace.destroy().expect_ok();
}

#[track_caller]
fn assert_nowhere(bare: &Bare, secrets: &[&str]) {
    for secret in secrets {
        bare.workspace.assert_nowhere(secret, &[]);
    }
}

/// A file for one secret.
fn file(folder: &Path, name: &str, secret: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, secret).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn token_and_client_key_are_in_no_file() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let folder = TempDir::with_prefix("eod-secrets-").unwrap();
        let (certificate, key) = network::stranger();
        let read = |name: &str, secret: &str| format!("file({})", quoted(&file(folder.path(), name, secret)));
        let block = format!(
            "{{\n    host = {}\n    cluster_ca_certificate = {}\n    client_certificate = {}\n    client_key = {}\n    \
         token = {}\n  }}",
            quoted(cluster.server()),
            quoted(cluster.ca_pem()),
            read("client.crt", &certificate),
            read("client.key", &key),
            read("token", cluster.token()),
        );
        let bare = Bare::new(terraform, "canary-token", &block);
        live(&bare, &block);
        // Two lines of the key itself: the first line is the same for every key of this kind.
        let lines: Vec<_> = key.lines().collect();
        assert_nowhere(&bare, &[cluster.token(), lines[2], &lines[1][40..]]);
    });
}

#[test]
fn secrets_of_an_exec_plugin_are_in_no_file() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let proxy = FaultProxy::start(cluster);
        let folder = TempDir::with_prefix("eod-secrets-").unwrap();
        let plugin = Plugin::printing(cluster.token(), "echo \"a warning about $CANARY_VALUE\" >&2");
        let canary = "canary-value-of-a-variable";
        let env = format!("CANARY_VALUE = file({})", quoted(&file(folder.path(), "value", canary)));
        let block = plugin.block(&proxy.access().server, &env);
        let mut bare = Bare::new(terraform, "canary-plugin", &block);
        // Variables of the run must not be in the state or the log either.
        bare.workspace.set_env("CANARY_OF_THE_RUN", "canary-value-of-the-run");
        live(&bare, &block);

        // A create that fails in the middle, by an answer and by a lost connection.
        for fault in [Fault::status(403, "Forbidden", "not today"), Fault::HalfBody, Fault::DropBefore] {
            proxy.rule(|call| call.method == "PATCH" && call.path.contains("/limitranges/"), usize::MAX, fault);
            let run = bare.workspace.apply();
            expect_failure(run, &[&bare.name]);
            proxy.clear_rules();
        }
        proxy.rule(|_| true, usize::MAX, Fault::status(401, "Unauthorized", "no longer"));
        bare.workspace.plan().expect_err("credentials");
        proxy.clear_rules();
        bare.workspace.destroy().expect_ok();
        assert_nowhere(&bare, &[cluster.token(), canary, "canary-value-of-the-run"]);
    });
}

#[test]
fn secrets_of_a_kubeconfig_are_in_no_file() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let folder = TempDir::with_prefix("eod-secrets-").unwrap();
        let (certificate, key) = network::stranger();
        let text = fs::read_to_string(cluster.access().kubeconfig().path()).unwrap();
        let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
        config["users"][0]["user"]["client-certificate"] = file(folder.path(), "client.crt", &certificate).into();
        config["users"][0]["user"]["client-key"] = file(folder.path(), "client.key", &key).into();
        config["users"].as_array_mut().unwrap().push(json!({
            "name": "other", "user": { "username": "other", "password": "canary-password-of-another" },
        }));
        let path = file(folder.path(), "config", &config.to_string());
        let block = format!("{{ config_path = {} }}", quoted(&path));
        let bare = Bare::new(terraform, "canary-file", &block);
        live(&bare, &block);
        let lines: Vec<_> = key.lines().collect();
        assert_nowhere(&bare, &[cluster.token(), lines[2], "canary-password-of-another"]);
    });
}

#[test]
fn refused_credentials_are_in_no_file() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let folder = TempDir::with_prefix("eod-secrets-").unwrap();
        let token = "canary-token-that-nobody-accepts";
        let access = Access { token: token.to_owned(), ..cluster.access().clone() };
        let path = file(folder.path(), "config", &fs::read_to_string(access.kubeconfig().path()).unwrap());
        let bare = Bare::new(terraform, "canary-refused", &format!("{{ config_path = {} }}", quoted(&path)));
        bare.expect_refused(&["does not accept the credentials"]);
        // A token that is not valid in a header.
        let broken = file(folder.path(), "token", "canary token\nof two lines");
        bare.rewrite(&format!("{{ host = {}, token_path = {} }}", quoted(cluster.server()), quoted(&broken)), "");
        bare.expect_refused(&["characters that are not valid in a token"]);
        // An invalid key.
        let key =
            file(folder.path(), "key", "-----BEGIN PRIVATE KEY-----\ncanarykeythatisnone\n-----END PRIVATE KEY-----\n");
        let certificate = file(folder.path(), "crt", &network::stranger().0);
        bare.rewrite(
            &format!(
                "{{ host = {}, client_certificate = file({}), client_key = file({}), insecure = true }}",
                quoted(cluster.server()),
                quoted(&certificate),
                quoted(&key)
            ),
            "",
        );
        bare.expect_refused(&["is not usable for TLS"]);
        assert_nowhere(&bare, &[token, "canary token", "canarykeythatisnone"]);
    });
}
