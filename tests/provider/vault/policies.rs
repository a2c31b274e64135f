//! The provider's generated policies on a real server: allowed and denied operations.

use eod_domain::vault::{Globs, MountPath, reaper_policy};
use serde_json::{Value, json};

use super::{SOURCE, TARGET, VaultStory, run_story};

/// The policy that a call of one of the provider's functions returns.
#[track_caller]
fn generated_text(story: &VaultStory, call: &str) -> String {
    let elsewhere = {
        let mut elsewhere = story.elsewhere();
        elsewhere.body(&format!("output \"policy\" {{\n  value = provider::eod::{call}\n}}\n"));
        elsewhere.apply().expect_ok();
        elsewhere
    };
    elsewhere.output("policy").as_str().unwrap().to_owned()
}

/// Name on the server of the policy that a call of one of the provider's functions returns.
#[track_caller]
fn generated(story: &VaultStory, call: &str) -> String {
    story.vault.policy("generated", &generated_text(story, call))
}

/// The status of a write of a value with a token.
#[track_caller]
fn write(story: &VaultStory, token: &str, path: &str) -> u16 {
    let body = json!({ "data": { "A": "1" } });
    story.vault.client(token).call("POST", &format!("{}/data/{path}", story.mount), Some(&body)).0
}

/// The status of a read of a value with a token.
#[track_caller]
fn read(story: &VaultStory, token: &str, path: &str) -> u16 {
    story.vault.client(token).call("GET", &format!("{}/data/{path}", story.mount), None).0
}

#[test]
fn policy_of_the_cloner_allows_the_lifecycle_of_copies_only() {
    run_story("cloner", &format!("{SOURCE}\nrecursive = true"), |story| {
        let mount = story.mount.clone();
        let secrets =
            ["sensitive/shop", "stage/sensitive/x", "stage/shop/sensitive/y", "stage/shop/a/sensitive", "prod/shop"];
        for name in ["stage/shop/db", "stage/shop/a/b"].iter().chain(&secrets) {
            story.vault.put(&mount, name, &[("A", "1")]);
        }
        let policy = generated(story, &format!("vault_cloner_policy(\"{mount}\", [\"stage\"], null, null, null)"));
        let token = story.vault.token_with(&[&policy], "1h");
        story.token(&token);
        story.settle();
        let results: Vec<_> = story.results().into_iter().collect();
        let cloned = |path: &str| (path.to_owned(), "cloned".to_owned());
        assert_eq!(results, ["", "/a/b", "/db"].map(|name| cloned(&format!("{TARGET}{name}"))));
        story.vault.patch_by_person(&mount, &format!("{TARGET}/db"), &[("A", "mine")]);
        story.settle();

        // Requests with the same token, without the provider.
        assert_eq!(write(story, &token, TARGET), 403, "an existing copy is not overwritten");
        for outside in ["other/x", "stage/shop", "previews/x", "preview"] {
            assert_eq!(write(story, &token, outside), 403, "{outside}");
        }
        for secret in secrets {
            assert_eq!(read(story, &token, secret), 403, "{secret}");
        }
        assert_eq!(read(story, &token, "stage/shop"), 200);
        let remove = story.vault.client(&token).call("DELETE", &format!("{mount}/metadata/stage/shop"), None);
        assert_eq!(remove.0, 403, "{}", remove.1);

        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn calls_without_a_right_are_refused_and_explained() {
    run_story("cloner-refused", SOURCE, |story| {
        let mount = story.mount.clone();
        story.vault.put(&mount, "prod/shop", &[("A", "1")]);
        story.vault.put(&mount, "sensitive/shop", &[("A", "1")]);
        let token = story.cloner(false);
        story.token(&token);
        let audit = story.vault.audit().starting_here();
        // A provider block that allows more than the policy does.
        story.provider("vault = {\n  sensitive_paths = []\n  target_prefixes = [\"*\"]\n}");
        for (arguments, tried, capability) in [
            (
                format!("{SOURCE}\ntarget_path = \"other/shop\""),
                format!("Cannot create secret `{mount}/other/shop`"),
                format!("`create` on `{mount}/data/other/shop`"),
            ),
            (
                "source_path = \"prod/shop\"".to_owned(),
                format!("Cannot read secret `{mount}/prod/shop`"),
                format!("`read` on `{mount}/data/prod/shop`"),
            ),
            (
                "source_path = \"sensitive/shop\"\ntarget_path = \"preview/pr-1\"".to_owned(),
                format!("Cannot read secret `{mount}/sensitive/shop`"),
                format!("`read` on `{mount}/data/sensitive/shop`"),
            ),
            (
                "source_path = \"prod\"\nrecursive = true".to_owned(),
                format!("Cannot list the secrets below `{mount}/prod`"),
                format!("`list` on `{mount}/metadata/prod/`"),
            ),
        ] {
            story.arguments(&arguments);
            let run = story.apply().expect_err("Vault: permission denied").expect_said(&tried);
            run.expect_said(&format!("the token needs the capability {capability}"));
            assert!(story.attributes_of("config").is_none(), "{arguments}");
        }
        assert!(!audit.was_read(&mount, "sensitive") && !audit.was_read(&mount, "prod"));
        assert_eq!(story.vault.list(&mount, ""), ["prod/", "sensitive/", "stage/"]);
    });
}

#[test]
fn policy_of_the_reader_allows_the_copies_of_one_environment() {
    run_story("reader", SOURCE, |story| {
        let mount = story.mount.clone();
        for name in ["preview/shop-pr-71/shop", "preview/shop-pr-8/shop", "sensitive/shop"] {
            story.vault.put(&mount, name, &[("A", "1")]);
        }
        story.settle();
        let policy = generated(story, &format!("vault_reader_policy(\"{mount}\", \"shop-pr-7\", null)"));
        let token = story.vault.token_with(&[&policy], "1h");
        assert_eq!(read(story, &token, TARGET), 200);
        for other in ["preview/shop-pr-71/shop", "preview/shop-pr-8/shop", "stage/shop", "sensitive/shop"] {
            assert_eq!(read(story, &token, other), 403, "{other}");
        }
        assert_eq!(write(story, &token, TARGET), 403);
        assert_eq!(write(story, &token, "preview/shop-pr-7/new"), 403);

        // The provider reads a copy with it, and cannot create one.
        let mut reader = story.elsewhere();
        reader.token(&token);
        reader
            .apply()
            .expect_err("Vault: permission denied")
            .expect_said(&format!("`read` on `{mount}/data/stage/shop`"));
        assert_eq!(story.version(TARGET), 1);
    });
}

#[test]
fn policies_for_one_mount_have_no_rules_for_another() {
    run_story("two-mounts", "", |story| {
        let target = story.vault.mount("two-mounts-target");
        let (mount, block) =
            (story.mount.clone(), story.block("config", &format!("{SOURCE}\ntarget_mount = \"{target}\"")));
        story.body(&block);
        let policy = generated(
            story,
            &format!(
                "vault_cloner_policy(\"{mount}\", [\"stage/shop\"], \"{target}\", [\"{target}/preview/*\"], [], \"update\")"
            ),
        );
        let token = story.vault.token_with(&[&policy], "1h");
        story.token(&token);
        story.settle();
        assert_eq!(story.vault.get(&target, TARGET), story.get("stage/shop"));
        assert_eq!(story.attributes()["secret_ref"], format!("{target}/{TARGET}"));
        assert_eq!(write(story, &token, "preview/x"), 403, "the source's mount is only read");
        story.destroy().expect_ok();
        assert_eq!(story.vault.list(&target, ""), Vec::<String>::new());
    });
}

#[test]
fn error_of_a_function_names_the_argument() {
    run_story("policy-errors", "", |story| {
        for (call, argument, why) in [
            ("vault_cloner_policy(\"a//b\", [\"stage\"], null, null, null)", "mount", "two slashes in a row"),
            ("vault_cloner_policy(\"secret\", [], null, null, null)", "sources", "At least one source is required"),
            ("vault_cloner_policy(\"secret\", [\"../x\"], null, null, null)", "sources", "the segment `..`"),
            (
                "vault_cloner_policy(\"secret\", [\"stage\"], null, [], null)",
                "target_prefixes",
                "List of targets must not be empty",
            ),
            ("vault_cloner_policy(\"secret\", [\"stage\"], null, null, [\"prod\"])", "sensitive_paths", "has no slash"),
            (
                "vault_cloner_policy(\"secret\", [\"stage\"], null, null, null, \"write\")",
                "rights",
                "The only right is `update`, got `write`",
            ),
            ("vault_reader_policy(\"secret\", \"Shop\", null)", "environment", "only lower-case letters"),
            ("vault_reader_policy(\"secret\", null, \"a}}/x\")", "accessor", "An accessor has only letters, digits"),
        ] {
            story.body(&format!("output \"o\" {{\n  value = provider::eod::{call}\n}}\n"));
            let run = story.plan().expect_err(why);
            assert!(run.said().contains(&format!("Invalid value for \"{argument}\" parameter")), "{call}\n{run}");
        }
        for both in ["null, null", "\"pr-1\", \"auth_kubernetes_1\""] {
            story.body(&format!(
                "output \"o\" {{\n  value = provider::eod::vault_reader_policy(\"secret\", {both})\n}}\n"
            ));
            story.plan().expect_err("Exactly one of `environment` and `accessor` is required");
        }
        assert_eq!(story.output("o"), Value::Null);
    });
}

#[test]
fn policy_of_the_reaper_deletes_copies_and_reads_no_value() {
    run_story("reaper", SOURCE, |story| {
        story.settle();
        let policy = generated_text(story, &format!("vault_reaper_policy(\"{}\", null)", story.mount));
        // The stories of the reaper use the same text.
        let mount: MountPath = story.mount.parse().unwrap();
        assert_eq!(policy, reaper_policy(&mount, &Globs::default_targets()));
        let policy = story.vault.policy("generated", &policy);
        let token = story.vault.token_with(&[&policy], "1h");
        let call = |method: &str, path: &str| {
            story.vault.client(&token).call(method, &format!("{}/{path}", story.mount), None).0
        };
        assert_eq!(call("GET", "metadata/preview?list=true"), 200);
        assert_eq!(call("GET", &format!("metadata/{TARGET}")), 200);
        assert_eq!(read(story, &token, TARGET), 403, "no value is read");
        assert_eq!(write(story, &token, TARGET), 403, "no value is written");
        for path in ["metadata/stage/shop", "data/stage/shop"] {
            assert_eq!((call("GET", path), call("DELETE", path)), (403, 403), "{path}");
        }
        assert_eq!(call("DELETE", &format!("metadata/{TARGET}")), 204);
        story.expect_nothing_left();
    });
}
