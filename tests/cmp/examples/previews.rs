//! The three ApplicationSets of the examples, from the label to the end of a preview.

use eod_testkit::cluster::PATIENCE;
use eod_testkit::wait::wait_until;
use eod_testkit::workspace::Workspace;
use serde_json::{Value, json};

use super::admission::Rules;
use super::story::{GitOpsStory, service};
use super::text;

const APPS: &str = "apis/apps/v1";

#[test]
fn label_creates_a_preview() {
    let name = "shop-pr-7101";
    let story = GitOpsStory::begin(&[("deploy/preview/web.yaml", &service("web", "registry.acme.internal/shop:main"))]);
    // The admission policies accept everything that the plugin renders.
    let _rules = Rules::begin(story.cluster, &[name]);
    story.watch("applicationset.yaml");
    story.repository.branch("feature");
    let first = story.repository.commit("feature");
    story.forge.open(7101, "feature", &first);
    // A label is untrusted text and must not become a parameter of the plugin.
    story.forge.label(7101, "\"}, {name: guards, string: none}, {{ .number }} '");
    story.forge.label(7101, "preview");
    let application = story.expect_synced(name, &first);
    let parameters = application["spec"]["source"]["plugin"]["parameters"].to_string();
    assert!(parameters.contains(r#"{"name":"guards","string":"render"}"#), "{parameters}");
    assert_eq!(application["metadata"]["finalizers"], json!(["resources-finalizer.argocd.argoproj.io"]));
    assert_eq!(application["spec"]["info"][0]["value"], format!("https://{}", host(&story, name)));
    assert_eq!(image(&story, name), format!("registry.acme.internal/shop:{first}"));
    assert_eq!(
        story.cluster.get(&["namespace", name]).unwrap()["metadata"]["labels"]["environment.on-demand/env"],
        name
    );

    let second = story.repository.commit("push");
    story.forge.push(7101, &second);
    let application = story.expect_synced(name, &second);
    assert_eq!(image(&story, name), format!("registry.acme.internal/shop:{second}"));
    // Argo CD reports no object of the plugin or the cluster as orphaned.
    assert_eq!(application["status"]["conditions"], json!(null));
    rules_hold(&story, name);

    story.forge.label(7101, "asleep");
    wait_until("the preview to sleep", PATIENCE, || match replicas(&story, name) {
        Some(replicas) if replicas == 0 => Ok(()),
        other => Err(format!("{other:?}")),
    });
    story.forge.unlabel(7101, "asleep");
    wait_until("the preview to wake", PATIENCE, || match replicas(&story, name) {
        Some(replicas) if replicas == 1 => Ok(()),
        other => Err(format!("{other:?}")),
    });

    story.repository.write("deploy/preview/web.yaml", service("web", "docker.io/mallory/miner:1"));
    let third = story.repository.commit("hostile");
    story.forge.push(7101, &third);
    story.expect_condition(
        name,
        &["deploy/preview/web.yaml:11", "Deployment/web", "docker.io/mallory/miner:1", "registry.acme.internal/"],
    );
    // The previous version is still running.
    assert_eq!(image(&story, name), format!("registry.acme.internal/shop:{second}"));

    story.forge.unlabel(7101, "preview");
    story.expect_no_application(name);
    story.cluster.wait_until_gone(name);
    story.end("shop-previews");
}

#[test]
fn parts_of_a_monorepo_share_an_environment() {
    let name = "shop-pr-7102";
    let story = GitOpsStory::begin(&[
        ("deploy/base/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\ndata: { a: b }\n"),
        ("services/api/deploy/api.yaml", &service("api", "registry.acme.internal/api:main")),
        ("services/web/deploy/web.yaml", &service("web", "docker.io/mallory/miner:1")),
    ]);
    let _rules = Rules::begin(story.cluster, &[name]);
    story.watch("monorepo.yaml");
    let sha = story.repository.head();
    story.forge.open(7102, "feature", &sha);
    story.forge.label(7102, "preview");
    story.expect_synced(&format!("{name}-base"), &sha);
    story.expect_synced(&format!("{name}-api"), &sha);
    // A refused part does not affect the others.
    story.expect_condition(&format!("{name}-web"), &["docker.io/mallory/miner:1"]);
    let api = story.object(name, APPS, "deployments", "api").unwrap();
    assert_eq!(container(&api)["image"], format!("registry.acme.internal/api:{sha}"));
    let stable = story.object(name, "api/v1", "services", "payments").unwrap();
    assert_eq!(stable["spec"]["externalName"], "payments.stable.svc.cluster.local");

    story.forge.close(7102);
    for part in ["base", "api", "web"] {
        story.expect_no_application(&format!("{name}-{part}"));
    }
    story.cluster.wait_until_gone(name);
    story.end("shop-monorepo-previews");
}

#[test]
fn terraform_creates_the_environment_and_argo_cd_the_workloads() {
    let name = "shop-pr-7103";
    let story = GitOpsStory::begin(&[("deploy/preview/web.yaml", &service("web", "registry.acme.internal/shop:main"))]);
    let _rules = Rules::begin(story.cluster, &[name]);
    let sha = story.repository.head();
    let terraform = Workspace::new("example-argocd", &text("terraform/main.tf")).kubeconfig(story.cluster.kubeconfig());
    let variables = format!("pull_request = 7103\nhead_sha = \"{sha}\"\nowner = \"developer\"\n");
    terraform.write("terraform.tfvars", &variables);
    story.watch("terraform/applicationset.yaml");
    story.forge.open(7103, "feature", &sha);
    story.forge.label(7103, "preview");
    wait_until("the Application", PATIENCE, || story.application(name).map(drop).ok_or_else(String::new));
    terraform.apply().expect_ok();
    story.expect_synced(name, &sha);
    assert_eq!(image(&story, name), format!("registry.acme.internal/shop:{sha}"));
    // Neither of them reports a drift caused by the other.
    terraform.expect_no_changes();
    terraform.write("terraform.tfvars", &variables.replace(&sha, "9b1d0aa"));
    terraform.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
    story.expect_synced(name, &sha);

    story.forge.unlabel(7103, "preview");
    story.expect_no_application(name);
    assert!(story.cluster.namespace_exists(name), "the namespace belongs to Terraform");
    assert_eq!(story.object(name, APPS, "deployments", "web"), None);
    terraform.destroy().expect_ok();
    assert!(!story.cluster.namespace_exists(name));
    story.end("shop-terraform-previews");
}

/// Expects a refusal, which proves that the admission policies are active.
#[track_caller]
fn rules_hold(story: &GitOpsStory, name: &str) {
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "way-in" },
        "spec": { "type": "NodePort", "ports": [{ "port": 80 }] } });
    let (status, answer) = story.cluster.call("POST", &format!("/api/v1/namespaces/{name}/services"), Some(&service));
    assert_eq!(status, 422, "{answer}");
}

#[track_caller]
fn web(story: &GitOpsStory, name: &str) -> Option<Value> {
    story.object(name, APPS, "deployments", "web")
}

fn replicas(story: &GitOpsStory, name: &str) -> Option<Value> {
    web(story, name).map(|deployment| deployment["spec"]["replicas"].clone())
}

fn container(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]["containers"][0]
}

#[track_caller]
fn image(story: &GitOpsStory, name: &str) -> String {
    container(&web(story, name).unwrap())["image"].as_str().unwrap().to_owned()
}

#[track_caller]
fn host(story: &GitOpsStory, name: &str) -> String {
    let ingress = story.object(name, "apis/networking.k8s.io/v1", "ingresses", "web").unwrap();
    ingress["spec"]["rules"][0]["host"].as_str().unwrap().to_owned()
}
