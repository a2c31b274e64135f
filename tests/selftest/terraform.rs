//! The workspace distinguishes successful and failed runs. These tests use only Terraform's built-in resources, so that
//! an error of the provider cannot hide an error of the kit.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use eod_testkit::{
    cluster::PATIENCE,
    command,
    process::Signal,
    terraform::{OPENTOFU_MODULES, Terraform, is_selected},
    wait::wait_until,
    workspace::Workspace,
};

const KEEPER: &str = r#"
variable "word" {
  default = "first"
}
resource "terraform_data" "kept" {
  input = var.word
}
"#;

#[test]
fn apply_plan_and_destroy() {
    for terraform in Terraform::all() {
        let workspace = Workspace::with(terraform, "kit-apply", KEEPER);
        assert_eq!(workspace.plan_exit_code(), 2);
        workspace.apply().expect_ok().expect_said("1 added, 0 changed");
        workspace.expect_no_changes();
        assert_eq!(workspace.resource("terraform_data.kept").unwrap()["output"], "first");
        assert!(workspace.raw_state_text().contains("terraform_data"));
        workspace.write("terraform.tfvars", "word = \"second\"\n");
        assert_eq!(workspace.plan_exit_code(), 2);
        workspace.destroy().expect_ok();
        assert!(workspace.resource("terraform_data.kept").is_none());
    }
}

#[test]
fn error_text_is_found_across_line_breaks_and_frames() {
    let long = "this sentence is long enough that it does not fit on one line of the frame that \
                Terraform draws around a message";
    let hcl = format!(
        r#"
variable "number" {{
  default = 1
  validation {{
    condition     = var.number > 1
    error_message = "{long}."
  }}
}}
"#
    );
    Workspace::new("kit-failure", &hcl).plan().expect_err(long);
}

#[test]
fn report_has_command_configuration_output_and_log() {
    let run = Workspace::new("kit-report", "resource \"broken\" {}\n").plan();
    assert_ne!(run.code, Some(0));
    let report = run.to_string();
    for part in ["plan -no-color", "--- main.tf\nresource \"broken\"", "--- stderr", "[INFO]"] {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
}

#[test]
#[should_panic(expected = "a secret is in")]
fn secret_in_the_state_is_found() {
    let workspace = Workspace::new("kit-secret", KEEPER);
    workspace.apply().expect_ok();
    workspace.assert_nowhere("somewhere else", &[]);
    workspace.assert_nowhere("first", &["main.tf"]);
}

#[test]
fn run_is_interrupted() {
    let hcl = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch begun; exec sleep 600"
  }
}
"#;
    let workspace = Workspace::new("kit-interrupt", hcl);
    let running = workspace.spawn(&["apply", "-auto-approve", "-no-color"]);
    running.wait_for_log("Starting apply for terraform_data.slow");
    wait_until("the command to run", PATIENCE, || {
        if workspace.path().join("begun").exists() { Ok(()) } else { Err("not yet".to_owned()) }
    });
    running.signal(Signal::SIGINT);
    running.wait().expect_err("Interrupt received");
}

#[test]
fn environment_of_the_machine_does_not_reach_a_run() {
    let hcl = r#"
resource "terraform_data" "environment" {
  provisioner "local-exec" {
    command = "env > seen"
  }
}
"#;
    let mut workspace = Workspace::new("kit-clean", hcl)
        .env("EOD_INSTALLATION", "from-the-test")
        .env("EOD_UNSET", "never seen")
        .kubeconfig(Path::new("/nowhere"));
    workspace.unset_env("EOD_UNSET");
    workspace.apply().expect_ok();
    let seen = workspace.text("seen");
    for line in ["EOD_INSTALLATION=from-the-test", "KUBE_CONFIG_PATH=/nowhere"] {
        assert!(seen.lines().any(|seen| seen == line), "no {line} in\n{seen}");
    }
    for name in ["KUBECONFIG=", "CARGO", "AWS_", "VAULT_", "EOD_UNSET"] {
        assert!(!seen.lines().any(|line| line.starts_with(name)), "{name} in\n{seen}");
    }
}

#[test]
fn running_provider_is_killed() {
    // Test doubles: this Terraform only starts its provider and waits for it.
    let folder = tempfile::tempdir().unwrap();
    let provider = folder.path().join("terraform-provider-standin");
    let sleep = command::on_path("sleep").unwrap();
    fs::copy(sleep, &provider).unwrap();
    let script = folder.path().join("terraform");
    let text = format!("#!/bin/sh\n{} 600 &\nwait $!\nexit 7\n", provider.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();

    let running = Workspace::with(&Terraform::at(script), "kit-kill", "").spawn(&["apply"]);
    wait_until("the provider to run", PATIENCE, || match running.providers().len() {
        1 => Ok(()),
        other => Err(format!("{other} providers")),
    });
    running.kill_providers();
    assert_eq!(running.wait().code, Some(7));
}

#[test]
fn failed_program_is_reported_with_its_output() {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "cat; echo why >&2; exit 3"]);
    let report = command::run(&mut command, "the input").report();
    for part in ["exit code 3", "the input", "why"] {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
}

#[test]
#[should_panic(expected = "for the impossible; last seen: no such luck")]
fn failed_wait_reports_the_last_state() {
    let seen: Result<(), _> = Err("no such luck".to_owned());
    wait_until("the impossible", std::time::Duration::ZERO, || seen.clone());
}

#[test]
fn opentofu_runs_at_least_a_third_of_the_stories() {
    let listed = std::process::Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<_> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    for (module, rpcs) in OPENTOFU_MODULES {
        assert!(names.iter().any(|name| name.starts_with(module)), "no test of {module} calls {rpcs}");
    }
    let stories: Vec<_> = names.iter().filter(|name| name.starts_with("provider::")).collect();
    let selected = stories.iter().filter(|name| is_selected(name)).count();
    assert!(selected * 3 >= stories.len(), "{selected} of {} stories run on OpenTofu", stories.len());
}
