//! Files with credentials: missing, invalid or expired.

use std::{fs, path::PathBuf};

use eod_testkit::{
    access::Access,
    cluster::Cluster,
    fault::{Fault, FaultProxy},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::provider::{
    credentials::{Bare, Decoy, quoted},
    each,
};

/// The administrator's kubeconfig, changed.
fn changed(change: impl FnOnce(&mut Value)) -> (TempDir, PathBuf) {
    let folder = TempDir::with_prefix("eod-kubeconfig-").unwrap();
    let path = folder.path().join("config");
    let text = fs::read_to_string(Cluster::shared().access().kubeconfig().path()).unwrap();
    let mut config = serde_json::from_str(&text).unwrap();
    change(&mut config);
    fs::write(&path, config.to_string()).unwrap();
    (folder, path)
}

#[test]
fn a_missing_file_is_named() {
    each(|terraform| {
        for variable in ["KUBE_CONFIG_PATH", "KUBECONFIG"] {
            let mut bare = Bare::new(terraform, "no-file", "");
            bare.workspace.set_env(variable, "/nowhere/kubeconfig");
            assert_eq!(bare.workspace.plan_exit_code(), 2, "planning reads no file");
            bare.expect_refused(&["there is no kubeconfig at /nowhere/kubeconfig", variable]);
        }
        let bare = Bare::new(terraform, "no-file", "{ config_path = \"/nowhere/kubeconfig\" }");
        bare.expect_refused(&["there is no kubeconfig at /nowhere/kubeconfig", "`config_path`"]);
    });
}

#[test]
fn invalid_file_is_named_and_not_quoted() {
    each(|terraform| {
        let folder = TempDir::with_prefix("eod-kubeconfig-").unwrap();
        let path = folder.path().join("broken");
        fs::write(&path, "users: [ { name: a, user: { token: canary-in-a-broken-file").unwrap();
        let mut bare = Bare::new(terraform, "broken-file", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", &path);
        bare.expect_refused(&["broken is not a valid kubeconfig"]);
        bare.workspace.assert_nowhere("canary-in-a-broken-file", &[]);
    });
}

#[test]
fn a_missing_context_is_named_with_the_existing_ones() {
    each(|terraform| {
        let (_folder, path) = changed(|config| {
            let mut other = config["contexts"][0].clone();
            other["name"] = "other".into();
            config["contexts"].as_array_mut().unwrap().push(other);
        });
        let mut bare = Bare::new(terraform, "no-context", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", &path);
        bare.workspace.set_env("KUBE_CTX", "absent");
        bare.expect_refused(&["context `absent` is not in", "test, other"]);
        bare.workspace.set_env("KUBE_CTX", "other");
        bare.expect_works();

        let (_folder, path) = changed(|config| config["current-context"] = "".into());
        let path = quoted(path.to_str().unwrap());
        let bare = Bare::new(terraform, "no-current", &format!("{{ config_path = {path} }}"));
        bare.expect_refused(&["no context is set", "`config_context`", "its contexts are test"]);
        bare.rewrite(&format!("{{ config_path = {path}, config_context = \"test\" }}"), "");
        bare.expect_works();
    });
}

#[test]
fn list_of_files_is_merged() {
    each(|terraform| {
        let (_one, users) = changed(|config| {
            let config = config.as_object_mut().unwrap();
            config.remove("clusters");
            config.remove("contexts");
            config.remove("current-context");
        });
        let (_two, rest) = changed(|config| drop(config.as_object_mut().unwrap().remove("users")));
        let mut bare = Bare::new(terraform, "joined", "");
        let list = std::env::join_paths([PathBuf::from("/nowhere/absent"), users, rest]).unwrap();
        bare.workspace.set_env("KUBECONFIG", list);
        bare.expect_works();
    });
}

#[test]
fn a_wrong_token_is_reported_with_advice() {
    each(|terraform| {
        let access = Access { token: "not-a-token-of-this-cluster".to_owned(), ..Cluster::shared().access().clone() };
        let kubeconfig = access.kubeconfig();
        let mut bare = Bare::new(terraform, "wrong-token", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", kubeconfig.path());
        bare.expect_refused(&["does not accept the credentials", "renew"]);
        bare.workspace.assert_nowhere("not-a-token-of-this-cluster", &[]);
    });
}

#[test]
fn a_token_file_is_read_again_when_its_token_has_expired() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let folder = TempDir::with_prefix("eod-token-").unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "an-expired-token").unwrap();
        let proxy = FaultProxy::start(cluster);
        let block =
            format!("{{ host = {}, token_path = {} }}", quoted(&proxy.access().server), quoted(file.to_str().unwrap()));
        let bare = Bare::new(terraform, "token-file", &block);
        // The expired token is refused by the real server, and has not been renewed.
        bare.expect_refused(&["does not accept the credentials", "renew"]);
        // The token is renewed during the first refusal.
        let (path, token) = (file.clone(), cluster.token().to_owned());
        let renew = move |_: &_| fs::write(&path, format!("{token}\n")).is_ok();
        proxy.rule(renew, 1, Fault::status(401, "Unauthorized", "the token has expired"));
        bare.workspace.apply().expect_ok();
        proxy.assert_rules_used();
        // And in the middle of an update.
        bare.rewrite(&block, "quota = { pods = 21 }");
        proxy.rule(|call| call.method == "PATCH", 1, Fault::status(401, "Unauthorized", "the token has expired"));
        bare.workspace.apply().expect_ok();
        proxy.assert_rules_used();
        bare.workspace.expect_no_changes();
        bare.discard();
    });
}

#[test]
fn missing_token_file_is_named() {
    each(|terraform| {
        let server = quoted(Cluster::shared().server());
        let bare = Bare::new(
            terraform,
            "no-token",
            &format!("{{ host = {server}, token_path = \"/nowhere/token\", insecure = true }}"),
        );
        bare.expect_refused(&["cannot read the token file /nowhere/token"]);
    });
}

#[test]
fn removed_auth_provider_is_named() {
    each(|terraform| {
        let (_folder, path) = changed(|config| {
            config["users"][0]["user"] = json!({ "auth-provider": { "name": "gcp" } });
        });
        let mut bare = Bare::new(terraform, "auth-provider", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", &path);
        bare.expect_refused(&["auth provider `gcp`", "exec plugin"]);
    });
}

#[test]
fn missing_credentials_keep_the_environment_in_the_state() {
    each(|terraform| {
        let decoy = Decoy::new();
        let path = quoted(Cluster::shared().kubeconfig().to_str().unwrap());
        let mut bare = Bare::new(terraform, "lost-login", &format!("{{ config_path = {path} }}"));
        decoy.tempt(&mut bare.workspace);
        bare.workspace.apply().expect_ok();
        bare.rewrite("{ config_path = \"/nowhere/kubeconfig\" }", "");
        bare.workspace.plan().expect_err("there is no kubeconfig at /nowhere/kubeconfig");
        bare.workspace.destroy().expect_err("there is no kubeconfig at /nowhere/kubeconfig");
        assert!(bare.exists());
        bare.rewrite(&format!("{{ config_path = {path} }}"), "");
        bare.workspace.expect_no_changes();
        decoy.assert_unseen();
        bare.discard();
    });
}
