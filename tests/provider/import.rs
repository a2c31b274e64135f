//! Import and move: an existing object is added to a state, and the plan of its configuration is empty.

use serde_json::{Value, json};

use crate::provider::{ADDRESS, EnvironmentStory, done, run_story};

/// All kinds of arguments, so that an import has to restore all of them.
const ALL: &str = r#"
head_sha   = "4f2a9c1d"
owner      = "dependabot[bot]"
tier       = "full"
ttl        = "90m"
extension  = "waiting for the review"
services   = ["api", "web"]
labels     = { team = "checkout" }
annotations = { "acme.io/channel" = "previews" }
quota      = { cpu = "3", pods = 12 }
limits     = { default_cpu = "100m" }
network    = { allow_from_namespaces = ["monitoring"], stable_services = ["stable/payments:8080"] }
pod_security = "restricted"
access     = [{ kind = "User", name = "alice" }, { kind = "ServiceAccount", name = "ci", namespace = "ci", role = "view" }]
image_pull_secrets = ["registry"]
mesh       = { kind = "istio-ambient" }
"#;

#[test]
fn an_import_by_name_is_followed_by_an_empty_plan() {
    for (test, arguments) in [("import-all", ALL), ("import-least", ""), ("import-staging", "tier = \"staging\"")] {
        run_story(test, arguments, |story| {
            story.settle();
            let before = story.attributes();
            story.forget();
            story.run(&["import", "-no-color", ADDRESS, &story.name]).expect_ok();
            story.expect_no_changes();
            let after = story.attributes();
            for key in
                ["uid", "created_at", "expires_at", "last_activity_at", "hosts", "quota", "effective_labels", "status"]
            {
                assert_eq!(after[key], before[key], "{key}");
            }
        });
    }
}

#[test]
fn environment_with_a_given_name_is_imported() {
    run_story("import-given", "", |story| {
        story.name = format!("{}-x", story.installation);
        let hcl = format!("resource \"eod_environment\" \"preview\" {{\n  name = \"{}\"\n}}\n", story.name);
        story.body(&hcl);
        story.settle();
        story.forget();
        story.run(&["import", "-no-color", ADDRESS, &story.name]).expect_ok();
        story.expect_no_changes();
    });
}

#[test]
fn import_block_generates_a_configuration_with_an_empty_plan() {
    for (test, arguments) in [("block-all", ALL), ("block-least", "")] {
        run_story(test, arguments, |story| {
            story.settle();
            let mut other = story.elsewhere();
            let block = format!("import {{\n  to = {ADDRESS}\n  id = \"{}\"\n}}\n", story.name);
            other.body(&block);
            let plan = other.run(&["plan", "-no-color", "-generate-config-out=generated.tf"]).expect_ok();
            plan.expect_said("1 to import, 0 to add, 0 to change, 0 to destroy");
            other.apply().expect_ok().expect_said("1 imported, 0 added, 0 changed, 0 destroyed");
            other.expect_no_changes();
            other.body("");
            other.expect_no_changes();
            story.expect_no_changes();
        });
    }
}

#[test]
fn imported_environment_can_be_destroyed() {
    run_story("import-destroy", "", |story| {
        story.settle();
        story.forget();
        story.run(&["import", "-no-color", ADDRESS, &story.name]).expect_ok();
        story.destroy().expect_ok().expect_said("1 destroyed");
        assert!(!story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn a_missing_environment_cannot_be_imported() {
    run_story("import-none", "", |story| {
        let name = story.name.clone();
        story.run(&["import", "-no-color", ADDRESS, &name]).expect_err(&name);
        assert_eq!(story.attributes_of("preview"), None);
    });
}

#[test]
fn a_namespace_of_another_owner_cannot_be_imported() {
    run_story("import-foreign", "", |story| {
        story.make_foreign_namespace();
        let before = story.namespace()["metadata"]["labels"].clone();
        story.run(&["import", "-no-color", ADDRESS, &story.name]).expect_err(&story.name);
        assert_eq!(story.namespace()["metadata"]["labels"], before);
        assert_eq!(story.attributes_of("preview"), None);
    });
}

#[test]
fn an_environment_of_another_installation_cannot_be_imported() {
    run_story("import-other", "", |story| {
        story.settle();
        let mut other = story.elsewhere();
        other.install(&format!("{}-b", story.installation));
        other.arguments("");
        other.run(&["import", "-no-color", ADDRESS, &story.name]).expect_err("installation");
        assert_eq!(other.attributes_of("preview"), None);
        story.expect_no_changes();
    });
}

#[test]
fn a_namespace_of_the_kubernetes_provider_is_moved_in_place() {
    for kind in ["kubernetes_namespace", "kubernetes_namespace_v1"] {
        run_story("moved", "owner = \"alice\"", |story| {
            story.make_foreign_namespace();
            story.patch_metadata(&json!({ "labels": { "cost-center": "42" } }));
            let uid = story.uid();
            move_from(story, kind, &uid);
            story.plan().expect_ok().expect_said("0 to add, 1 to change, 0 to destroy");
            story.apply().expect_ok().expect_said(&done(0, 1, 0));
            story.expect_no_changes();
            assert_eq!(story.uid(), uid);
            assert_eq!(story.label("environment.on-demand/installation"), story.installation);
            assert_eq!(story.label("environment.on-demand/owner"), "alice");
            assert_eq!(story.label("cost-center"), "42");
            assert_eq!(story.objects("resourcequotas").len(), 1);
            assert!(story.annotation("environment.on-demand/provisioned-at").is_string());
            story.destroy().expect_ok();
            assert!(!story.cluster.namespace_exists(&story.name));
        });
    }
}

#[test]
fn a_moved_namespace_is_taken_over_from_another_state() {
    run_story("moved-over", "", |story| {
        story.settle();
        let uid = story.uid();
        let mut other = story.elsewhere();
        move_from(&mut other, "kubernetes_namespace", &uid);
        other.apply().expect_ok().expect_said(&done(0, 1, 0));
        other.expect_no_changes();
        let run = story.run(&["destroy", "-refresh=false", "-auto-approve", "-no-color"]).expect_ok();
        run.expect_said("has a newer claim");
        assert_eq!(story.uid(), uid);
        assert!(story.namespace()["metadata"]["deletionTimestamp"].is_null());
    });
}

#[test]
fn namespace_created_again_is_not_moved() {
    run_story("moved-stale", "", |story| {
        story.make_foreign_namespace();
        let before = story.namespace()["metadata"]["labels"].clone();
        move_from(story, "kubernetes_namespace", "11111111-2222-3333-4444-555555555555");
        story.apply().expect_err(&story.name);
        assert_eq!(story.namespace()["metadata"]["labels"], before);
        assert_eq!(story.objects("resourcequotas"), Vec::<Value>::new());
    });
}

/// Writes a state of the Kubernetes provider, and a block that moves it here.
fn move_from(story: &mut EnvironmentStory, kind: &str, uid: &str) {
    let name = story.name.clone();
    let registry =
        if story.terraform.path().ends_with("tofu") { "registry.opentofu.org" } else { "registry.terraform.io" };
    let state = json!({
        "version": 4, "terraform_version": "1.11.0", "serial": 1,
        "lineage": "9b3c6f0e-6d0f-4d0c-8a55-2f4f6d1f9a01", "outputs": {}, "check_results": null,
        "resources": [{
            "mode": "managed", "type": kind, "name": "old",
            "provider": format!("provider[\"{registry}/hashicorp/kubernetes\"]"),
            "instances": [{ "schema_version": 0, "sensitive_attributes": [], "attributes": {
                "id": name, "timeouts": null, "wait_for_default_service_account": null,
                "metadata": [{
                    "annotations": null, "generate_name": "", "generation": 0, "labels": { "cost-center": "42" },
                    "name": name, "resource_version": "42", "uid": uid,
                }],
            }}],
        }],
    });
    story.write("terraform.tfstate", &state.to_string());
    let body = format!(
        "{}\nmoved {{\n  from = {kind}.old\n  to   = {ADDRESS}\n}}\n",
        story.block("preview", "owner = \"alice\"")
    );
    story.body(&body);
    substitute_provider(story);
}

/// Terraform requests the schema of every provider in a state, also of one with only a resource that is moved. Our
/// provider replaces it: its answer is not used.
fn substitute_provider(story: &mut EnvironmentStory) {
    let ours = eod_testkit::provider();
    let folder = story.path().join(".stand-in");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(&ours, folder.join("terraform-provider-kubernetes")).unwrap();
    let settings = format!(
        "provider_installation {{\n  dev_overrides {{\n    \"environment-on-demand/eod\" = \"{}\"\n    \
         \"hashicorp/kubernetes\" = \"{}\"\n  }}\n}}\n",
        ours.parent().unwrap().display(),
        folder.display()
    );
    story.write(".stand-in/cli.tfrc", &settings);
    story.set_env("TF_CLI_CONFIG_FILE", folder.join("cli.tfrc"));
}
