//! The data sources return the environments of this installation in the cluster, and those of no other installation.

use serde_json::{Value, json};

use crate::provider::{DOMAIN, EnvironmentStory, done, lies_after, run_story};

/// The values of the outputs of a run.
fn output(story: &EnvironmentStory, name: &str) -> Value {
    let state: Value = serde_json::from_str(&story.raw_state_text()).unwrap();
    state["outputs"][name]["value"].clone()
}

#[test]
fn one_environment_has_all_its_attributes() {
    let arguments = "head_sha = \"4f2a9c1d\"\nowner = \"alice\"\ntier = \"full\"\nservices = [\"api\"]\nlabels = { team = \"checkout\" }";
    run_story("data-one", arguments, |story| {
        story.settle();
        let made = story.attributes();
        let mut reader = story.elsewhere();
        reader.body(&format!(
            "data \"eod_environment\" \"one\" {{\n  name = \"{}\"\n}}\noutput \"one\" {{\n  value = data.eod_environment.one\n}}\n",
            story.name
        ));
        reader.apply().expect_ok();
        let read = output(&reader, "one");
        for key in [
            "id",
            "name",
            "namespace",
            "uid",
            "repository",
            "pull_request",
            "pull_request_url",
            "head_sha",
            "owner",
            "tier",
            "ttl",
            "protected",
            "services",
            "labels",
            "quota",
            "limits",
            "network",
            "pod_security",
            "host",
            "hosts",
            "url",
            "status",
            "created_at",
            "last_activity_at",
            "expires_at",
            "cost_per_day_usd",
            "effective_labels",
        ] {
            assert_eq!(read[key], made[key], "{key}");
        }
    });
}

#[test]
fn an_environment_of_argo_cd_is_shown_with_its_ttl_and_not_as_pending() {
    run_story("data-rendered", "", |story| {
        story.settle();
        let made = story.attributes();
        // The plugin renders no time and no end of a create, but it renders the label of the TTL.
        story.patch_metadata(&json!({ "annotations": {
            "environment.on-demand/made-by": "argocd",
            "environment.on-demand/provisioned-at": null,
            "environment.on-demand/created-at": null,
            "environment.on-demand/last-activity-at": null,
            "environment.on-demand/expires-at": null,
        }}));
        let mut reader = story.elsewhere();
        reader.body(&format!(
            "data \"eod_environment\" \"one\" {{\n  name = \"{}\"\n}}\noutput \"one\" {{\n  value = data.eod_environment.one\n}}\n",
            story.name
        ));
        reader.apply().expect_ok();
        let read = output(&reader, "one");
        assert_eq!((&read["status"], &read["ttl"]), (&json!("ready"), &made["ttl"]));
        assert!(lies_after(&read["last_activity_at"], "4h", &read["expires_at"]), "{read}");
    });
}

#[test]
fn an_environment_that_does_not_exist_is_an_error_that_names_it() {
    run_story("data-none", "", |story| {
        let name = format!("{}-none", story.installation);
        story.body(&format!("data \"eod_environment\" \"one\" {{\n  name = \"{name}\"\n}}\n"));
        let run = story.plan().expect_err(&name);
        story.expect_reported(&run, "name = ", &name);
    });
}

#[test]
fn a_namespace_of_another_owner_is_not_an_environment() {
    run_story("data-foreign", "", |story| {
        story.make_foreign_namespace();
        story.body(&format!("data \"eod_environment\" \"one\" {{\n  name = \"{}\"\n}}\n", story.name));
        story.plan().expect_err(&story.name);
        let mut other = story.elsewhere();
        other.body("data \"eod_environments\" \"all\" {}\noutput \"all\" {\n  value = data.eod_environments.all.environments\n}\n");
        other.apply().expect_ok();
        assert_eq!(output(&other, "all"), json!([]));
    });
}

#[test]
fn an_environment_of_another_installation_is_not_shown() {
    run_story("data-other", "", |story| {
        story.settle();
        let mut other = story.elsewhere();
        other.install(&format!("{}-b", story.installation));
        other.body(&format!("data \"eod_environment\" \"one\" {{\n  name = \"{}\"\n}}\n", story.name));
        other.plan().expect_err(&story.name);
        other.body("data \"eod_environments\" \"all\" {}\noutput \"all\" {\n  value = data.eod_environments.all.environments\n}\n");
        other.apply().expect_ok();
        assert_eq!(output(&other, "all"), json!([]));
    });
}

#[test]
fn environments_are_filtered_and_sorted_by_name() {
    run_story("data-many", "", |story| {
        let arguments = |owner: &str, tier: &str, team: &str| {
            format!("owner = \"{owner}\"\ntier = \"{tier}\"\nlabels = {{ team = \"{team}\" }}")
        };
        let one =
            story.block("a", &arguments("alice", "full", "checkout")).replace("pull_request = 7", "pull_request = 30");
        let two = story
            .block("b", &arguments("bob", "lightweight", "checkout"))
            .replace("pull_request = 7", "pull_request = 4");
        let three = story.block("c", &arguments("alice", "lightweight", "search"));
        let three = three.replace(&story.repository, &format!("{}-other", story.repository));
        story.body(&(one + &two + &three));
        story.apply().expect_ok().expect_said(&done(3, 0, 0));
        let (a, b) = (format!("{}-pr-30", story.installation), format!("{}-pr-4", story.installation));
        let c = format!("{}-other-pr-7", story.installation);
        let repository = story.repository.to_uppercase();
        let mut reader = story.elsewhere();
        for (filter, expected) in [
            (String::new(), vec![&c, &a, &b]),
            (format!("repository = \"{repository}\""), vec![&a, &b]),
            ("owner = \"alice\"".to_owned(), vec![&c, &a]),
            ("tier = \"lightweight\"".to_owned(), vec![&c, &b]),
            ("status = \"ready\"".to_owned(), vec![&c, &a, &b]),
            ("status = \"expiring\"".to_owned(), vec![]),
            ("label_selector = \"team=checkout\"".to_owned(), vec![&a, &b]),
            ("owner = \"alice\"\n  label_selector = \"team in (search)\"".to_owned(), vec![&c]),
            ("owner = \"nobody\"".to_owned(), vec![]),
        ] {
            reader.body(&format!(
                "data \"eod_environments\" \"all\" {{\n  {filter}\n}}\noutput \"names\" {{\n  \
                 value = data.eod_environments.all.environments[*].name\n}}\n"
            ));
            reader.apply().expect_ok();
            assert_eq!(output(&reader, "names"), json!(expected), "{filter}");
        }
    });
}

#[test]
fn an_invalid_filter_is_refused_at_its_line() {
    run_story("data-filter", "", |story| {
        for (line, why) in [
            ("tier = \"production\"", "production"),
            ("tier = \"huge\"", "Unsupported tier `huge`"),
            ("status = \"sleeping\"", "Unsupported status `sleeping`"),
            ("repository = \"shop\"", "has no owner"),
            ("label_selector = \"\"", "an empty string is not the same as a value that is not set"),
        ] {
            story.body(&format!("data \"eod_environments\" \"all\" {{\n  {line}\n}}\n"));
            let run = story.plan().expect_err(why);
            story.expect_reported(&run, line, why);
        }
    });
}

#[test]
fn default_labels_are_on_all_objects_and_a_change_of_them_is_an_update() {
    run_story("default-labels", "", |story| {
        let labels = |team: &str| format!("domain = \"{DOMAIN}\"\ndefault_labels = {{ team = \"{team}\" }}");
        story.provider(&labels("checkout"));
        story.settle();
        let everywhere = |story: &EnvironmentStory, team: &Value| {
            let kinds = ["resourcequotas", "limitranges", "networkpolicies"];
            story.label("team") == *team
                && kinds
                    .iter()
                    .flat_map(|kind| story.objects(kind))
                    .all(|each| each["metadata"]["labels"]["team"] == *team)
        };
        assert!(everywhere(story, &json!("checkout")));
        assert_eq!(story.attribute("effective_labels")["team"], "checkout");
        story.provider(&labels("payments"));
        story.plan().expect_ok().expect_said("0 to add, 1 to change, 0 to destroy");
        story.settle().expect_said(&done(0, 1, 0));
        assert!(everywhere(story, &json!("payments")));
        // The setting of the environment has priority.
        story.arguments("labels = { team = \"search\" }");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.label("team"), "search");
        assert_eq!(story.attribute("effective_labels")["team"], "search");
        story.arguments("");
        story.provider(&format!("domain = \"{DOMAIN}\""));
        story.settle().expect_said(&done(0, 1, 0));
        assert!(everywhere(story, &Value::Null));
    });
}

#[test]
fn tiers_and_prices_of_the_provider_are_used() {
    run_story("tiers", "", |story| {
        let own = "prices = { cpu_hour_usd = 1, memory_gib_hour_usd = 0, storage_gib_month_usd = 0 }";
        let tiers = |ttl: &str, cpu: &str| {
            format!(
                "domain = \"{DOMAIN}\"\n{own}\ntiers = {{ lightweight = {{ ttl = \"{ttl}\", max_ttl = \"6h\", warning = \"5m\", quota = {{ cpu = \"{cpu}\" }} }} }}"
            )
        };
        story.provider(&tiers("2h", "1"));
        story.settle();
        let state = story.attributes();
        assert_eq!(
            (&state["ttl"], &state["quota"]["cpu"], &state["quota"]["memory"]),
            (&json!("2h"), &json!("1"), &json!("4Gi"))
        );
        assert_eq!(state["cost_per_day_usd"].as_f64(), Some(24.0));
        assert_eq!(story.only("resourcequotas")["spec"]["hard"]["requests.cpu"], "1");
        story.provider(&tiers("3h", "1500m"));
        story.settle().expect_said(&done(0, 1, 0));
        let state = story.attributes();
        assert_eq!((&state["ttl"], &state["quota"]["cpu"]), (&json!("3h"), &json!("1500m")));
        assert_eq!(state["cost_per_day_usd"].as_f64(), Some(36.0));
        story.arguments("ttl = \"7h\"");
        let run = story.plan().expect_err("6h");
        story.expect_reported(&run, "ttl = \"7h\"", "6h");
    });
}

#[test]
fn default_tier_of_the_provider_is_used() {
    run_story("default-tier", "", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\ndefault_tier = \"full\""));
        story.settle();
        assert_eq!(story.attribute("tier"), "full");
        assert_eq!(story.label("environment.on-demand/tier"), "full");
        story.arguments("tier = \"lightweight\"");
        story.settle().expect_said(&done(0, 1, 0));
    });
}
