//! Equal identities have equal names, different ones have different names, and the name of an environment never
//! changes.

use std::time::SystemTime;

use serde_json::Value;

use crate::provider::{DOMAIN, EnvironmentStory, done, run_story, text};

/// Plans an environment and returns the name in the plan.
#[track_caller]
fn planned_name(story: &mut EnvironmentStory, hcl: &str) -> String {
    story.body(hcl);
    story.run(&["plan", "-out=saved", "-no-color"]).expect_ok();
    let shown: Value = serde_json::from_str(&story.run(&["show", "-json", "saved"]).expect_ok().stdout).unwrap();
    text(&shown["resource_changes"][0]["change"]["after"]["name"])
}

fn environment(arguments: &str) -> String {
    format!("resource \"eod_environment\" \"preview\" {{\n{arguments}\n}}\n")
}

#[test]
fn a_name_follows_from_the_identity() {
    run_story("names", "", |story| {
        for (arguments, expected) in [
            ("pull_request = 123", "pr-123"),
            ("repository = \"acme/shop\"\npull_request = 123", "shop-pr-123"),
            ("repository = \"github.com/Acme/Shop\"\npull_request = 123", "shop-pr-123"),
            ("repository = \"gitlab.com/acme/team/shop\"\npull_request = 123", "shop-pr-123"),
            ("name = \"my-preview\"", "my-preview"),
            ("name = \"my-preview\"\nrepository = \"acme/shop\"\npull_request = 123", "my-preview"),
        ] {
            assert_eq!(planned_name(story, &environment(arguments)), expected, "{arguments}");
        }
    });
}

#[test]
fn changed_name_has_a_hash() {
    run_story("hashed", "", |story| {
        let long = "very-long-".repeat(8);
        for (arguments, begin) in [
            ("repository = \"acme/shop\"\nbranch = \"main\"".to_owned(), "shop-main-"),
            ("repository = \"acme/shop\"\nbranch = \"feature/FOO_bar\"".to_owned(), "shop-feature-foo-bar-"),
            ("repository = \"acme/my_shop.js\"\npull_request = 1".to_owned(), "my-shop-js-pr-1-"),
            (format!("repository = \"acme/{long}x\"\npull_request = 1"), "very-long-"),
        ] {
            let name = planned_name(story, &environment(&arguments));
            let hash = name.rsplit('-').next().unwrap();
            assert!(name.starts_with(begin) && name.len() <= 63, "{name}");
            assert!(hash.starts_with(|c: char| c.is_ascii_lowercase()) && hash.len() >= 6, "{name}");
            assert_eq!(planned_name(story, &environment(&arguments)), name, "the same identity has the same name");
        }
    });
}

#[test]
fn similar_branches_have_different_names() {
    run_story("branches", "", |story| {
        let branches = ["feature/FOO_bar", "feature-foo-bar", "feature/foo-bar", "feature/foo_bar", "🚀", "___"];
        let name = |branch: &str| environment(&format!("repository = \"acme/shop\"\nbranch = \"{branch}\""));
        let mut names = branches.map(|branch| planned_name(story, &name(branch))).to_vec();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), branches.len(), "{names:?}");
    });
}

#[test]
fn branch_has_an_environment_like_a_pull_request() {
    run_story("branch", "", |story| {
        let own = story.block("preview", "").replace("pull_request = 7", "branch = \"feature/FOO_bar\"");
        story.body(&own);
        story.settle();
        story.name = text(&story.attribute("name"));
        assert!(story.name.starts_with(&format!("{}-feature-foo-bar-", story.installation)), "{}", story.name);
        assert_eq!(story.label("environment.on-demand/env"), story.name);
        assert_eq!(story.attribute("pull_request_url"), Value::Null);
    });
}

#[test]
fn pull_request_without_a_repository_has_an_environment() {
    run_story("number-only", "", |story| {
        let number = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
        story.body(&environment(&format!("pull_request = {number}")));
        story.settle();
        story.name = format!("pr-{number}");
        assert_eq!(story.attribute("name"), story.name);
        assert_eq!(story.label("environment.on-demand/env"), story.name);
        story.forget();
        story.run(&["import", "-no-color", crate::provider::ADDRESS, &story.name]).expect_ok();
        story.expect_no_changes();
    });
}

#[test]
fn template_sets_the_names_of_new_environments() {
    run_story("template", "", |story| {
        let template = |text: &str| format!("domain = \"{DOMAIN}\"\nname_template = \"{text}\"");
        let body = environment("repository = \"acme/shop\"\npull_request = 123");
        for (text, expected) in [
            ("{owner}-{repo}-{number}", "acme-shop-123"),
            ("preview-{number}", "preview-123"),
            ("{number}-{repo}", "123-shop"),
        ] {
            story.provider(&template(text));
            assert_eq!(planned_name(story, &body), expected, "{text}");
        }
        let name = planned_name(story, &environment("repository = \"acme/shop\"\nbranch = \"main\""));
        assert!(name.starts_with("shop-main-"), "a template has no effect on branches: {name}");
    });
}

#[test]
fn another_template_renames_no_existing_environment() {
    run_story("no-rename", "", |story| {
        story.settle();
        story.provider(&format!("domain = \"{DOMAIN}\"\nname_template = \"{{owner}}-{{repo}}-{{number}}\""));
        story.expect_no_changes();
        story.arguments("owner = \"alice\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("name"), story.name);
        // An import does not change the name either.
        story.forget();
        story.run(&["import", "-no-color", crate::provider::ADDRESS, &story.name]).expect_ok();
        story.expect_no_changes();
    });
}

#[test]
fn host_of_another_environment_is_refused() {
    run_story("hosts", "services = [\"api\"]", |story| {
        story.settle();
        let name = format!("{}-api", story.name);
        let mut other = story.elsewhere();
        other.body(&environment(&format!("name = \"{name}\"")));
        let said = other.apply().expect_err(&format!("{name}.{DOMAIN}")).said();
        assert!(said.contains(&format!("`{}`", story.name)) || said.contains(&format!("\"{}\"", story.name)), "{said}");
        assert!(!story.cluster.namespace_exists(&name));
        // Without the service the host is free.
        story.arguments("services = [\"web\"]");
        story.settle();
        other.settle().expect_said(&done(1, 0, 0));
        other.destroy().expect_ok();
    });
}

#[test]
fn a_long_host_is_cut_with_a_hash() {
    run_story("long-host", "services = [\"a-service-with-a-rather-long-name-of-fifty-letters\"]", |story| {
        story.settle();
        let host = text(&story.attribute("hosts")["a-service-with-a-rather-long-name-of-fifty-letters"]);
        let label = host.strip_suffix(&format!(".{DOMAIN}")).unwrap();
        assert!(label.len() <= 63 && label.starts_with(&story.name), "{host}");
    });
}

#[test]
fn another_domain_is_an_update_of_the_hosts() {
    run_story("domain", "services = [\"api\"]", |story| {
        story.settle();
        let uid = story.uid();
        story.provider("domain = \"other.example.com\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.attribute("host"), format!("{}.other.example.com", story.name));
        assert_eq!(story.attribute("hosts")["api"], format!("{}-api.other.example.com", story.name));
        assert_eq!(story.uid(), uid);
    });
}
