//! The functions return the values that the resource would have, and name the invalid argument.

use serde_json::{Value, json};

use crate::provider::run_story;

#[test]
fn functions_need_no_cluster() {
    run_story("functions", "", |story| {
        story.unset_env("KUBE_CONFIG_PATH");
        let rows = [
            ("environment_name(\"acme/shop\", 123)", json!("shop-pr-123")),
            ("environment_name(\"github.com/Acme/Shop\", 123)", json!("shop-pr-123")),
            ("environment_name(\"acme/shop\", 123, \"{owner}-{repo}-{number}\")", json!("acme-shop-123")),
            (
                "host(\"api\", \"shop-pr-123\", \"preview.acme.internal\")",
                json!("shop-pr-123-api.preview.acme.internal"),
            ),
            (
                "tier([], [])",
                json!({ "tier": "lightweight", "reason": "no label and no changed path requires a higher tier" }),
            ),
            (
                "tier([\"bug\", \"tier/full\"], [\"src/payments/a.rs\"])",
                json!({ "tier": "full", "reason": "the label `tier/full` requests it" }),
            ),
            (
                "tier([\"quick-fix\"], [\"db/migrations/1.sql\"])",
                json!({ "tier": "lightweight", "reason": "the label `quick-fix` requests it" }),
            ),
            ("tier([], [\"src/billing/a.rs\"]).tier", json!("compliance")),
            ("tier([], [\"db/migrate/1.rb\"]).tier", json!("full")),
            ("tier([], [\"a/b.sql\"]).tier", json!("full")),
        ];
        let outputs = rows
            .iter()
            .enumerate()
            .map(|(at, (call, _))| format!("output \"o{at}\" {{\n  value = provider::eod::{call}\n}}\n"));
        story.body(&outputs.collect::<String>());
        story.apply().expect_ok();
        let state: Value = serde_json::from_str(&story.raw_state_text()).unwrap();
        for (at, (call, expected)) in rows.iter().enumerate() {
            assert_eq!(state["outputs"][format!("o{at}")]["value"], *expected, "{call}");
        }
    });
}

#[test]
fn error_of_a_function_names_the_argument() {
    run_story("function-errors", "", |story| {
        for (call, argument, why) in [
            ("environment_name(\"shop\", 1)", "repository", "has no owner"),
            ("environment_name(\"acme/shop\", 0)", "pull_request", "0"),
            ("environment_name(\"acme/shop\", 1.5)", "pull_request", "1.5"),
            ("environment_name(\"acme/shop\", 1, \"{repo}\")", "template", "must contain {number}"),
            ("host(\"api-pr-1\", \"shop-pr-1\", \"a.example\")", "service", "rename the service"),
            ("host(\"api\", \"Shop\", \"a.example\")", "environment", "only lower-case letters"),
            ("host(\"api\", \"shop\", \"a..example\")", "domain", "empty part"),
            ("tier([\"tier/production\"], [])", "labels", "production"),
            ("tier([\"tier/staging\"], [])", "labels", "never created by a label"),
            ("tier([\"tier/huge\"], [])", "labels", "label `tier/huge`: supported are tier/lightweight"),
        ] {
            story.body(&format!("output \"o\" {{\n  value = provider::eod::{call}\n}}\n"));
            let run = story.plan().expect_err(why);
            let said = run.said();
            assert!(said.contains("on main.tf line"), "{call}\n{run}");
            assert!(said.contains(&format!("Invalid value for \"{argument}\" parameter")), "{call}\n{run}");
        }
    });
}

#[test]
fn function_returns_the_name_of_the_resource() {
    run_story("function-name", "", |story| {
        let function = format!(
            "output \"same\" {{\n  value = provider::eod::environment_name(\"{}\", 7) == eod_environment.preview.name\n}}\n",
            story.repository
        );
        let body = story.block("preview", "") + &function;
        story.body(&body);
        story.apply().expect_ok();
        let state: Value = serde_json::from_str(&story.raw_state_text()).unwrap();
        assert_eq!(state["outputs"]["same"]["value"], true);
    });
}
