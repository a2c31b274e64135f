//! Other commands of Terraform: tests, schemas, saved plans, targets, refreshes.

use std::time::Duration;

use eod_testkit::{cluster::Cluster, workspace::Workspace};
use serde_json::Value;

use crate::provider::{
    each,
    faults::story::{IT, hcl, provider, run_story},
};

/// A module with the resource, as teams write it.
fn module(name: &str) -> String {
    let head = provider(name, "domain = \"preview.acme.internal\"");
    format!(
        r#"{head}
variable "name" {{
  type    = string
  default = "{name}"
}}

variable "head_sha" {{
  type    = string
  default = "0000001"
}}

resource "eod_environment" "preview" {{
  name     = var.name
  head_sha = var.head_sha
  services = ["api"]
}}

resource "terraform_data" "deployment" {{
  input = {{
    namespace = eod_environment.preview.namespace
    api       = eod_environment.preview.hosts["api"]
  }}
}}

output "url" {{
  value = eod_environment.preview.url
}}
"#
    )
}

#[test]
fn a_module_is_tested_with_a_real_run_and_with_a_mock() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let name = cluster.installation("tftest");
        let workspace = Workspace::with(terraform, "tftest", &module(&name)).kubeconfig(cluster.kubeconfig());
        workspace.write(
            "tests/real.tftest.hcl",
            &format!(
                r#"
run "plan" {{
  command = plan

  assert {{
    condition     = eod_environment.preview.namespace == "{name}"
    error_message = "the name is known before anything is made"
  }}
}}

run "create" {{
  assert {{
    condition     = output.url == "https://{name}.preview.acme.internal"
    error_message = "the url is ${{output.url}}"
  }}

  assert {{
    condition     = contains(["ready", "active"], eod_environment.preview.status)
    error_message = "the status is ${{eod_environment.preview.status}}"
  }}

  assert {{
    condition     = terraform_data.deployment.output.api == "{name}-api.preview.acme.internal"
    error_message = "a resource that depends on the environment gets its hosts"
  }}
}}

run "push" {{
  variables {{
    head_sha = "0000002"
    # A variable, because OpenTofu does not support references to other runs in a condition.
    previous = run.create.uid
  }}

  assert {{
    condition     = eod_environment.preview.uid == var.previous
    error_message = "a push replaces nothing"
  }}
}}
"#
            ),
        );
        workspace.write(
            "uid.tf",
            "output \"uid\" {\n  value = eod_environment.preview.uid\n}\n\nvariable \"previous\" {\n  type    = string\n  \
             default = \"\"\n}\n",
        );
        workspace.write(
            "tests/mock.tftest.hcl",
            r#"
mock_provider "eod" {
  mock_resource "eod_environment" {
    defaults = {
      url   = "https://mocked.example"
      hosts = { api = "api.mocked.example" }
    }
  }
}

run "mocked" {
  variables {
    name = "mocked"
  }

  assert {
    condition     = output.url == "https://mocked.example"
    error_message = "the mock returns values"
  }

  assert {
    condition     = terraform_data.deployment.output.api == "api.mocked.example"
    error_message = "and a resource that depends on it gets its values"
  }
}
"#,
        );
        let run = workspace.run(&["test", "-no-color"]).expect_ok();
        run.expect_said("4 passed, 0 failed");
        assert!(!cluster.namespace_exists(&name), "the test has removed its environment");
        assert!(!cluster.namespace_exists("mocked"));
    });
}

#[test]
fn the_schema_is_printed_with_a_description_of_everything() {
    each(|terraform| {
        let workspace = Workspace::with(terraform, "schema", &provider("default", ""));
        let run = workspace.run(&["providers", "schema", "-json"]).expect_ok();
        let schemas: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
        let all = schemas["provider_schemas"].as_object().unwrap();
        let (_, ours) = all.iter().find(|(name, _)| name.ends_with("environment-on-demand/eod")).unwrap();
        let attributes = &ours["resource_schemas"]["eod_environment"]["block"]["attributes"];
        for name in ["name", "repository", "tier", "quota", "timeouts", "status", "drift", "on_expired", "ended_at"] {
            assert!(attributes[name].is_object(), "no {name} in {attributes}");
        }
        assert!(ours["data_source_schemas"]["eod_environments"].is_object());
        for name in ["environment_name", "host", "tier"] {
            assert!(ours["functions"][name].is_object(), "no function {name}");
        }
        let mut silent = Vec::new();
        for part in ["provider", "resource_schemas", "data_source_schemas"] {
            undescribed(&ours[part], part, &mut silent);
        }
        assert_eq!(silent, Vec::<String>::new(), "attributes without a description");
        let sensitive = &ours["provider"]["block"]["attributes"]["kubernetes"]["nested_type"]["attributes"];
        for name in ["token", "client_key"] {
            assert_eq!(sensitive[name]["sensitive"], true, "{name}");
        }
    });
}

/// Every attribute below a schema without a description.
fn undescribed(value: &Value, path: &str, found: &mut Vec<String>) {
    let Some(object) = value.as_object() else { return };
    for (key, child) in object {
        let path = format!("{path}.{key}");
        if key == "attributes" {
            for (name, attribute) in child.as_object().into_iter().flatten() {
                if attribute["description"].as_str().unwrap_or_default().is_empty() {
                    found.push(format!("{path}.{name}"));
                }
            }
        }
        undescribed(child, &path, found);
    }
}

#[test]
fn a_saved_plan_is_applied_later() {
    run_story("saved-plan", |story| {
        let plan = ["plan", "-no-color", "-out=saved"];
        let apply = ["apply", "-no-color", "saved"];
        story.workspace.run(&plan).expect_ok();
        // The plan must not contain the current time: the apply is in another second.
        std::thread::sleep(Duration::from_secs(2));
        story.workspace.run(&apply).expect_ok().expect_said("1 added");
        story.workspace.expect_no_changes();

        story.rewrite("head_sha = \"0000002\"\n  tier = \"full\"\n  extension = \"a demo\"");
        story.workspace.run(&plan).expect_ok();
        std::thread::sleep(Duration::from_secs(2));
        story.workspace.run(&apply).expect_ok().expect_said("1 changed");
        story.workspace.expect_no_changes();
        // Terraform itself refuses an older plan, and nothing happens.
        let uid = story.uid();
        story.workspace.run(&apply).expect_err("Saved plan is stale");
        assert_eq!(story.uid(), uid);

        story.workspace.run(&["plan", "-no-color", "-destroy", "-out=saved"]).expect_ok();
        std::thread::sleep(Duration::from_secs(2));
        story.workspace.run(&apply).expect_ok().expect_said("1 destroyed");
        story.assert_nothing_left();
    });
}

#[test]
fn saved_plan_for_a_name_of_another_environment_changes_nothing() {
    run_story("taken-meanwhile", |story| {
        story.workspace.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        story.cluster.kubectl(&["create", "namespace", &story.name]);
        let before = story.namespace();
        let run = story.workspace.run(&["apply", "-no-color", "saved"]).expect_err(&story.name);
        assert_eq!(story.namespace(), before, "{run}");
        story.discard();
    });
}

#[test]
fn one_of_two_environments_is_destroyed_by_its_address() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let name = cluster.installation("target");
        let other = format!("{name}-other");
        let more = format!("\nresource \"eod_environment\" \"other\" {{\n  name = \"{other}\"\n}}\n");
        let workspace = Workspace::with(terraform, "target", &(hcl(&provider(&name, ""), &name, "") + &more))
            .kubeconfig(cluster.kubeconfig());
        workspace.apply().expect_ok().expect_said("2 added");
        let target = ["destroy", "-no-color", "-auto-approve", "-target=eod_environment.other"];
        workspace.run(&target).expect_ok().expect_said("1 destroyed");
        assert!(!cluster.namespace_exists(&other) && cluster.namespace_exists(&name));
        assert!(workspace.resource(IT).is_some() && workspace.resource("eod_environment.other").is_none());
        workspace.plan().expect_ok().expect_said("1 to add, 0 to change, 0 to destroy");
        workspace.destroy().expect_ok().expect_said("1 destroyed");
        assert!(!cluster.namespace_exists(&name));
    });
}

#[test]
fn refresh_only_records_drift_and_changes_nothing() {
    run_story("refresh-only", |story| {
        story.workspace.apply().expect_ok();
        assert_eq!(story.workspace.resource(IT).unwrap()["drift"], serde_json::json!([]));
        story.cluster.kubectl(&["delete", "resourcequota", "--all", "-n", &story.name]);
        story.proxy.clear_log();
        story.workspace.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]).expect_ok();
        let writes = story.proxy.calls(crate::provider::faults::story::is_write);
        assert_eq!(writes, 0, "{}", story.proxy.story());
        let drift = story.workspace.resource(IT).unwrap()["drift"].clone();
        let sentences = drift.as_array().unwrap();
        assert_eq!(sentences.len(), 1, "{drift}");
        assert!(sentences[0].as_str().unwrap().to_lowercase().contains("quota"), "{drift}");
        // Drift is a visible update, and that update restores it.
        story.workspace.plan().expect_ok().expect_said("0 to add, 1 to change, 0 to destroy").expect_said("drift");
        story.workspace.apply().expect_ok().expect_said("1 changed");
        story.workspace.expect_no_changes();
        story.expect_whole();
        assert_eq!(story.workspace.resource(IT).unwrap()["drift"], serde_json::json!([]));
        story.discard();
    });
}

#[test]
fn refresh_only_removes_deleted_environments_from_the_state() {
    run_story("refresh-gone", |story| {
        story.workspace.apply().expect_ok();
        story.cluster.kubectl(&["delete", "namespace", &story.name]);
        story.workspace.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]).expect_ok();
        assert!(story.workspace.resource(IT).is_none());
        story.workspace.plan().expect_ok().expect_said("1 to add");
    });
}
