//! Search for the secrets of a run in all its files: state and backup, the saved plan, the output of
//! `show -json` for both, all output, the log at TRACE, and the folder for temporary files.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use eod_testkit::{
    cluster::PATIENCE,
    fault::{Fault, FaultProxy, Logged},
    process::{Signal, send_signal},
    vault::faults::errors,
    wait::wait_until,
    workspace::Run,
};
use serde_json::Value;

use super::{COPY, SOURCE, TARGET, VaultStory, run_story};

/// The values of a story. None of them is written in its configuration.
const SOURCE_VALUE: &str = "canary-value-of-the-source";
const OVERRIDE: &str = "canary-value-of-the-override";
const EDIT: &str = "canary-value-of-a-person";
const SENSITIVE: &str = "canary-value-of-the-sensitive-secret";
const PLAIN_TOKEN: &str = "hvs.canary-token-that-nobody-accepts";

/// A copy with an override, and a login, both from ephemeral variables.
fn configuration(story: &VaultStory, version: u32) -> String {
    let variable = |name: &str| format!("variable \"{name}\" {{\n  type = string\n  ephemeral = true\n}}\n");
    let copy = story.block(
        "config",
        &format!(
            "{SOURCE}\nsensitive_path = \"sensitive/shop\"\noverrides_wo = {{ OVER = var.override }}\n\
             overrides_wo_version = {version}"
        ),
    );
    variable("override") + &variable("secret_id") + &variable("token") + &copy
}

/// Plans into a file, shows the plan in every way, applies it, and shows the state.
#[track_caller]
fn run_all(story: &VaultStory) {
    story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
    unpacked(story);
    story.run(&["show", "-no-color", "saved"]).expect_ok();
    story.run(&["show", "-json", "saved"]).expect_ok();
    story.run(&["apply", "-no-color", "saved"]).expect_ok();
    story.run(&["show", "-json"]).expect_ok();
    story.run(&["show", "-no-color"]).expect_ok();
}

/// Unpacks the saved plan, which is a zip file, next to it, so that its parts are searched, too.
#[track_caller]
fn unpacked(story: &VaultStory) {
    let folder = story.path().join("unpacked");
    let status = Command::new("unzip")
        .args(["-o", "-q", "saved", "-d"])
        .arg(&folder)
        .current_dir(story.path())
        .stdin(Stdio::null())
        .status()
        .expect("`unzip` is required to read a saved plan; install it");
    assert!(status.success() && folder.join("tfplan").is_file(), "the plan was not unpacked");
}

/// Private data, which is encoded in the state.
#[track_caller]
fn private(state: &Path) -> String {
    let state: Value = serde_json::from_str(&fs::read_to_string(state).unwrap()).unwrap();
    let private = state.pointer("/resources/0/instances/0/private").unwrap().as_str().unwrap();
    String::from_utf8(STANDARD.decode(private).unwrap()).unwrap()
}

/// Every kind of failed apply, each with its diagnostics.
#[track_caller]
fn fail_in_every_way(story: &VaultStory, proxy: &FaultProxy) -> Vec<Run> {
    let data = |call: &Logged| call.path.ends_with("/data/stage/shop");
    let write = |call: &Logged| call.is("POST", &format!("/data/{TARGET}"));
    let marks = |call: &Logged| call.is("POST", &format!("/metadata/{TARGET}"));
    let page = Fault::Status { code: 200, headers: Vec::new(), body: format!("<html>{SOURCE_VALUE}</html>") };
    let other = Fault::Status { code: 500, headers: Vec::new(), body: format!("{{\"data\": \"{SOURCE_VALUE}\"}}") };
    let mut runs = Vec::new();
    for (like, fault) in [
        (data as fn(&Logged) -> bool, Fault::HalfBody),
        (data, page),
        (data, other),
        (write, errors(400, &["no"])),
        (write, Fault::DropAfterStore),
        (marks, errors(403, &["permission denied"])),
    ] {
        proxy.rule(like, usize::MAX, fault);
        let run = story.apply();
        assert!(run.code != Some(0) || proxy.calls(|call| call.spoiled) > 0, "{run}");
        runs.push(run);
        proxy.clear_rules();
        proxy.clear_log();
        story.destroy().expect_ok();
        story.vault.remove(&story.mount, TARGET);
    }
    runs
}

#[test]
fn secrets_are_in_no_file() {
    run_story("canary", "", |story| {
        let mount = story.mount.clone();
        story.vault.put(&mount, "stage/shop", &[("KEY", SOURCE_VALUE)]);
        story.vault.put(&mount, "sensitive/shop", &[("KEY", SENSITIVE)]);
        let role = story.vault.approle(&[&story.cloner_policy(true)], "1h");
        story.unset_env("VAULT_TOKEN");
        story.set_env("TF_VAR_override", OVERRIDE);
        story.set_env("TF_VAR_secret_id", role.secret_id.clone());
        story.set_env("TF_VAR_token", PLAIN_TOKEN);
        let login = format!(
            "vault = {{\n  auth = {{ approle = {{ role_id = \"{}\", secret_id = var.secret_id, mount = \"{}\" }} }}\n}}",
            role.role_id, role.mount
        );
        story.provider(&login);
        story.body(&configuration(story, 1));
        let proxy = story.proxied();

        // A whole life: create, a person's edit, an update, a refresh, an import.
        run_all(story);
        let copy = story.get(TARGET).unwrap();
        assert_eq!((&copy["KEY"], &copy["OVER"]), (&SOURCE_VALUE.into(), &OVERRIDE.into()));
        assert!(!private(&story.path().join("terraform.tfstate")).contains("canary"));
        story.body(&configuration(story, 2));
        run_all(story);
        assert_eq!(story.version(TARGET), 2);
        story.vault.patch_by_person(&mount, TARGET, &[("KEY", EDIT)]);
        run_all(story);
        story.forget();
        story.run(&["import", "-no-color", COPY, &format!("{mount}/{TARGET}")]).expect_ok();
        story.plan().expect_ok();
        story.destroy().expect_ok();

        // Copies of an interrupted run are compared, and secrets of others, too.
        story.vault.put(&mount, TARGET, &[("KEY", SOURCE_VALUE), ("OVER", OVERRIDE)]);
        story.apply().expect_ok();
        assert_eq!(story.results()[TARGET], "adopted");
        story.destroy().expect_ok();
        story.vault.put(&mount, TARGET, &[("KEY", EDIT)]);
        story.apply().expect_ok().expect_said("A secret of another owner was kept");
        story.destroy().expect_ok();
        story.vault.remove(&mount, TARGET);

        for run in fail_in_every_way(story, &proxy) {
            assert!(!run.said().contains("canary-value"), "{run}");
        }
        // Refused credentials.
        story.provider("vault = { auth = { token = var.token } }");
        story.apply().expect_err("Vault does not accept the token");
        story.set_env("TF_VAR_token", format!("{PLAIN_TOKEN}\nof two lines"));
        story.plan().expect_err("contains a character that is not valid in an HTTP header");

        // The tokens of the logins, from the log of the proxy.
        let mut secrets = vec![SOURCE_VALUE.to_owned(), OVERRIDE.to_owned(), EDIT.to_owned(), SENSITIVE.to_owned()];
        secrets.extend([PLAIN_TOKEN.to_owned(), role.secret_id.clone()]);
        let given = proxy
            .log()
            .into_iter()
            .filter_map(|call| Some(call.headers.get("x-vault-token")?.to_str().ok()?.to_owned()));
        secrets.extend(given.filter(|token| token != PLAIN_TOKEN));
        for secret in secrets {
            story.assert_nowhere(&secret, &[]);
            story.assert_nowhere(&STANDARD.encode(&secret)[..12], &[]);
        }
    });
}

#[test]
fn killed_provider_leaves_no_secret_in_a_file() {
    run_story("canary-killed", SOURCE, |story| {
        story.vault.put(&story.mount, "stage/shop", &[("KEY", SOURCE_VALUE)]);
        let token = story.cloner(false);
        story.token(&token);
        // Backtraces and a core of the process must not contain the secret either.
        story.set_env("RUST_BACKTRACE", "full");
        let proxy = story.proxied();
        proxy.rule(|call| call.is("POST", &format!("/data/{TARGET}")), usize::MAX, Fault::Hang);
        for signal in [Signal::SIGABRT, Signal::SIGKILL] {
            let running = story.spawn(&["apply", "-no-color", "-auto-approve"]);
            wait_until("the write to hang", PATIENCE, || match proxy.calls(|call| call.spoiled) {
                0 => Err(proxy.story()),
                _ => Ok(()),
            });
            for provider in running.providers() {
                send_signal(signal, provider);
            }
            assert!(running.wait().code != Some(0));
            proxy.clear_log();
        }
        for secret in [SOURCE_VALUE, token.as_str()] {
            story.assert_nowhere(secret, &[]);
        }
    });
}
