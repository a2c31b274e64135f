//! A create creates exactly the documented objects, with ownership labels from the first call, and the next plan is
//! empty.

use eod_testkit::{cluster::PATIENCE, fault::FaultProxy, wait::wait_until};
use serde_json::{Value, json};

use crate::provider::{ADDRESS, DOMAIN, EnvironmentStory, done, lies_after, run_story, text};

/// An environment with every argument that ownership labels and annotations depend on.
const FACTS: &str = r#"
head_sha = "4f2a9c1d"
owner    = "alice"
services = ["api", "web"]
labels   = { team = "checkout" }
annotations = { "acme.io/channel" = "previews" }
"#;

#[test]
fn a_create_sets_ownership_labels_on_the_namespace() {
    run_story("marks", FACTS, |story| {
        story.apply().expect_ok().expect_said(&done(1, 0, 0));
        let labels = &story.namespace()["metadata"]["labels"];
        for (key, value) in [
            ("app.kubernetes.io/name", "preview"),
            ("app.kubernetes.io/instance", &story.name),
            ("app.kubernetes.io/managed-by", "eod"),
            ("environment.on-demand/env", &story.name),
            ("environment.on-demand/installation", &story.installation),
            ("environment.on-demand/owner", "alice"),
            ("environment.on-demand/tier", "lightweight"),
            ("environment.on-demand/ttl", "4h"),
            ("team", "checkout"),
            ("pod-security.kubernetes.io/enforce", "baseline"),
            ("pod-security.kubernetes.io/warn", "restricted"),
            ("pod-security.kubernetes.io/audit", "restricted"),
        ] {
            assert_eq!(labels[key], value, "{key}");
        }
        let annotations = &story.namespace()["metadata"]["annotations"];
        for (key, value) in [
            ("environment.on-demand/head-sha", "4f2a9c1d".to_owned()),
            ("environment.on-demand/owner", "alice".to_owned()),
            ("environment.on-demand/repository", format!("github.com/{}", story.repository)),
            ("environment.on-demand/pr-url", format!("https://github.com/{}/pull/7", story.repository)),
            ("acme.io/channel", "previews".to_owned()),
        ] {
            assert_eq!(annotations[key], value, "{key}");
        }
        for key in ["created-at", "provisioned-at", "last-activity-at", "expires-at"] {
            let time = text(&annotations[format!("environment.on-demand/{key}")]);
            assert!(time.starts_with("20") && time.ends_with('Z'), "{key} is {time}");
        }
        let spec: Value = serde_json::from_str(&text(&annotations["environment.on-demand/spec"])).unwrap();
        assert!(spec.is_object(), "{spec}");
    });
}

#[test]
fn every_output_has_the_value_of_the_cluster() {
    run_story("outputs", FACTS, |story| {
        story.apply().expect_ok();
        let (state, name) = (story.attributes(), &story.name);
        for key in ["id", "name", "namespace"] {
            assert_eq!(state[key], *name, "{key}");
        }
        assert_eq!(state["uid"], story.uid());
        assert_eq!(state["host"], format!("{name}.{DOMAIN}"));
        assert_eq!(state["url"], format!("https://{name}.{DOMAIN}"));
        let hosts = json!({ "api": format!("{name}-api.{DOMAIN}"), "web": format!("{name}-web.{DOMAIN}") });
        assert_eq!(state["hosts"], hosts);
        assert_eq!(state["status"], "ready");
        assert_eq!(state["drift"], json!([]));
        assert_eq!(state["tier"], "lightweight");
        assert_eq!(state["ttl"], "4h");
        assert_eq!(state["protected"], false);
        assert_eq!(state["pod_security"], "baseline");
        assert_eq!(state["pull_request_url"], format!("https://github.com/{}/pull/7", story.repository));
        // 2 CPU, 4 GiB and 20 GiB of storage at the default prices.
        assert_eq!(state["cost_per_day_usd"].as_f64(), Some(2.41));
        for (key, annotation) in
            [("created_at", "created-at"), ("last_activity_at", "last-activity-at"), ("expires_at", "expires-at")]
        {
            assert_eq!(state[key], story.annotation(&format!("environment.on-demand/{annotation}")), "{key}");
        }
        assert!(lies_after(&state["last_activity_at"], "4h", &state["expires_at"]), "{state}");
        let mut labels = story.namespace()["metadata"]["labels"].clone();
        // The API server sets this label itself.
        labels.as_object_mut().unwrap().remove("kubernetes.io/metadata.name");
        assert_eq!(state["effective_labels"], labels);
    });
}

#[test]
fn without_a_domain_there_is_no_host() {
    run_story("no-domain", "services = [\"api\"]", |story| {
        story.provider("");
        story.settle();
        let state = story.attributes();
        for key in ["host", "hosts", "url"] {
            assert_eq!(state[key], Value::Null, "{key}");
        }
    });
}

#[test]
fn create_has_quota_and_limits_of_the_tier() {
    run_story("sizes", "", |story| {
        story.apply().expect_ok();
        let hard = json!({
            "requests.cpu": "2", "requests.memory": "4Gi", "limits.cpu": "4", "limits.memory": "8Gi",
            "pods": "20", "services": "10", "persistentvolumeclaims": "5", "requests.storage": "20Gi",
            "services.loadbalancers": "0", "services.nodeports": "0",
        });
        assert_eq!(story.only("resourcequotas")["spec"]["hard"], hard);
        let limits = json!([{
            "type": "Container",
            "default": { "cpu": "250m", "memory": "256Mi" },
            "defaultRequest": { "cpu": "50m", "memory": "64Mi" },
            "max": { "cpu": "2", "memory": "4Gi" },
        }]);
        assert_eq!(story.only("limitranges")["spec"]["limits"], limits);
        let state = story.attributes();
        assert_eq!(state["quota"]["cpu"], "2");
        assert_eq!(state["quota"]["pods"], 20);
        assert_eq!(state["limits"]["max_memory"], "4Gi");
    });
}

#[test]
fn everything_that_is_created_has_ownership_labels() {
    run_story("nothing-else", "access = [{ kind = \"User\", name = \"alice\" }]", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\ndefault_labels = {{ department = \"shop\" }}"));
        story.apply().expect_ok();
        let kinds = ["resourcequotas", "limitranges", "networkpolicies", "roles", "rolebindings"];
        for (plural, count) in kinds.into_iter().zip([1..=1, 1..=1, 4..=8, 1..=1, 1..=1]) {
            let objects = story.objects(plural);
            assert!(count.contains(&objects.len()), "{} of {plural}: {objects:#?}", objects.len());
            for object in objects {
                let labels = &object["metadata"]["labels"];
                assert_eq!(labels["app.kubernetes.io/managed-by"], "eod", "{object:#}");
                assert_eq!(labels["environment.on-demand/installation"], story.installation, "{object:#}");
                assert_eq!(labels["environment.on-demand/env"], story.name, "{object:#}");
                assert_eq!(labels["department"], "shop", "{object:#}");
            }
        }
        assert_eq!(story.label("department"), "shop");
        assert_eq!(story.objects("secrets"), Vec::<Value>::new());
        assert_eq!(text(&story.only("serviceaccounts")["metadata"]["name"]), "default");
        let ours = |map: &Value| map["metadata"]["name"] != "kube-root-ca.crt";
        assert_eq!(story.objects("configmaps").into_iter().filter(ours).count(), 0);
    });
}

#[test]
fn the_create_call_sets_the_ownership_labels() {
    run_story("born-tagged", "", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        story.apply().expect_ok();
        let log = proxy.log();
        // The ledger is written before and after, and the first create of a cluster also creates the control namespace.
        let is_record = |call: &eod_testkit::fault::Logged| {
            let name = call.body.as_ref().map(|body| &body["metadata"]["name"]);
            call.path.contains("/configmaps") || name.is_some_and(|name| name == "eod-system")
        };
        let all: Vec<_> =
            log.iter().filter(|call| call.method != "GET" && !call.path.contains("/authorization.")).collect();
        assert!(is_record(all[0]) && all.last().is_some_and(|last| is_record(last)), "{}", proxy.story());
        let writes: Vec<_> = all.into_iter().filter(|call| !is_record(call)).collect();
        assert!(writes[0].is("POST", "/api/v1/namespaces"), "{}", proxy.story());
        let born = &writes[0].body.as_ref().unwrap()["metadata"];
        assert_eq!(born["labels"]["app.kubernetes.io/managed-by"], "eod");
        assert_eq!(born["labels"]["environment.on-demand/installation"], story.installation);
        assert_eq!(born["labels"]["environment.on-demand/env"], story.name);
        assert!(born["annotations"]["environment.on-demand/nonce"].is_string(), "{born}");
        assert!(born["annotations"]["environment.on-demand/provisioned-at"].is_null(), "{born}");
        // The last write marks the create as complete.
        let says = |call: &&&eod_testkit::fault::Logged| {
            call.body.as_ref().is_some_and(|body| body.to_string().contains("environment.on-demand/provisioned-at"))
        };
        assert_eq!(writes.iter().filter(says).count(), 1, "{}", proxy.story());
        assert!(writes.last().is_some_and(|last| says(&last)), "{}", proxy.story());
    });
}

#[test]
fn objects_have_one_field_manager_and_the_clock_has_another() {
    run_story("managers", "", |story| {
        story.apply().expect_ok();
        let managers = |object: &Value, operation: &str| -> Vec<String> {
            let entries = object["metadata"]["managedFields"].as_array().unwrap().clone();
            let mut names: Vec<_> = entries
                .iter()
                .filter(|entry| entry["operation"] == operation && entry["subresource"].is_null())
                .map(|entry| text(&entry["manager"]))
                .collect();
            names.sort();
            names.dedup();
            names
        };
        let namespace = story.namespace();
        let applied = managers(&namespace, "Apply");
        assert_eq!(applied.len(), 1, "{namespace:#}");
        assert!(managers(&namespace, "Update").contains(&"eod-clock".to_owned()), "{namespace:#}");
        for plural in ["resourcequotas", "limitranges", "networkpolicies"] {
            for object in story.objects(plural) {
                assert_eq!(managers(&object, "Apply"), applied, "{object:#}");
            }
        }
        let clock = |entry: &&Value| entry["manager"] == "eod-clock";
        let entries = namespace["metadata"]["managedFields"].as_array().unwrap().clone();
        let fields = entries.iter().find(clock).unwrap()["fieldsV1"].to_string();
        assert!(fields.contains("expires-at") && fields.contains("last-activity-at"), "{fields}");
        let ours = entries.iter().find(|entry| entry["operation"] == "Apply").unwrap()["fieldsV1"].to_string();
        assert!(!ours.contains("expires-at") && !ours.contains("last-activity-at"), "{ours}");
    });
}

#[test]
fn the_default_service_account_mounts_no_token() {
    run_story("account", "image_pull_secrets = [\"registry\", \"mirror\"]", |story| {
        story.apply().expect_ok();
        wait_until("the service account", PATIENCE, || {
            let account = story.only("serviceaccounts");
            let token = account["automountServiceAccountToken"] == false;
            let secrets = account["imagePullSecrets"] == json!([{ "name": "registry" }, { "name": "mirror" }]);
            if token && secrets { Ok(()) } else { Err(account.to_string()) }
        });
        story.expect_no_changes();
    });
}

#[test]
fn plan_is_empty_after_create_refresh_and_a_second_apply() {
    run_story("no-op", FACTS, |story| {
        story.settle();
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        story.expect_no_changes();
        story.settle().expect_said(&done(0, 0, 0));
        assert_eq!(story.plan().expect_ok().said().matches("No changes.").count(), 1);
    });
}

#[test]
fn saved_plan_is_applied_unchanged() {
    run_story("saved", FACTS, |story| {
        story.run(&["plan", "-out=saved", "-no-color"]).expect_ok();
        story.run(&["apply", "-no-color", "saved"]).expect_ok().expect_said(&done(1, 0, 0));
        story.expect_no_changes();
        story.arguments("owner = \"bob\"");
        story.run(&["plan", "-out=saved", "-no-color"]).expect_ok();
        story.run(&["apply", "-no-color", "saved"]).expect_ok().expect_said(&done(0, 1, 0));
        story.expect_no_changes();
        assert_eq!(story.label("environment.on-demand/owner"), "bob");
    });
}

#[test]
fn the_plan_of_a_new_environment_needs_no_api() {
    run_story("no-api", FACTS, |story| {
        let kubeconfig = story.cluster.nobody();
        let text =
            std::fs::read_to_string(kubeconfig.path()).unwrap().replace(story.cluster.server(), "https://127.0.0.1:9");
        story.write("nowhere.yaml", &text);
        let nowhere = story.path().join("nowhere.yaml");
        story.set_env("KUBE_CONFIG_PATH", nowhere);
        assert_eq!(story.plan_exit_code(), 2);
        let name = story.name.clone();
        story.plan().expect_ok().expect_said(&format!("\"{name}.{DOMAIN}\""));
    });
}

#[test]
fn the_plan_of_a_new_environment_shows_known_attributes() {
    run_story("known", FACTS, |story| {
        let run = story.run(&["plan", "-out=saved", "-no-color"]).expect_ok();
        let shown: Value = serde_json::from_str(&story.run(&["show", "-json", "saved"]).expect_ok().stdout).unwrap();
        let change = &shown["resource_changes"][0]["change"];
        for key in ["id", "name", "namespace"] {
            assert_eq!(change["after"][key], story.name, "{key}\n{run}");
        }
        assert_eq!(change["after"]["host"], format!("{}.{DOMAIN}", story.name));
        assert_eq!(change["after"]["ttl"], "4h");
        assert_eq!(change["after"]["quota"]["cpu"], "2");
        assert_eq!(change["after"]["limits"]["max_cpu"], "2");
        assert_eq!(change["after"]["network"]["isolation"], "strict");
        assert_eq!(change["after"]["protected"], false);
        for key in ["uid", "created_at", "expires_at"] {
            assert_eq!(change["after_unknown"][key], true, "{key}\n{run}");
        }
    });
}

#[test]
fn create_waits_for_a_running_deletion() {
    run_story("terminating", "", |story| {
        story.apply().expect_ok();
        let former = story.uid();
        story.forget();
        story.hold();
        story.delete(&story.namespace_path());
        story.wait_until_terminating();
        let apply = story.spawn(&["apply", "-no-color", "-auto-approve"]);
        apply.wait_for_log(&format!("Starting apply for {ADDRESS}"));
        story.release();
        apply.wait().expect_ok().expect_said(&done(1, 0, 0));
        assert_ne!(story.uid(), former);
        story.expect_no_changes();
    });
}

#[test]
fn wait_for_a_blocked_deletion_ends_with_its_cause() {
    run_story("never-goes", "", |story| {
        story.apply().expect_ok();
        story.forget();
        story.hold();
        story.delete(&story.namespace_path());
        // The namespace controller reports the finalizer a few seconds after the start of the deletion.
        wait_until("the finalizer to be reported", PATIENCE, || {
            let status = story.namespace()["status"].to_string();
            if status.contains("example.com/hold") { Ok(()) } else { Err(status) }
        });
        story.arguments("timeouts = { create = \"8s\" }");
        let said = story.apply().expect_err(&story.name).said();
        assert!(said.contains("example.com/hold"), "{said}");
        story.release();
        story.cluster.wait_until_gone(&story.name);
        story.arguments("");
        story.settle();
    });
}

#[test]
fn quota_and_pod_security_refuse_pods() {
    run_story("bad-pod", "", |story| {
        story.apply().expect_ok();
        // Until the service account and the status of the quota exist, every pod is refused.
        wait_until("a harmless pod to be accepted", PATIENCE, || match pod(story, "harmless", &json!({})) {
            (201, _) => Ok(()),
            (_, answer) => Err(answer.to_string()),
        });
        let (status, answer) = pod(story, "privileged", &json!({ "securityContext": { "privileged": true } }));
        assert_eq!(status, 403, "{answer}");
        assert!(text(&answer["message"]).contains("violates PodSecurity \"baseline:latest\""), "{answer}");
        let wanted = |cpu: &str| json!({ "resources": { "requests": { "cpu": cpu }, "limits": { "cpu": cpu } } });
        let (status, answer) = pod(story, "one-too-large", &wanted("3"));
        assert_eq!(status, 403, "{answer}");
        assert!(text(&answer["message"]).contains("maximum cpu usage per Container is 2"), "{answer}");
        let (status, answer) = pod(story, "fits", &wanted("1500m"));
        assert_eq!(status, 201, "{answer}");
        let (status, answer) = pod(story, "too-much", &wanted("1"));
        assert_eq!(status, 403, "{answer}");
        assert!(text(&answer["message"]).contains("exceeded quota"), "{answer}");
        // A container without requests gets the defaults, so that the quota accepts it.
        let harmless = story.cluster.read(&format!("{}/harmless", story.collection("pods"))).unwrap();
        let resources =
            json!({ "requests": { "cpu": "50m", "memory": "64Mi" }, "limits": { "cpu": "250m", "memory": "256Mi" } });
        assert_eq!(harmless["spec"]["containers"][0]["resources"], resources);
        assert_eq!(harmless["spec"]["containers"][0].get("volumeMounts"), None, "a token is mounted");
    });
}

/// Requests a pod with one container.
fn pod(story: &EnvironmentStory, name: &str, container: &Value) -> (u16, Value) {
    let mut spec = json!({ "name": "main", "image": "example.invalid/none" });
    spec.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let pod = json!({ "metadata": { "name": name }, "spec": { "containers": [spec] } });
    story.cluster.call("POST", &story.collection("pods"), Some(&pod))
}
