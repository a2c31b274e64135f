//! The ephemeral resource: a secret for one run, in a provider block, a write-only argument and the console.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use eod_testkit::terraform::Terraform;
use serde_json::{Value, json};

use super::{SOURCE, TARGET, VaultStory, run_story};

/// An ephemeral secret `it` with these arguments.
fn ephemeral(arguments: &str) -> String {
    format!("ephemeral \"eod_vault_secret\" \"it\" {{\n{arguments}\n}}\n")
}

#[test]
fn a_secret_in_a_write_only_argument_is_stored_nowhere() {
    run_story("secret-override", "", |story| {
        story.vault.put(&story.mount, "stage/sandbox", &[("URL", "canary-of-the-sandbox")]);
        let copy = story.block(
            "config",
            &format!("{SOURCE}\noverrides_wo = {{ URL = ephemeral.eod_vault_secret.it.data[\"URL\"] }}\noverrides_wo_version = 1"),
        );
        let secret = ephemeral(&format!("mount = \"{}\"\npath = \"stage/sandbox\"", story.mount));
        story.body(&(secret + &copy));
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        assert_eq!(story.get(TARGET).unwrap()["URL"], "canary-of-the-sandbox");
        story.expect_no_changes();
        story.run(&["show", "-json"]).expect_ok();
        story.assert_nowhere("canary-of-the-sandbox", &[]);
        let state: Value = serde_json::from_str(&story.raw_state_text()).unwrap();
        let kinds: Vec<_> = state["resources"].as_array().unwrap().iter().map(|each| each["type"].clone()).collect();
        assert_eq!(kinds, ["eod_vault_clone"], "it is not in the state at all");
    });
}

#[test]
fn a_secret_configures_another_provider() {
    run_story("secret-provider", "", |story| {
        let (mount, vault) = (story.mount.clone(), story.vault);
        let token = story.cloner(false);
        vault.put(&mount, "tokens/cloner", &[("token", &token)]);
        // The first provider can read the token only, the second one creates the copy.
        let policy = format!("path \"{mount}/data/tokens/*\" {{ capabilities = [\"read\"] }}");
        let weak = vault.token_with(&[&vault.policy("tokens", &policy)], "1h");
        story.token(&weak);
        let copy = story.block("config", &format!("{SOURCE}\nprovider = eod.cloner"));
        let secret = ephemeral(&format!("ref = \"{mount}/tokens/cloner\""));
        let cloner = "provider \"eod\" {\n  alias = \"cloner\"\n  vault = { auth = { token = ephemeral.eod_vault_secret.it.data[\"token\"] } }\n}\n";
        story.body(&(secret + cloner + &copy));
        story.settle();
        story.expect_whole("stage/shop", TARGET);
        story.destroy().expect_ok();
        story.expect_nothing_left();
        story.assert_nowhere(&token, &[]);
    });
}

#[test]
fn a_reference_to_a_copy_of_the_same_run_waits_for_it() {
    run_story("secret-deferred", "", |story| {
        let other = |label: &str, arguments: &str| {
            format!(
                "resource \"eod_vault_clone\" \"{label}\" {{\n  environment = \"shop-pr-8\"\n  mount = \"{}\"\n{arguments}\n}}\n",
                story.mount
            )
        };
        // The second copy has a value that was read from the first.
        let first = story.block("config", SOURCE);
        let second = other(
            "second",
            &format!(
                "{SOURCE}\noverrides_wo = {{ COPIED = ephemeral.eod_vault_secret.it.data[\"KEY\"] }}\noverrides_wo_version = 1"
            ),
        );
        let text = ephemeral("ref = eod_vault_clone.config.secret_ref") + &first + &second;
        story.body(&text);
        story.plan().expect_ok().expect_said("2 to add");
        story.settle();
        assert_eq!(story.get("preview/shop-pr-8/shop").unwrap()["COPIED"], "stage-key");
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn versions_and_engines_of_both_kinds_are_read() {
    run_story("secret-versions", "", |story| {
        let old = story.vault.mount_v1("secret-v1");
        story.vault.put_v1(&old, "archive/shop", &[("KEY", "of-version-1")]);
        story.vault.put(&story.mount, "stage/shop", &[("KEY", "second")]);
        let numbers = json!({ "data": { "KEY": "x", "N": 1.5, "DEEP": { "a": [true, null] } } });
        story.vault.call("POST", &format!("{}/data/stage/typed", story.mount), Some(&numbers));
        let mount = &story.mount;
        let rows = [
            (format!("mount = \"{mount}\"\npath = \"stage/shop\""), "second", "2"),
            (format!("mount = \"{mount}\"\npath = \"stage/shop\"\nversion = 1"), "stage-key", "1"),
            (format!("ref = \"{mount}/data/stage/shop\"\nversion = 2"), "second", "2"),
            (format!("ref = \"{old}/archive/shop\""), "of-version-1", "null"),
            (format!("ref = \"{mount}/stage/typed\""), "x", "1"),
        ];
        // A precondition sees ephemeral values and stores none.
        let mut body = String::new();
        for (number, (arguments, key, version)) in rows.iter().enumerate() {
            body += &format!("ephemeral \"eod_vault_secret\" \"s{number}\" {{\n{arguments}\n}}\n");
            body += &format!(
                "check \"c{number}\" {{\n  assert {{\n    condition = ephemeral.eod_vault_secret.s{number}.data[\"KEY\"] == \"{key}\" && \
                 ephemeral.eod_vault_secret.s{number}.version == {version}\n    error_message = \"row {number}\"\n  }}\n}}\n"
            );
        }
        body += "check \"typed\" {\n  assert {\n    condition = ephemeral.eod_vault_secret.s4.data[\"N\"] == \"1.5\" && \
                 jsondecode(ephemeral.eod_vault_secret.s4.data[\"DEEP\"]).a[0]\n    error_message = \"typed\"\n  }\n}\n";
        story.body(&body);
        let run = story.apply().expect_ok();
        assert!(!run.said().contains("Check block assertion"), "{run}");
    });
}

#[test]
fn a_missing_deleted_or_sensitive_secret_is_refused() {
    run_story("secret-refused", "", |story| {
        let mount = story.mount.clone();
        story.vault.put(&mount, "stage/deleted", &[("A", "1")]);
        story.vault.soft_delete(&mount, "stage/deleted");
        story.vault.put(&mount, "sensitive/shop", &[("A", "canary-of-the-sensitive")]);
        let audit = story.vault.audit().starting_here();
        let rows = [
            (
                format!("ref = \"{mount}/stage/none\""),
                "Vault has no secret with this path and version",
                "use `ref = eod_vault_clone.<name>.secret_ref`",
            ),
            (
                format!("ref = \"{mount}/stage/shop\"\nversion = 7"),
                "Vault has no secret with this path and version",
                "check mount, path and version",
            ),
            (
                format!("ref = \"{mount}/stage/deleted\""),
                "its version 1 is deleted",
                "restore it (`vault kv undelete`)",
            ),
            (
                format!("ref = \"{mount}/sensitive/shop\""),
                "is sensitive (`vault.sensitive_paths` has `*/sensitive/*`) and is never read",
                "use its reference",
            ),
            (format!("mount = \"{mount}\"\npath = \"stage/Sensitive/x\""), "is sensitive", "Invalid path"),
            (
                "ref = \"nowhere/stage/shop\"".to_owned(),
                "no secrets engine is mounted at `nowhere/stage/shop`",
                "check the mount, the namespace",
            ),
            (
                format!("mount = \"{mount}/stage\"\npath = \"shop\""),
                "it is on the mount",
                "move the rest into the path",
            ),
            (
                format!("ref = \"{mount}/stage/shop\"\nversion = 0"),
                "versions are numbered from 1, got 0",
                "Invalid version",
            ),
            (format!("ref = \"{mount}/../x\""), "must not contain the segment `..`", "Invalid ref"),
            (String::new(), "One of `path` and `ref` is required, and none is set", "or set only `ref`"),
            (format!("ref = \"{mount}/a\"\npath = \"a\""), "`ref` contains mount and path", "or set only `ref`"),
        ];
        for (arguments, why, hint) in rows {
            story.body(&ephemeral(&arguments));
            let run = story.plan().expect_err("ephemeral \"eod_vault_secret\" \"it\"");
            let said = run.said().to_lowercase();
            for words in [why, hint] {
                assert!(
                    said.contains(&words.to_lowercase()),
                    "the error about `{arguments}` should contain `{words}`\n{run}"
                );
            }
            assert_eq!(said.matches("error: ").count(), 1, "{run}");
        }
        assert!(!audit.was_read(&mount, "sensitive") && !audit.value_ever_returned("canary-of-the-sensitive"));
    });
}

/// Sends a line to `terraform console` and returns its output.
#[track_caller]
fn console(story: &VaultStory, terraform: &Terraform, line: &str) -> String {
    let folder = story.path();
    let beside = |name: &str| folder.with_file_name(name);
    let mut child = Command::new(terraform.path())
        .args(["console", "-no-color"])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", beside("home"))
        .env("TMPDIR", beside("tmp"))
        .env("TF_CLI_CONFIG_FILE", beside("cli.tfrc"))
        .env("CHECKPOINT_DISABLE", "1")
        .env("VAULT_ADDR", story.vault.address())
        .env("VAULT_TOKEN", story.vault.token())
        .envs(story.vault.ca_pem().map(|pem| ("VAULT_CACERT", pem)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn console_accepts_a_configuration_with_a_secret_and_opens_and_stores_nothing() {
    for terraform in Terraform::all() {
        let mut story = VaultStory::new(terraform, "console", "");
        let secret = ephemeral(&format!("ref = \"{}/stage/shop\"", story.mount));
        story.body(
            &(secret + "locals {\n  policy = provider::eod::vault_reader_policy(\"secret\", \"pr-1\", null)\n}\n"),
        );
        let audit = story.vault.audit().starting_here();
        assert!(console(&story, terraform, "local.policy").contains("secret/data/preview/pr-1"));
        // Terraform's console opens no ephemeral resource; it must only accept the configuration.
        let said = console(&story, terraform, "ephemeral.eod_vault_secret.it.data");
        assert!(!said.contains("stage-key") && !said.contains("Error"), "{said}");
        assert!(!audit.was_read(&story.mount, "stage/shop"));
        assert_eq!(story.raw_state_text(), "");
    }
}
