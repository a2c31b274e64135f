//! Refusals name the mistake once: mount and path, missing capability, remedy. No copy is left incomplete.

use eod_testkit::{
    fault::Logged,
    terraform::Terraform,
    vault::{Vault, faults::errors},
    workspace::Run,
};

use super::{SOURCE, TARGET, VaultStory, run_story};

/// Applies, expects one error with all of these texts, and that nothing was created.
#[track_caller]
fn expect_refused(story: &VaultStory, said: &[&str]) -> Run {
    let run = said.iter().fold(story.apply(), |run, words| run.expect_err(words));
    assert_eq!(run.said().matches("Error: ").count(), 1, "{run}");
    let run = run.expect_said("in resource \"eod_vault_clone\" \"config\"");
    assert!(story.attributes_of("config").is_none(), "nothing was created\n{run}");
    run
}

#[test]
fn a_missing_or_unsupported_mount_is_named() {
    run_story("mounts", SOURCE, |story| {
        let mount = story.mount.clone();
        let block = |mount: &str, more: &str| {
            format!(
                "resource \"eod_vault_clone\" \"config\" {{\n  environment = \"pr-1\"\n  mount = \"{mount}\"\n  {SOURCE}\n  {more}\n}}\n"
            )
        };
        story.body(&block("nowhere", ""));
        expect_refused(
            story,
            &[
                "Cannot copy secret `nowhere/stage/shop`",
                "cannot find the mount of `nowhere`",
                "no secrets engine is mounted at `nowhere`, or the token has no right on any path below it",
                "check the mount, the namespace and the policy of the token",
            ],
        );
        story.body(&block(&mount, "target_mount = \"nowhere\""));
        expect_refused(
            story,
            &["Cannot create secret `nowhere/preview/pr-1/shop`", "cannot find the mount of `nowhere`"],
        );
        story.body(&block("cubbyhole", ""));
        expect_refused(story, &["it is an engine of type `cubbyhole`: secrets are copied on key-value engines only"]);
        story.expect_nothing_left();
    });
}

#[test]
fn removed_mount_is_an_error_and_not_a_missing_copy() {
    run_story("mount-gone", SOURCE, |story| {
        story.settle();
        story.vault.call("DELETE", &format!("sys/mounts/{}", story.mount), None);
        for run in [story.plan(), story.destroy()] {
            run.expect_err(&format!("Cannot read the metadata of secret `{}/{TARGET}`", story.mount))
                .expect_said(&format!("nothing is served at `{}/metadata/{TARGET}`", story.mount))
                .expect_said("check the mount and the namespace");
        }
        assert_eq!(story.results()[TARGET], "cloned");
    });
}

#[test]
fn kv_version_1_can_be_the_source_and_not_the_target() {
    run_story("version-1", "", |story| {
        let old = story.vault.mount_v1("version-1");
        story.vault.put_v1(&old, "stage/shop", &[("URL", "https://old.example")]);
        story.vault.put_v1(&old, "stage/shop/db", &[("A", "1")]);
        let mount = story.mount.clone();
        let block = |source: &str, target: &str| {
            format!(
                "resource \"eod_vault_clone\" \"config\" {{\n  environment = \"pr-1\"\n  mount = \"{source}\"\n  \
                 target_mount = \"{target}\"\n  {SOURCE}\n  recursive = true\n}}\n"
            )
        };
        story.body(&block(&old, &old));
        expect_refused(
            story,
            &[
                &format!("`{old}/preview/pr-1/shop"),
                "the mount is KV version 1, which cannot create a secret without overwriting and has no metadata",
                "use a mount of version 2 for the copies (`vault kv enable-versioning`); the source may be on version 1",
            ],
        );
        assert!(story.vault.get_v1(&old, "preview/pr-1/shop").is_none());
        story.body(&block(&old, &mount));
        story.settle();
        assert_eq!(story.get("preview/pr-1/shop").unwrap()["URL"], "https://old.example");
        assert!(story.key("preview/pr-1/shop")["source_version"].is_null());
        assert_eq!(story.marks("preview/pr-1/shop")["eod-src-version"], "none");
        // A copy stored before a kill is recognised without versions, too.
        story.vault.remove(&mount, "preview/pr-1/shop");
        story.vault.put(&mount, "preview/pr-1/shop", &[("URL", "https://old.example")]);
        story.forget();
        story.settle();
        let results: Vec<_> = story.results().into_values().collect();
        assert_eq!(results, ["adopted", "adopted"]);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn a_source_that_is_missing_or_deleted_is_named() {
    run_story("no-secret", "source_path = \"stage/none\"", |story| {
        let mount = story.mount.clone();
        expect_refused(
            story,
            &[
                "Vault: not found",
                &format!("Cannot copy secret `{mount}/stage/none`"),
                "there is no secret to copy at this path",
                "check `mount` and `source_path`, and set `recursive` for a folder",
            ],
        );
        story.vault.soft_delete(&mount, "stage/shop");
        story.arguments(SOURCE);
        let deleted = [
            &format!("Cannot copy secret `{mount}/stage/shop`"),
            "its newest version 1 is deleted",
            "restore it (`vault kv undelete`)",
        ];
        expect_refused(story, &deleted);
        story.vault.undelete(&mount, "stage/shop", &[1]);
        story.vault.destroy_versions(&mount, "stage/shop", &[1]);
        expect_refused(story, &deleted);
        // An empty subtree is a mistake, too.
        story.arguments("source_path = \"stage/none\"\nrecursive = true");
        expect_refused(story, &["there is no secret to copy at this path"]);
        story.expect_nothing_left();
    });
}

#[test]
fn error_for_a_pasted_source_path_has_the_right_path() {
    run_story("pasted", SOURCE, |story| {
        let mount = story.mount.clone();
        for path in [format!("{mount}/stage/shop"), "data/stage/shop".to_owned(), format!("{mount}/data/stage/shop")] {
            story.arguments(&format!("source_path = \"{path}\""));
            expect_refused(story, &["write `source_path = \"stage/shop\"`"]);
        }
        story.expect_nothing_left();
        story.arguments(SOURCE);
        story.settle();
    });
}

#[test]
fn a_missing_right_is_named_with_its_path() {
    run_story("rights", SOURCE, |story| {
        let mount = story.mount.clone();
        let source = format!("path \"{mount}/data/stage/*\" {{ capabilities = [\"read\"] }}\n");
        let data = format!("path \"{mount}/data/preview/*\" {{ capabilities = [\"create\", \"read\"] }}\n");
        let look = format!("path \"{mount}/metadata/preview/*\" {{ capabilities = [\"read\"] }}\n");
        let needs =
            |capability: &str, path: &str| format!("the token needs the capability `{capability}` on `{mount}/{path}`");
        let add = |capability: &str, path: &str| {
            format!("add the capability `{capability}` on `{mount}/{path}` to the token's policy")
        };
        for (policy, tried, needed, hint) in [
            (
                "path \"nothing\" { capabilities = [\"read\"] }".to_owned(),
                format!("cannot find the mount of `{mount}`"),
                "or the token has no right on any path below it".to_owned(),
                "check the mount, the namespace and the policy of the token".to_owned(),
            ),
            (
                data.clone(),
                format!("Cannot read secret `{mount}/stage/shop`"),
                needs("read", "data/stage/shop"),
                add("read", "data/stage/shop"),
            ),
            (
                source.clone(),
                format!("Cannot create secret `{mount}/{TARGET}`"),
                needs("create", &format!("data/{TARGET}")),
                add("create", &format!("data/{TARGET}")),
            ),
            (
                format!("{source}{look}"),
                format!("Cannot create secret `{mount}/{TARGET}`"),
                needs("create", &format!("data/{TARGET}")),
                add("create", &format!("data/{TARGET}")),
            ),
        ] {
            let token = story.vault.token_with(&[&story.vault.policy("rights", &policy)], "1h");
            story.token(&token);
            expect_refused(story, &["Vault: permission denied", &tried, &needed, &hint]);
            story.expect_nothing_left();
        }

        // A right that is missing only after the value was stored: no copy is lost.
        let token = story.vault.token_with(&[&story.vault.policy("rights", &format!("{source}{data}{look}"))], "1h");
        story.token(&token);
        story
            .apply()
            .expect_err(&format!("Cannot write the metadata of secret `{mount}/{TARGET}`"))
            .expect_said(&needs("update", &format!("metadata/{TARGET}")));
        assert!(story.is_tainted());
        let token = story.cloner(false);
        story.token(&token);
        story.settle();
        story.expect_whole("stage/shop", TARGET);

        // A refresh without the right reports it, and keeps the state.
        let token = story.vault.token_with(&[&story.vault.policy("rights", &source)], "1h");
        story.token(&token);
        story
            .plan()
            .expect_err(&format!("Cannot read the metadata of secret `{mount}/{TARGET}`"))
            .expect_said(&needs("read", &format!("metadata/{TARGET}")));
        assert_eq!(story.results()[TARGET], "cloned");
    });
}

#[test]
fn missing_vault_namespace_is_named() {
    run_story("namespace", SOURCE, |story| {
        story.provider("vault = { namespace = \"nobody/here\" }");
        let proxy = story.proxied();
        // The open-source server ignores namespaces; this is the response of a server that has them.
        let like =
            |call: &Logged| call.headers.get("x-vault-namespace").is_some_and(|name| name.as_bytes() == b"nobody/here");
        proxy.rule(like, usize::MAX, errors(404, &["no handler for route \"nobody/here\""]));
        let run = expect_refused(
            story,
            &[
                &format!("cannot find the mount of `{}`", story.mount),
                "check the mount, the namespace and the policy of the token",
            ],
        );
        run.expect_said("in namespace `nobody/here`");
        assert!(proxy.calls(like) > 0 && proxy.calls(|call| !like(call)) == 0, "{}", proxy.story());
    });
}

#[test]
fn refused_connection_is_reported_before_the_timeout() {
    run_story("unreachable", &format!("{SOURCE}\ntimeouts = {{ create = \"3s\" }}"), |story| {
        story.set_env("VAULT_ADDR", "http://127.0.0.1:9");
        expect_refused(
            story,
            &[
                "Vault is not available",
                "Vault at http://127.0.0.1:9 (from environment variable VAULT_ADDR) cannot be reached",
                "check the environment variable VAULT_ADDR and that the server is up",
            ],
        );
        for (address, why) in [
            ("ftp://vault", "`address` is not the URL of a server"),
            ("vault:8200", "the environment variable VAULT_ADDR"),
        ] {
            story.set_env("VAULT_ADDR", address);
            story.plan().expect_err(why);
        }
    });
}

#[test]
fn neither_a_server_nor_a_token_is_guessed() {
    run_story("nothing-named", SOURCE, |story| {
        // Defaults of the official client.
        std::fs::write(story.path().with_file_name("home").join(".vault-token"), story.vault.token()).unwrap();
        story.unset_env("VAULT_TOKEN");
        expect_refused(
            story,
            &[
                "no credentials for Vault are configured",
                "set `vault.auth` (`token`, `approle`, `kubernetes` or `jwt`)",
                "or VAULT_TOKEN",
            ],
        );
        let token = story.vault.token();
        story.token(token);
        story.unset_env("VAULT_ADDR");
        expect_refused(story, &["no Vault is configured", "set `vault.address` in the provider block, or VAULT_ADDR"]);
        story.token(&format!("{token}\n"));
        story.plan().expect_err("`auth.token` contains a character that is not valid in an HTTP header");
        story.set_env("VAULT_SKIP_VERIFY", "maybe");
        story.plan().expect_err("VAULT_SKIP_VERIFY is `maybe`: expected `true` or `false`");
    });
}

/// A story on its own server.
#[track_caller]
fn on(vault: &Vault, test: &str) -> VaultStory {
    let mut story = VaultStory::new(Terraform::first(), test, SOURCE);
    let mount = vault.mount(test);
    vault.put(&mount, "stage/shop", &[("URL", "https://stage.example"), ("KEY", "stage-key")]);
    story.mount = mount;
    story.arguments(SOURCE);
    story.set_env("VAULT_ADDR", vault.address());
    story.set_env("VAULT_TOKEN", vault.token());
    story.unset_env("VAULT_CACERT");
    story
}

#[test]
fn sealed_server_is_named_and_the_state_is_kept() {
    let vault = Vault::own();
    let story = on(&vault, "sealed");
    story.settle();
    vault.seal();
    for run in [story.plan(), story.apply(), story.destroy()] {
        run.expect_err("Vault is not available")
            .expect_said("Vault is sealed")
            .expect_said("unseal Vault (`vault operator unseal`) and run again")
            .expect_said(&format!("`{}/{TARGET}`", story.mount));
    }
    assert_eq!(story.results()[TARGET], "cloned");
    vault.unseal();
    story.expect_no_changes();
    story.destroy().expect_ok();
    vault.seal();
    expect_refused(&story, &["Vault is sealed"]);
}

#[test]
fn certificate_is_verified_unless_skip_verify_is_set() {
    let vault = Vault::own_tls();
    let mut story = on(&vault, "tls");
    let untrusted = format!(
        "the certificate of Vault at {} (from environment variable VAULT_ADDR) is not trusted",
        vault.address()
    );
    let untrusted = [untrusted.as_str(), "set `vault.ca_cert` (VAULT_CACERT) to the certificate authority"];
    expect_refused(&story, &untrusted);
    // A variable that is set and empty, as in pipelines, does not mean yes.
    story.set_env("VAULT_SKIP_VERIFY", "");
    expect_refused(&story, &untrusted);
    story.set_env("VAULT_CACERT", "does/not/exist.pem");
    expect_refused(
        &story,
        &["cannot read the certificate authority from `does/not/exist.pem`", "check `vault.ca_cert` (VAULT_CACERT)"],
    );
    story.set_env("VAULT_CACERT", "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n");
    expect_refused(
        &story,
        &["the certificate authority contains no valid certificate: expected PEM, or the path of a PEM file"],
    );

    // A file, a text, and `skip_verify`.
    std::fs::write(story.path().join("ca.pem"), vault.ca_pem().unwrap()).unwrap();
    story.set_env("VAULT_CACERT", "ca.pem");
    story.settle();
    story.unset_env("VAULT_CACERT");
    story.provider("vault = { ca_cert = file(\"ca.pem\") }");
    story.expect_no_changes();
    story.provider("vault = { skip_verify = true }");
    story.expect_no_changes();
    story.provider("");
    story.set_env("VAULT_SKIP_VERIFY", "true");
    story.destroy().expect_ok();
    assert_eq!(vault.list(&story.mount, "preview"), Vec::<String>::new());
}
