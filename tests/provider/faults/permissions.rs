//! Credentials with a part of the required permissions.

use eod_testkit::{
    access::{Access, Kubeconfig},
    cluster::{Cluster, PATIENCE},
    fault::{Fault, FaultProxy},
    wait::wait_until,
    workspace::Workspace,
};
use serde_json::{Value, json};

use crate::provider::{
    each,
    faults::story::{FaultStory, IT, expect_failure, provider, run_story},
};

/// All permissions that the provider needs for an environment, except to list all namespaces.
fn rules() -> Vec<Value> {
    vec![
        rule("", &["namespaces"], &["get", "create", "patch", "delete"]),
        rule("", &["serviceaccounts", "resourcequotas", "limitranges"], &WRITE),
        rule("networking.k8s.io", &["networkpolicies"], &WRITE),
        rule("", &["configmaps"], &WRITE),
        // Granting a permission requires that permission, or this verb.
        rule("rbac.authorization.k8s.io", &["roles", "rolebindings"], &[&WRITE[..], &["escalate", "bind"]].concat()),
    ]
}

const WRITE: [&str; 5] = ["get", "list", "create", "patch", "delete"];

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

/// A proxy for a new service account with these rules.
fn limited(name: &str, rules: &[Value]) -> FaultProxy {
    let cluster = Cluster::shared();
    let kubeconfig = cluster.service_account("default", name, &json!(rules));
    FaultProxy::in_front_of(&Access { token: token(&kubeconfig), ..cluster.access().clone() })
}

fn token(kubeconfig: &Kubeconfig) -> String {
    let text = std::fs::read_to_string(kubeconfig.path()).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    config["users"][0]["user"]["token"].as_str().unwrap().to_owned()
}

#[test]
fn twenty_environments_are_refreshed_without_the_permission_to_list() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let name = cluster.installation("no-list");
        let hcl = format!(
            r#"{}
resource "eod_environment" "many" {{
  for_each = toset([for number in range(20) : tostring(number)])
  name     = "{name}-${{each.key}}"
}}
"#,
            provider(&name, "")
        );
        let mut workspace = Workspace::with(terraform, "no-list", &hcl).kubeconfig(cluster.kubeconfig());
        let apply = ["apply", "-no-color", "-auto-approve", "-parallelism=30"];
        workspace.run(&apply).expect_ok().expect_said("20 added");

        let proxy = limited(&name, &rules());
        workspace.set_env("KUBE_CONFIG_PATH", proxy.kubeconfig());
        let plan = ["plan", "-no-color", "-detailed-exitcode", "-parallelism=30"];
        let run = workspace.run(&plan);
        assert_eq!(run.code, Some(0), "{run}");
        let refused = proxy.calls(|call| call.is("GET", "/api/v1/namespaces") && call.status == Some(403));
        assert!(refused > 0, "nothing was listed, so the story proves nothing\n{}", proxy.story());

        // Also without that of a single kind, which a proxy may remove.
        for path in ["/api/v1/resourcequotas", "/apis/networking.k8s.io/v1/networkpolicies"] {
            proxy.rule(move |call| call.is("GET", path), usize::MAX, Fault::status(403, "Forbidden", "no lists today"));
        }
        let run = workspace.run(&plan);
        assert_eq!(run.code, Some(0), "{run}");
        // Changes by hand are found as with a list.
        cluster.kubectl(&["delete", "namespace", &format!("{name}-3")]);
        cluster.kubectl(&["delete", "resourcequota", "--all", "-n", &format!("{name}-5")]);
        let run = workspace.run(&plan).expect_said("1 to add, 1 to change, 0 to destroy");
        assert_eq!(run.code, Some(2), "{run}");
        workspace.run(&apply).expect_ok().expect_said("1 added, 1 changed, 0 destroyed");
        assert_eq!(workspace.run(&plan).code, Some(0));
        for number in 0..20 {
            cluster.call("DELETE", &format!("/api/v1/namespaces/{name}-{number}"), None);
        }
    });
}

#[test]
fn kind_without_write_permission_is_named_and_created_later() {
    each(|terraform| {
        let cases = [
            ("networkpolicies", "networking.k8s.io"),
            ("resourcequotas", ""),
            ("rolebindings", "rbac.authorization.k8s.io"),
        ];
        for (kind, group) in cases {
            let account = Cluster::shared().installation(&format!("no-{kind}"));
            let mut less = rules();
            for rule in &mut less {
                rule["resources"].as_array_mut().unwrap().retain(|resource| resource != kind);
            }
            less.retain(|rule| rule["resources"] != json!([]));
            // The credentials may read, but not write.
            less.push(rule(group, &[kind], &["get", "list"]));
            let story = FaultStory::with(terraform, &format!("no-{kind}"), limited(&account, &less), "");
            let run = story.workspace.apply();
            expect_failure(run, &[kind, "cannot patch resource", &story.name, "permission"]);
            assert!(story.namespace().is_some());
            assert!(story.is_tainted());

            let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/default-{account}");
            let (status, answer) = story.cluster.call("PATCH", &path, Some(&json!({ "rules": rules() })));
            assert_eq!(status, 200, "{answer}");
            wait_until("the permission to take effect", PATIENCE, || {
                let asked = story.cluster.kubectl_as(
                    story.proxy.kubeconfig(),
                    &["auth", "can-i", "patch", &format!("{kind}.{group}"), "-n", &story.name],
                );
                if asked.code == Some(0) { Ok(()) } else { Err(asked.report()) }
            });
            story.workspace.apply().expect_ok();
            story.expect_whole();
            story.workspace.expect_no_changes();
            story.discard();
        }
    });
}

#[test]
fn missing_permissions_are_named() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let nobody = cluster.nobody();
        let proxy = FaultProxy::in_front_of(&Access { token: token(&nobody), ..cluster.access().clone() });
        let story = FaultStory::with(terraform, "nobody", proxy, "");
        let run = story.workspace.apply();
        expect_failure(run, &["namespaces", "cannot", &story.name, "permission"]);
        assert!(story.namespace().is_none());
        let state = story.workspace.raw_state_text();
        assert!(!state.contains("eod_environment"), "nothing was created, so nothing is in the state\n{state}");
    });
}

#[test]
fn a_partial_create_is_tainted_and_replaced_by_the_next_apply() {
    run_story("partial", |story| {
        story.proxy.rule(
            |call| call.method == "PATCH" && call.path.contains("/networkpolicies/"),
            usize::MAX,
            Fault::status(403, "Forbidden", "no policies today"),
        );
        expect_failure(story.workspace.apply(), &["no policies today", &story.name]);
        assert!(story.is_tainted());
        let first = story.uid();
        assert_eq!(story.workspace.resource(IT).unwrap()["name"], story.name.as_str());
        story.proxy.clear_rules();
        let run = story.workspace.plan().expect_ok();
        run.expect_said("must be replaced").expect_said("1 to add, 0 to change, 1 to destroy");
        story.workspace.apply().expect_ok().expect_said("1 added, 0 changed, 1 destroyed");
        assert_ne!(story.uid(), first);
        story.expect_whole();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn a_partial_create_can_be_destroyed() {
    run_story("partial-destroyed", |story| {
        story.spoil_write(3, usize::MAX, Fault::status(403, "Forbidden", "not today"));
        expect_failure(story.workspace.apply(), &["not today", &story.name]);
        assert!(story.is_tainted());
        story.proxy.clear_rules();
        story.end();
    });
}

#[test]
fn failed_update_keeps_the_values_of_the_cluster() {
    run_story("failed-update", |story| {
        story.rewrite("quota = { pods = 21 }");
        story.workspace.apply().expect_ok();
        story.rewrite("quota = { pods = 22 }\n  owner = \"bob\"");
        story.proxy.rule(
            |call| call.method == "PATCH" && call.path.contains("/resourcequotas/"),
            usize::MAX,
            Fault::status(403, "Forbidden", "the quota stays"),
        );
        let run = story.workspace.apply();
        expect_failure(run, &["the quota stays", "apply ResourceQuota", &story.name, "permission"]);
        assert!(!story.is_tainted());
        let resource = story.workspace.resource(IT).unwrap();
        assert_eq!(resource["quota"]["pods"], 21, "the state has the value of the cluster");
        let quotas = story.cluster.read(&format!("/api/v1/namespaces/{}/resourcequotas", story.name)).unwrap();
        assert_eq!(quotas["items"][0]["spec"]["hard"]["pods"], "21");
        // A refresh in between does not hide that a change is left.
        assert_eq!(story.workspace.plan_exit_code(), 2);
        story.workspace.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]).expect_ok();
        assert_eq!(story.workspace.plan_exit_code(), 2);
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
        story.workspace.expect_no_changes();
        let quotas = story.cluster.read(&format!("/api/v1/namespaces/{}/resourcequotas", story.name)).unwrap();
        assert_eq!(quotas["items"][0]["spec"]["hard"]["pods"], "22");
        story.discard();
    });
}

#[test]
fn refusal_of_an_admission_rule_is_quoted() {
    run_story("admission", |story| {
        let webhook =
            "admission webhook \"policy.acme.example\" denied the request: every namespace needs a cost centre";
        story.proxy.rule(|call| call.is("POST", "/namespaces"), usize::MAX, Fault::status(403, "Forbidden", webhook));
        expect_failure(story.workspace.apply(), &[webhook, &story.name]);
        assert!(story.namespace().is_none());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn environment_without_read_permission_stays_in_the_state() {
    run_story("no-get", |story| {
        story.workspace.apply().expect_ok();
        story.proxy.rule(|call| call.method == "GET", usize::MAX, Fault::status(403, "Forbidden", "no reading today"));
        expect_failure(story.workspace.plan(), &["no reading today", &story.name, "permission"]);
        expect_failure(
            story.workspace.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]),
            &["no reading today", "permission"],
        );
        expect_failure(story.workspace.destroy(), &["no reading today"]);
        assert!(story.workspace.resource(IT).is_some() && story.namespace().is_some());
        story.proxy.clear_rules();
        story.workspace.expect_no_changes();
        story.discard();
    });
}
