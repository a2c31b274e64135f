//! Every login method, on the real server.

use std::fs;

use eod_testkit::cluster::Cluster;
use serde_json::json;

use super::{SOURCE, TARGET, VaultStory, run_story};

/// Sets `vault.auth` and removes the token from the environment.
fn auth(story: &mut VaultStory, block: &str) {
    story.unset_env("VAULT_TOKEN");
    story.provider(&format!("vault = {{\n  auth = {{ {block} }}\n}}"));
}

/// The copy is created, exists and is destroyed.
#[track_caller]
fn expect_life(story: &VaultStory) {
    story.settle();
    story.expect_whole("stage/shop", TARGET);
    story.destroy().expect_ok();
    story.expect_nothing_left();
}

/// A file next to the configuration, as an argument.
fn file(story: &VaultStory, text: &str) -> String {
    let path = story.path().join("credential");
    fs::write(&path, text).unwrap();
    json!(path).to_string()
}

#[test]
fn a_token_comes_from_the_block_or_the_environment() {
    run_story("login-token", SOURCE, |story| {
        let token = story.cloner(false);
        auth(story, &format!("token = \"{token}\""));
        expect_life(story);
        // The block has priority over the environment.
        story.token("hvs.of-nobody");
        expect_life(story);
        story.provider("");
        story
            .apply()
            .expect_err("Vault does not accept the credentials")
            .expect_said("Vault does not accept the token: it is wrong, has expired or was revoked");
        story.assert_nowhere("hvs.of-nobody", &[]);
    });
}

#[test]
fn token_needs_neither_lookup_self_nor_renewal() {
    run_story("login-poor-token", SOURCE, |story| {
        let mount = &story.mount;
        let policy = format!(
            "path \"{mount}/data/stage/*\" {{ capabilities = [\"read\"] }}\n\
             path \"{mount}/data/preview/*\" {{ capabilities = [\"create\"] }}\n\
             path \"{mount}/metadata/preview/*\" {{ capabilities = [\"read\", \"create\", \"update\", \"delete\"] }}"
        );
        let policy = story.vault.policy("poor", &policy);
        for kind in [json!({ "no_default_policy": true }), json!({ "type": "batch" })] {
            let mut body = json!({ "policies": [policy], "ttl": "1h", "no_parent": true });
            body.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
            let (status, answer) = story.vault.call("POST", "auth/token/create", Some(&body));
            assert_eq!(status, 200, "{answer}");
            story.token(answer["auth"]["client_token"].as_str().unwrap());
            expect_life(story);
        }
    });
}

#[test]
fn an_approle_logs_in_once_in_every_process() {
    run_story("login-approle", SOURCE, |story| {
        let role = story.vault.approle(&[&story.cloner_policy(false)], "1h");
        let block = |secret: &str| {
            format!(
                "approle = {{ role_id = \"{}\", secret_id = \"{secret}\", mount = \"{}\" }}",
                role.role_id, role.mount
            )
        };
        auth(story, &block(&role.secret_id));
        let proxy = story.proxied();
        story.apply().expect_ok();
        assert_eq!(proxy.calls(|call| call.path == format!("/v1/auth/{}/login", role.mount)), 1, "{}", proxy.story());
        assert_eq!(proxy.calls(|call| call.path.contains("/token/create")), 0, "{}", proxy.story());
        story.expect_whole("stage/shop", TARGET);
        story.destroy().expect_ok();

        auth(story, &block("a-wrong-secret-id"));
        story
            .apply()
            .expect_err("Vault does not accept the credentials")
            .expect_said(&format!("cannot log in to Vault by approle at `auth/{}`", role.mount))
            .expect_said("the role or its secret is wrong, expired or used up, or the auth mount does not exist");
        let wrong = block(&role.secret_id).replace(&format!("mount = \"{}\"", role.mount), "mount = \"nowhere\"");
        auth(story, &wrong);
        story.apply().expect_err("cannot log in to Vault by approle at `auth/nowhere`");
        story.expect_nothing_left();
    });
}

#[test]
fn a_jwt_is_given_or_read_from_a_file() {
    run_story("login-jwt", SOURCE, |story| {
        let login = story.vault.jwt(&[&story.cloner_policy(false)], "1h");
        let block = |how: &str| format!("jwt = {{ role = \"{}\", mount = \"{}\", {how} }}", login.role, login.mount);
        auth(story, &block(&format!("token = \"{}\"", login.jwt)));
        expect_life(story);
        let path = file(story, &format!("{}\n", login.jwt));
        auth(story, &block(&format!("token_path = {path}")));
        expect_life(story);

        file(story, "not.a.jwt");
        story.apply().expect_err(&format!("cannot log in to Vault by jwt at `auth/{}`", login.mount));
        file(story, "");
        story.apply().expect_err("contains no token, or more than one line");
        auth(story, &block("token_path = \"does/not/exist\""));
        story.apply().expect_err("cannot read the JWT from `does/not/exist`");
        auth(story, &block(""));
        story.plan().expect_err("Exactly one of `token` and `token_path` is required");
    });
}

#[test]
fn service_account_logs_in_and_pods_read_their_copies() {
    run_story("login-kubernetes", SOURCE, |story| {
        let login = story.vault.kubernetes(Cluster::shared(), &[&story.cloner_policy(false)], "1h");
        let path = file(story, &login.jwt);
        auth(
            story,
            &format!("kubernetes = {{ role = \"{}\", mount = \"{}\", token_path = {path} }}", login.role, login.mount),
        );
        expect_life(story);

        // The policy for all pods: the service accounts of the tests are in the namespace `default`.
        let mounts = story.vault.call("GET", "sys/auth", None).1;
        let accessor = mounts["data"][format!("{}/", login.mount)]["accessor"].as_str().unwrap().to_owned();
        let mut writer = story.elsewhere();
        writer.body(&format!(
            "output \"policy\" {{\n  value = provider::eod::vault_reader_policy(\"{}\", null, \"{accessor}\")\n}}\n",
            story.mount
        ));
        writer.apply().expect_ok();
        let policy = story.vault.policy("pods", writer.output("policy").as_str().unwrap());
        let pod = story.vault.kubernetes(Cluster::shared(), &[&policy], "1h");
        let token = story.vault.login_jwt(&pod);
        story.vault.put(&story.mount, "preview/default/shop", &[("A", "1")]);
        story.vault.put(&story.mount, "preview/default-2/shop", &[("A", "1")]);
        let read = |path: &str| story.vault.client(&token).call("GET", &format!("{}/data/{path}", story.mount), None).0;
        assert_eq!((read("preview/default/shop"), read("preview/default-2/shop"), read("stage/shop")), (200, 403, 403));
    });
}

#[test]
fn exactly_one_login_method_is_required() {
    run_story("login-two", SOURCE, |story| {
        auth(story, "token = \"a\", approle = { role_id = \"r\", secret_id = \"s\" }");
        let run = story.plan().expect_err("Exactly one of `token`, `approle`, `kubernetes` and `jwt` is required");
        run.expect_said("keep one of them, or remove `auth` to take the token from VAULT_TOKEN");
        auth(story, "approle = { role_id = \"r\", secret_id = \"s\", mount = \"../token\" }");
        story.plan().expect_err("expected the path of an auth mount without `auth/`, such as `approle`");
        auth(story, "token = \"\"");
        story.plan().expect_err("Invalid vault.auth.token").expect_said("got an empty string");
    });
}
