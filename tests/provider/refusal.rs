//! Invalid input is refused before anything is created: all mistakes of a phase together, each at its attribute.

use eod_testkit::workspace::Run;

use crate::provider::{DOMAIN, EnvironmentStory, run_story};

/// A line of the configuration, the invalid attribute inside of it (empty if it is the attribute of the line), and the
/// expected text.
type Row = (&'static str, &'static str, &'static str);

/// Expects that a run reports the attribute of every row and no other.
///
/// Terraform shows the line of a top-level attribute. For a nested attribute it shows only the line where the block
/// begins, so the message has to name the attribute.
#[track_caller]
fn expect_all_reported(story: &EnvironmentStory, run: &Run, rows: &[Row]) {
    assert_ne!(run.code, Some(0), "{run}");
    for (line, inner, why) in rows {
        expect_reported(story, run, line, inner, why);
    }
    let said = run.said();
    assert_eq!(said.matches("Error: ").count(), rows.len(), "one error for each mistake\n{run}");
    assert!(!said.contains("Bug in the provider"), "{run}");
}

#[track_caller]
fn expect_reported(story: &EnvironmentStory, run: &Run, line: &str, inner: &str, why: &str) {
    if inner.is_empty() {
        story.expect_reported(run, line, why);
        return;
    }
    let said = run.said();
    let parts: Vec<_> = said.split("Error: ").filter(|part| part.contains(inner) && part.contains(why)).collect();
    assert_eq!(parts.len(), 1, "expected one error that names `{inner}` and says `{why}`\n{run}");
    assert!(parts[0].contains("on main.tf line"), "{run}");
}

fn lines(rows: &[Row]) -> String {
    rows.iter().map(|(line, ..)| format!("{line}\n")).collect()
}

#[test]
fn validate_reports_all_mistakes_that_need_no_provider() {
    let rows: [Row; 13] = [
        ("name = \"kube-shop\"", "", "is reserved"),
        ("pull_request_url = \"shop/7\"", "", "nvalid URL `shop/7`"),
        ("head_sha = \"main\"", "", "must have 7 to 64 hex digits"),
        ("tier = \"production\"", "", "Tier `production` is refused"),
        ("ttl = \"91d\"", "", "TTL must be at most 90d, got 91d"),
        ("labels = { \"environment.on-demand/owner\" = \"me\" }", "", "is set by EoD"),
        ("annotations = { \"kubernetes.io/x\" = \"y\" }", "", "in the reserved domain `kubernetes.io`"),
        ("services = [\"api-pr-12\"]", "", "rename the service"),
        ("quota = { cpu = \"many\" }", "quota.cpu", "`many`"),
        ("limits = { max_memory = \"-1Gi\" }", "limits.max_memory", "must be zero or more"),
        ("network = { allow_to_cidrs = [\"10.0.0.1/8\"] }", "network.allow_to_cidrs", "write `10.0.0.0/8`"),
        ("pod_security = \"loose\"", "", "Unsupported Pod Security level `loose`"),
        ("image_pull_secrets = [\"Not_A_Name\"]", "", "`Not_A_Name`"),
    ];
    run_story("validate", &lines(&rows), |story| {
        story.unset_env("KUBE_CONFIG_PATH");
        expect_all_reported(story, &story.run(&["validate", "-no-color"]), &rows);
    });
}

#[test]
fn empty_string_is_an_error_with_a_remedy() {
    let advice = "an empty string is not the same as a value that is not set: pass `null` instead";
    let names = ["name", "repository", "branch", "pull_request_url", "head_sha", "tier", "ttl", "pod_security"];
    let empty = |names: &[&str]| names.iter().map(|name| format!("{name} = \"\"\n")).collect::<String>();
    run_story("empty", "", |story| {
        let block = format!("resource \"eod_environment\" \"preview\" {{\n{}}}\n", empty(&names));
        story.body(&block);
        let said = story.run(&["validate", "-no-color"]).expect_err("Invalid ttl").said();
        assert_eq!(said.matches(advice).count(), names.len(), "{said}");
    });
    run_story("empty-provider", "", |story| {
        let plain = ["domain", "control_namespace", "name_template", "default_tier"];
        let cluster = ["host", "token", "config_path", "config_context"];
        let vault = ["address", "namespace"];
        story.provider(&format!(
            "{}kubernetes = {{\n{}}}\nvault = {{\n{}auth = {{ token = \"\" }}\n}}",
            empty(&plain),
            empty(&cluster),
            empty(&vault)
        ));
        let said = story.run(&["validate", "-no-color"]).expect_err("Invalid name_template").said();
        assert_eq!(said.matches(advice).count(), plain.len() + cluster.len() + vault.len() + 1, "{said}");
        for name in ["kubernetes.host", "vault.address", "vault.auth.token"] {
            assert!(said.contains(&format!("Invalid {name}")), "{said}");
        }
    });
}

#[test]
fn all_mistakes_of_nested_arguments_are_reported_together() {
    let rows: [Row; 4] = [
        ("access = [{ kind = \"Robot\", name = \"r2\" }]", "access[0].kind", "Unsupported kind of subject `Robot`"),
        ("mesh = { kind = \"istio\" }", "mesh.kind", "Unsupported mesh `istio`"),
        ("dns = { mode = \"magic\" }", "dns.mode", "`magic`"),
        ("timeouts = { create = \"0s\" }", "timeouts.create", "Duration must be at least 1s, got 0s"),
    ];
    run_story("validate-nested", &lines(&rows), |story| {
        expect_all_reported(story, &story.run(&["validate", "-no-color"]), &rows);
    });
    let rows: [Row; 3] = [
        (
            "access = [{ kind = \"User\", name = \"\" }, { kind = \"ServiceAccount\", name = \"ci\" }]",
            "`ci`",
            "requires a namespace",
        ),
        ("", "must not be empty", "an empty string is not the same as a value that is not set"),
        ("mesh = { kind = \"linkerd\", revision = \"1-26\" }", "`linkerd`", "has no revisions"),
    ];
    run_story("validate-pairs", &lines(&rows), |story| {
        expect_all_reported(story, &story.run(&["validate", "-no-color"]), &rows);
    });
}

#[test]
fn plan_reports_all_mistakes_that_depend_on_the_tier() {
    let rows: [Row; 3] = [
        ("ttl = \"8d\"", "", "at most 7d"),
        (
            "limits = { max_cpu = \"3\", default_memory = \"5Gi\" }",
            "limits.max_cpu",
            "must be at most the quota 2, got 3",
        ),
        ("", "limits.default_memory", "must be at most its maximum 4Gi, got 5Gi"),
    ];
    run_story("plan", &lines(&rows), |story| {
        story.run(&["validate", "-no-color"]).expect_ok();
        expect_all_reported(story, &story.plan(), &rows);
    });
}

#[test]
fn reserved_and_invalid_names_are_refused() {
    for (name, why) in [
        ("default", "is reserved"),
        ("kube-system", "is reserved"),
        ("production", "is reserved"),
        ("eod-system", "is reserved"),
        ("argocd", "is reserved"),
        ("Shop", "only lower-case letters"),
        ("a.b", "only lower-case letters"),
        ("-a", "must begin and end"),
        ("", "must not be empty"),
    ] {
        run_story("reserved", &format!("name = \"{name}\""), |story| {
            story.expect_reported(&story.run(&["validate", "-no-color"]).expect_err(why), "name = ", why);
        });
    }
}

#[test]
fn configured_control_namespace_is_reserved() {
    run_story("control", "name = \"operations\"", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\ncontrol_namespace = \"operations\""));
        let run = story.plan().expect_err("operations");
        story.expect_reported(&run, "name = \"operations\"", "operations");
    });
}

#[test]
fn reserved_name_from_a_template_is_refused() {
    run_story("reserved-template", "", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\nname_template = \"kube-{{number}}\""));
        story.plan().expect_err("`kube-7` is reserved");
    });
}

#[test]
fn an_identity_is_required() {
    run_story("nameless", "", |story| {
        let repository = story.repository.clone();
        story.body(&format!("resource \"eod_environment\" \"preview\" {{\n  repository = \"{repository}\"\n}}\n"));
        let said = story.run(&["validate", "-no-color"]).expect_err("pull_request").said();
        for argument in ["name", "branch"] {
            assert!(said.contains(argument), "{said}");
        }
        assert!(said.contains("on main.tf line"), "{said}");
    });
}

#[test]
fn an_invalid_repository_is_refused() {
    for (repository, why) in [
        ("shop", "has no owner"),
        ("https://github.com/acme/shop.git", "write `github.com/acme/shop`"),
        ("acme/team/shop", "is not a host"),
        ("acme/..", "not `.` or `..`"),
    ] {
        run_story("repository", "", |story| {
            let block = story.block("preview", "").replace(&story.repository, repository);
            story.body(&block);
            let run = story.run(&["validate", "-no-color"]).expect_err(why);
            story.expect_reported(&run, "repository", why);
        });
    }
}

#[test]
fn an_invalid_pull_request_number_is_refused() {
    for number in ["0", "-1", "1.5"] {
        run_story("number", "", |story| {
            let block = story.block("preview", "").replace("pull_request = 7", &format!("pull_request = {number}"));
            story.body(&block);
            let run = story.run(&["validate", "-no-color"]).expect_err(number);
            story.expect_reported(&run, "pull_request", number);
        });
    }
}

#[test]
fn errors_have_the_expected_form() {
    for row in [
        ("ttl = \"\"", "", "must not be empty"),
        ("ttl = \"4\"", "", "add s, m, h, d or w"),
        ("ttl = \"4y\"", "", "supported are s, m, h, d and w"),
        ("ttl = \"0h\"", "", "Duration must be at least 1s, got 0h"),
        ("ttl = \"-4h\"", "", "must not have a sign"),
        ("ttl = \"99999999999999999999d\"", "", "at most 3650d"),
        ("labels = { team = \"a b\" }", "", "nvalid label value `a b`"),
        ("labels = { \"istio-injection\" = \"enabled\" }", "", "istio.io"),
        ("labels = { \"pod-security.kubernetes.io/enforce\" = \"privileged\" }", "", "kubernetes.io"),
        ("labels = { \"app.kubernetes.io/managed-by\" = \"me\" }", "", "is set by EoD"),
        ("annotations = { \"argocd.argoproj.io/x\" = \"y\" }", "", "argoproj.io"),
        ("network = { allow_to_cidrs = [\"169.254.169.254/32\"] }", "network.allow_to_cidrs", "instance metadata"),
        ("network = { stable_services = [\"payments\"] }", "network.stable_services", "stable/payments:8080"),
        ("network = { isolation = \"some\" }", "network.isolation", "supported are strict, none"),
    ] {
        run_story("written", row.0, |story| expect_all_reported(story, &story.run(&["validate", "-no-color"]), &[row]));
    }
}

#[test]
fn every_owner_is_accepted() {
    for owner in ["", " ", "dependabot[bot]", "alice@acme.example", "Älice", "a b/c:d"] {
        run_story("owner", &format!("owner = \"{owner}\""), |story| {
            story.run(&["validate", "-no-color"]).expect_ok();
            assert_eq!(story.plan_exit_code(), 2, "{owner}");
        });
    }
}

#[test]
fn all_mistakes_of_the_provider_block_are_reported_together() {
    let rows: [Row; 7] = [
        ("domain = \"a..b\"", "", "empty part"),
        ("control_namespace = \"Ops\"", "", "only lower-case letters"),
        ("name_template = \"{repo}\"", "", "must contain {number}"),
        ("default_tier = \"production\"", "", "Tier `production` is refused"),
        ("default_labels = { \"environment.on-demand/x\" = \"y\" }", "", "is set by EoD"),
        ("tiers = { full = { ttl = \"8d\" } }", "full", "7d"),
        ("prices = { cpu_hour_usd = -1 }", "cpu_hour_usd", "must be zero or more"),
    ];
    run_story("provider", "", |story| {
        story.provider(&lines(&rows));
        expect_all_reported(story, &story.run(&["validate", "-no-color"]), &rows);
    });
}

#[test]
fn an_invalid_tier_is_refused_at_its_configuration() {
    for (tiers, inner, why) in [
        ("tiers = { full = { warning = \"25h\" } }", "full", "is not below the TTL"),
        ("tiers = { staging = { ttl = \"4h\" } }", "staging", "is permanent"),
        ("tiers = { production = { ttl = \"4h\" } }", "tiers", "production"),
        ("tiers = { full = { max_ttl = \"91d\" } }", "full", "TTL must be at most 90d, got 91d"),
        ("tiers = { full = { quota = { cpu = \"x\" } } }", "quota.cpu", "`x`"),
    ] {
        run_story("tiers", "", |story| {
            story.provider(tiers);
            expect_all_reported(story, &story.run(&["validate", "-no-color"]), &[(tiers, inner, why)]);
        });
    }
}

#[test]
fn a_ttl_up_to_the_ceiling_of_the_tier_is_accepted() {
    run_story("ceiling", "ttl = \"30d\"", |story| {
        story.expect_reported(&story.plan().expect_err("7d"), "ttl = ", "7d");
        story.provider(&format!("domain = \"{DOMAIN}\"\ntiers = {{ lightweight = {{ max_ttl = \"30d\" }} }}"));
        assert_eq!(story.plan_exit_code(), 2);
    });
}

#[test]
fn a_refused_change_leaves_the_environment_unchanged() {
    run_story("keeps", "owner = \"alice\"", |story| {
        story.settle();
        let before = story.namespace()["metadata"]["resourceVersion"].clone();
        for row in [
            ("tier = \"production\"", "", "is refused"),
            ("ttl = \"8d\"", "", "at most 7d"),
            ("labels = { \"kubernetes.io/x\" = \"y\" }", "", "in the reserved domain `kubernetes.io`"),
            ("limits = { max_cpu = \"9\" }", "limits.max_cpu", "quota"),
        ] {
            story.arguments(row.0);
            expect_all_reported(story, &story.apply(), &[row]);
        }
        assert_eq!(story.namespace()["metadata"]["resourceVersion"], before);
        story.arguments("owner = \"alice\"");
        story.expect_no_changes();
    });
}
