//! Policy files that are replaced at run time, invalid or missing.

use std::{fs, process::Command};

use eod_testkit::{argocd::ArgoCd, command, process::Signal, wait::wait_until};

use super::{BINARY, PATIENCE, POLICY, RenderStory, SHOP, titles};

/// Waits until the plugin has logged a message.
#[track_caller]
pub(super) fn expect_said(story: &RenderStory<'_>, message: &str) {
    wait_until(message, PATIENCE, || {
        let said = story.plugin.lines().into_iter().any(|line| line["message"] == message);
        if said { Ok(()) } else { Err(story.plugin.log()) }
    });
}

#[test]
fn new_policies_are_loaded_without_a_restart() {
    let policy = POLICY.replace("registry.acme.internal/", "registry.other.internal/");
    let story = RenderStory::under(&policy, ArgoCd::shared(), "policy@new", &[("shop/shop.yaml", SHOP)]);
    let request = story.request("shop-pr-7").hard();
    let text = story.refused(&request);
    assert!(text.contains("shop/shop.yaml:13 (document 1): Deployment/api\n  rule:   image\n"), "{text}");
    let pid = story.plugin.pid();
    // The plugin polls the file.
    story.plugin.write_policy(POLICY);
    expect_said(&story, "a new policy is active");
    assert!(titles(&story.rendered(&request)).contains(&"Deployment/api".to_owned()));
    assert_eq!(story.plugin.pid(), pid);
}

/// Argo CD caches refusals, so the plugin checks the file before a refusal that a new policy could prevent.
#[test]
fn policy_is_checked_before_a_refusal() {
    let policy = POLICY.replace("*-pr-*", "other-*");
    let story = RenderStory::under(&policy, ArgoCd::shared(), "policy@identity", &[("shop/shop.yaml", SHOP)]);
    story.refused(&story.request("shop-pr-7"));
    story.plugin.write_policy(POLICY);
    story.rendered(&story.request("shop-pr-7").hard());
}

#[test]
fn invalid_policies_are_refused_and_the_old_one_is_kept() {
    let story = RenderStory::begin(ArgoCd::shared(), "policy@broken", &[("shop/shop.yaml", SHOP)]);
    let request = story.request("shop-pr-7").hard();
    let before = story.rendered(&request);
    for broken in [POLICY.replace("registries", "registeries"), "version: 2\n".to_owned(), String::new()] {
        story.plugin.write_policy(&broken);
        story.plugin.signal(Signal::SIGHUP);
        wait_until("the policy to be refused", PATIENCE, || match story.plugin.page("/readyz") {
            (200, text) if text.contains("the policy file is invalid and an older policy is active") => Ok(()),
            other => Err(format!("{other:?}")),
        });
        wait_until("the metric to report it", PATIENCE, || match story.plugin.number("eod_cmp_policy_refused") {
            1.0 => Ok(()),
            other => Err(other.to_string()),
        });
        assert_eq!(story.rendered(&request.clone()), before);
        assert_eq!(story.rendered(&story.request("shop-pr-8"))[0]["metadata"]["name"], "shop-pr-8");
        story.plugin.write_policy(POLICY);
        story.plugin.signal(Signal::SIGHUP);
        wait_until("the policy to be valid again", PATIENCE, || match story.plugin.page("/readyz") {
            (200, text) if text == "ok\n" => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }
    assert!(story.plugin.log().contains("registeries"), "{}", story.plugin.log());
}

#[test]
fn serve_fails_without_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    let start = || {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--http", "none", "--socket-dir"]).arg(folder.path()).arg("--policy").arg(&policy);
        command::run(&mut command, "")
    };
    let missing = start();
    assert!(missing.code == Some(1) && missing.stderr.contains("cannot read the policy"), "{}", missing.report());
    fs::write(&policy, POLICY.replace("namespaces", "namespace")).unwrap();
    let broken = start();
    assert!(broken.code == Some(1) && broken.stderr.contains("policy.yaml:5"), "{}", broken.report());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "there is no socket");
}
