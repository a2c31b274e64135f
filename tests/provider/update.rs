//! Everything except the identity changes in place, equal values are not a change, and the clock has its own rules.

use eod_domain::Ttl;
use serde_json::{Value, json};

use crate::provider::{EnvironmentStory, done, later, lies_after, run_story, text};

/// Arguments, and their effect in cluster or state.
type Row = (&'static str, fn(&EnvironmentStory) -> bool);

/// Applies one row after the other. Each is an update in place, with an empty plan after it.
#[track_caller]
fn each_in_place(test: &str, rows: &[Row]) {
    run_story(test, "", |story| {
        story.apply().expect_ok();
        let uid = story.uid();
        for (arguments, holds) in rows {
            story.arguments(arguments);
            story.settle().expect_said(&done(0, 1, 0));
            assert_eq!(story.uid(), uid, "{arguments}");
            assert!(
                holds(story),
                "`{arguments}` did not have the expected effect\n{:#}\n{:#}",
                story.namespace(),
                story.attributes()
            );
        }
        story.arguments("");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("drift"), json!([]));
    });
}

#[test]
fn facts_are_updated_in_place() {
    each_in_place(
        "facts",
        &[
            ("head_sha = \"abcdef12\"", |story| story.annotation("environment.on-demand/head-sha") == "abcdef12"),
            ("owner = \"dependabot[bot]\"", |story| {
                let label = text(&story.label("environment.on-demand/owner"));
                story.annotation("environment.on-demand/owner") == "dependabot[bot]"
                    && label.starts_with("dependabot-bot-")
            }),
            ("owner = \"alice@acme.example\"", |story| {
                let label = text(&story.label("environment.on-demand/owner"));
                story.annotation("environment.on-demand/owner") == "alice@acme.example" && !label.contains('@')
            }),
            ("pull_request_url = \"https://git.acme.example/shop/7\"", |story| {
                story.annotation("environment.on-demand/pr-url") == "https://git.acme.example/shop/7"
            }),
            ("labels = { team = \"checkout\" }", |story| story.label("team") == "checkout"),
            ("labels = { squad = \"cart\" }", |story| story.label("squad") == "cart" && story.label("team").is_null()),
            ("annotations = { \"acme.io/x\" = \"y\" }", |story| {
                story.annotation("acme.io/x") == "y" && story.label("squad").is_null()
            }),
            ("services = [\"api\", \"web\"]", |story| {
                story.annotation("acme.io/x").is_null()
                    && story.attribute("hosts").as_object().is_some_and(|hosts| hosts.len() == 2)
            }),
            ("services = [\"web\"]", |story| {
                story.attribute("hosts").as_object().is_some_and(|hosts| hosts.len() == 1)
            }),
            ("protected = true", |story| story.annotation("environment.on-demand/protected") == "true"),
            ("dns = { mode = \"none\" }", |story| story.attribute("host").is_null()),
        ],
    );
}

#[test]
fn guards_change_in_place() {
    let quota = |story: &EnvironmentStory, key: &str| story.only("resourcequotas")["spec"]["hard"][key].clone();
    each_in_place(
        "guards",
        &[
            ("quota = { cpu = \"3\", memory = \"6Gi\", pods = 9 }", move |story| {
                let hard = &story.only("resourcequotas")["spec"]["hard"];
                hard["requests.cpu"] == "3"
                    && hard["limits.cpu"] == "6"
                    && hard["limits.memory"] == "12Gi"
                    && hard["pods"] == "9"
            }),
            ("quota = { load_balancers = 1, node_ports = 2, storage = \"5Gi\" }", |story| {
                let hard = &story.only("resourcequotas")["spec"]["hard"];
                hard["services.loadbalancers"] == "1"
                    && hard["services.nodeports"] == "2"
                    && hard["requests.storage"] == "5Gi"
            }),
            ("limits = { default_cpu = \"100m\", default_request_cpu = \"20m\", max_memory = \"1Gi\" }", |story| {
                let limits = &story.only("limitranges")["spec"]["limits"][0];
                limits["default"]["cpu"] == "100m"
                    && limits["defaultRequest"]["cpu"] == "20m"
                    && limits["max"]["memory"] == "1Gi"
            }),
            ("pod_security = \"restricted\"", |story| {
                story.label("pod-security.kubernetes.io/enforce") == "restricted"
            }),
            ("pod_security = \"privileged\"", |story| {
                story.label("pod-security.kubernetes.io/enforce") == "privileged"
                    && story.label("pod-security.kubernetes.io/warn") == "restricted"
            }),
            ("network = { allow_from_namespaces = [\"monitoring\"] }", |story| {
                story
                    .objects("networkpolicies")
                    .iter()
                    .any(|policy| policy["spec"]["ingress"].to_string().contains("monitoring"))
            }),
            ("network = { isolation = \"none\" }", |story| story.objects("networkpolicies").is_empty()),
        ],
    );
    run_story("quota-default", "quota = { cpu = \"3\" }", |story| {
        story.apply().expect_ok();
        assert_eq!(quota(story, "requests.cpu"), "3");
        // Fields that are not set come from the tier, and the maximum of a container from the quota.
        assert_eq!(quota(story, "requests.memory"), "4Gi");
        assert_eq!(story.attribute("limits")["max_cpu"], "3");
    });
}

#[test]
fn access_and_mesh_change_in_place() {
    each_in_place(
        "access-mesh",
        &[
            ("access = [{ kind = \"User\", name = \"alice\" }]", |story| {
                story.only("rolebindings")["subjects"][0]["name"] == "alice"
            }),
            ("access = [{ kind = \"Group\", name = \"shop\", role = \"view\" }]", |story| {
                story.only("rolebindings")["roleRef"]["name"] == "view"
            }),
            ("image_pull_secrets = [\"registry\"]", |story| {
                story.objects("rolebindings").is_empty()
                    && story.only("serviceaccounts")["imagePullSecrets"] == json!([{ "name": "registry" }])
            }),
            ("mesh = { kind = \"istio-sidecar\" }", |story| story.label("istio-injection") == "enabled"),
            ("mesh = { kind = \"istio-sidecar\", revision = \"1-26\" }", |story| {
                story.label("istio.io/rev") == "1-26" && story.label("istio-injection").is_null()
            }),
            ("mesh = { kind = \"istio-ambient\" }", |story| {
                story.label("istio.io/dataplane-mode") == "ambient" && story.label("istio.io/rev").is_null()
            }),
            ("mesh = { kind = \"linkerd\" }", |story| {
                story.annotation("linkerd.io/inject") == "enabled" && story.label("istio.io/dataplane-mode").is_null()
            }),
        ],
    );
}

#[test]
fn arguments_that_only_terraform_uses_change_in_place() {
    run_story("own", "", |story| {
        story.apply().expect_ok();
        let uid = story.uid();
        for arguments in ["timeouts = { read = \"2m\" }", "force_conflicts = true", "adopt = true"] {
            story.arguments(arguments);
            story.apply().expect_ok();
            story.expect_no_changes();
            assert_eq!(story.uid(), uid, "{arguments}");
        }
    });
}

#[test]
fn equal_values_in_another_form_are_not_a_change() {
    run_story("equal", "ttl = \"90m\"\nquota = { cpu = \"1\", memory = \"2Gi\" }\nhead_sha = \"abcdef12\"", |story| {
        story.settle();
        assert_eq!(story.attribute("ttl"), "90m");
        for ttl in ["1h30m", "5400s", "1h1800s"] {
            for quota in ["{ cpu = \"1000m\", memory = \"2048Mi\" }", "{ cpu = \"1.0\", memory = \"2147483648\" }"] {
                story.arguments(&format!("ttl = \"{ttl}\"\nquota = {quota}\nhead_sha = \"abcdef12\""));
                story.expect_no_changes();
            }
        }
        let block =
            story.block("preview", "ttl = \"90m\"\nquota = { cpu = \"1\", memory = \"2Gi\" }\nhead_sha = \"abcdef12\"");
        let upper = format!("github.com/{}", story.repository.replacen("acme", "ACME", 1));
        story.body(&block.replace(&story.repository, &upper));
        story.expect_no_changes();
    });
}

#[test]
fn another_tier_has_its_own_defaults() {
    run_story("tier", "head_sha = \"abcdef12\"", |story| {
        story.apply().expect_ok();
        let uid = story.uid();
        for (tier, ttl, cpu, memory, pods) in [
            ("full", "24h", "4", "8Gi", 40),
            ("compliance", "48h", "4", "8Gi", 40),
            ("lightweight", "4h", "2", "4Gi", 20),
        ] {
            story.arguments(&format!("head_sha = \"abcdef12\"\ntier = \"{tier}\""));
            story.settle().expect_said(&done(0, 1, 0));
            let state = story.attributes();
            assert_eq!((&state["tier"], &state["ttl"]), (&json!(tier), &json!(ttl)));
            assert_eq!((&state["quota"]["cpu"], &state["quota"]["pods"]), (&json!(cpu), &json!(pods)), "{tier}");
            assert_eq!(
                (&state["limits"]["max_cpu"], &state["limits"]["max_memory"]),
                (&json!(cpu), &json!(memory)),
                "{tier}"
            );
            assert_eq!(story.label("environment.on-demand/tier"), tier);
            assert_eq!(text(&story.label("environment.on-demand/ttl")).parse::<Ttl>(), ttl.parse::<Ttl>());
            assert_eq!(story.only("resourcequotas")["spec"]["hard"]["requests.cpu"], cpu);
            assert!(lies_after(&state["last_activity_at"], ttl, &state["expires_at"]), "{state}");
            assert_eq!(story.uid(), uid);
        }
    });
}

#[test]
fn staging_is_permanent_and_protected() {
    run_story("staging", "tier = \"staging\"", |story| {
        story.settle();
        let state = story.attributes();
        assert_eq!((&state["ttl"], &state["expires_at"]), (&Value::Null, &Value::Null));
        assert_eq!(state["protected"], true);
        assert_eq!(story.annotation("environment.on-demand/expires-at"), Value::Null);
        assert_eq!(story.annotation("environment.on-demand/protected"), "true");
        story.destroy().expect_err("protected");
        // A change to a tier with a TTL starts a clock; a change to a tier without one removes it.
        story.arguments("tier = \"full\"");
        story.settle().expect_said(&done(0, 1, 0));
        let state = story.attributes();
        assert!(lies_after(&state["last_activity_at"], "24h", &state["expires_at"]), "{state}");
        assert_eq!(state["protected"], false);
        story.arguments("tier = \"staging\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("expires_at"), Value::Null);
        assert_eq!(story.annotation("environment.on-demand/expires-at"), Value::Null);
    });
}

/// Sets the clock on the namespace back, as if the environment were years old.
fn long_ago(story: &EnvironmentStory) {
    story.patch_metadata(&json!({ "annotations": {
        "environment.on-demand/created-at": LONG_AGO,
        "environment.on-demand/last-activity-at": LONG_AGO,
        "environment.on-demand/expires-at": SOON_AFTER,
    }}));
}

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const SOON_AFTER: &str = "2020-01-01T04:00:00Z";

#[test]
fn a_new_commit_restarts_the_clock() {
    run_story("commit", "head_sha = \"aaaaaaa1\"", |story| {
        story.apply().expect_ok();
        long_ago(story);
        story.arguments("head_sha = \"aaaaaaa2\"");
        story.settle().expect_said(&done(0, 1, 0));
        let state = story.attributes();
        assert!(text(&state["last_activity_at"]).as_str() > LONG_AGO, "{state}");
        assert!(lies_after(&state["last_activity_at"], "4h", &state["expires_at"]), "{state}");
        assert_eq!(state["status"], "ready");
        assert_eq!(story.annotation("environment.on-demand/expires-at"), state["expires_at"]);
    });
}

#[test]
fn other_changes_do_not_change_the_clock() {
    run_story("no-commit", "head_sha = \"aaaaaaa1\"", |story| {
        story.apply().expect_ok();
        long_ago(story);
        story.arguments("head_sha = \"aaaaaaa1\"\nowner = \"bob\"\nlabels = { team = \"checkout\" }");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("last_activity_at"), LONG_AGO);
        assert_eq!(story.attribute("expires_at"), SOON_AFTER);
        assert_eq!(story.attribute("status"), "expiring");
    });
}

#[test]
fn in_compliance_only_an_extension_restarts_the_clock() {
    run_story("compliance", "tier = \"compliance\"\nhead_sha = \"aaaaaaa1\"", |story| {
        story.apply().expect_ok();
        long_ago(story);
        story.arguments("tier = \"compliance\"\nhead_sha = \"aaaaaaa2\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("last_activity_at"), LONG_AGO);
        assert_eq!(story.attribute("status"), "awaiting-approval");
        assert_eq!(story.annotation("environment.on-demand/head-sha"), "aaaaaaa2");
        story.arguments("tier = \"compliance\"\nhead_sha = \"aaaaaaa2\"\nextension = \"the auditor comes on Monday\"");
        story.settle().expect_said(&done(0, 1, 0));
        let state = story.attributes();
        assert!(text(&state["last_activity_at"]).as_str() > LONG_AGO, "{state}");
        assert!(lies_after(&state["last_activity_at"], "48h", &state["expires_at"]), "{state}");
        assert_eq!(story.annotation("environment.on-demand/extension"), "the auditor comes on Monday");
    });
}

#[test]
fn update_keeps_a_later_expiry_of_another_tool() {
    run_story("later", "head_sha = \"aaaaaaa1\"", |story| {
        story.apply().expect_ok();
        let far = later(&story.attribute("created_at"), "30d");
        story.patch_metadata(&json!({ "annotations": { "environment.on-demand/expires-at": far } }));
        story.arguments("head_sha = \"aaaaaaa2\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("expires_at"), far);
        assert_eq!(story.annotation("environment.on-demand/expires-at"), far);
    });
}

#[test]
fn only_a_change_of_the_identity_replaces() {
    run_story("replace", "", |story| {
        story.apply().expect_ok();
        let own = story.block("preview", "");
        for other in [
            own.replace("pull_request = 7", "pull_request = 8"),
            own.replace("pull_request = 7", "branch = \"feature/x\""),
            own.replace("acme/", "other/"),
            story.block("preview", "name = \"another-name\""),
        ] {
            story.body(&other);
            let run = story.plan().expect_ok().expect_said("1 to add, 0 to change, 1 to destroy");
            run.expect_said("forces replacement");
        }
    });
}

#[test]
fn another_pull_request_is_another_environment() {
    run_story("another", "", |story| {
        story.apply().expect_ok();
        let former = story.name.clone();
        let other = story.block("preview", "").replace("pull_request = 7", "pull_request = 8");
        story.body(&other);
        story.settle().expect_said(&done(1, 0, 1));
        assert!(!story.cluster.namespace_exists(&former));
        story.name = text(&story.attribute("name"));
        assert_eq!(story.name, format!("{}-pr-8", story.installation));
        assert_eq!(story.attribute("uid"), story.uid());
    });
}

#[test]
fn outputs_stay_known_during_an_update() {
    run_story("known-at-update", "head_sha = \"aaaaaaa1\"", |story| {
        let depends = "\nresource \"terraform_data\" \"dependent\" {\n  triggers_replace = [eod_environment.preview.namespace, \
                       eod_environment.preview.url, eod_environment.preview.uid]\n}\n";
        story.body(&(story.block("preview", "head_sha = \"aaaaaaa1\"") + depends));
        story.settle().expect_said(&done(2, 0, 0));
        story.body(&(story.block("preview", "head_sha = \"aaaaaaa2\"\ntier = \"full\"") + depends));
        story.settle().expect_said(&done(0, 1, 0));
        // An argument without an effect on the clock keeps the clock known.
        story.body(
            &(story.block("preview", "head_sha = \"aaaaaaa2\"\ntier = \"full\"\nservices = [\"api\"]") + depends),
        );
        story.run(&["plan", "-out=saved", "-no-color"]).expect_ok();
        let shown: Value = serde_json::from_str(&story.run(&["show", "-json", "saved"]).expect_ok().stdout).unwrap();
        let changes = shown["resource_changes"].as_array().unwrap();
        let change = &changes.iter().find(|each| each["address"] == crate::provider::ADDRESS).unwrap()["change"];
        for key in [
            "id",
            "name",
            "namespace",
            "uid",
            "created_at",
            "url",
            "last_activity_at",
            "expires_at",
            "status",
            "cost_per_day_usd",
        ] {
            assert_eq!(change["after"][key], change["before"][key], "{key}");
        }
    });
}
