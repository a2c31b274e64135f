//! Faults of the server and of proxies in front of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use eod_testkit::{
    fault::{Fault, FaultProxy, Logged},
    vault::faults::{errors, moved, rate_limited, sealed},
};
use serde_json::json;

use super::{SOURCE, TARGET, VaultStory, behind_proxy, meanwhile, run_story};
use crate::provider::faults::story::{expect_failure, expect_sound};

/// Injects a fault into the call with this number, counted from 0, and those after it up to `times`.
fn spoil(proxy: &FaultProxy, number: usize, times: usize, fault: Fault) {
    let seen = AtomicUsize::new(0);
    proxy.rule(move |_| seen.fetch_add(1, Ordering::Relaxed) >= number, times, fault);
}

fn spoiled(proxy: &FaultProxy) -> bool {
    proxy.calls(|call| call.spoiled) > 0
}

/// A create in which the call with each number fails once. It succeeds nevertheless.
fn one_fault(test: &str, fault: &Fault) {
    for number in 0.. {
        let (story, proxy) = behind_proxy(&format!("{test}-{number}"), SOURCE, false);
        story.vault.put_custom_metadata(&story.mount, "stage/shop", &[("team", "checkout")]);
        spoil(&proxy, number, 1, fault.clone());
        let run = story.apply().expect_ok();
        expect_sound(&run);
        story.expect_whole("stage/shop", TARGET);
        assert_eq!(story.results()[TARGET], "cloned", "call {number}\n{}", proxy.story());
        assert_eq!(story.marks(TARGET)["team"], "checkout", "call {number}\n{}", proxy.story());
        if !spoiled(&proxy) {
            assert_eq!(number, 5, "{}", proxy.story());
            break;
        }
    }
}

#[test]
fn a_create_succeeds_despite_one_lost_answer_at_every_call() {
    one_fault("lost-answer", &Fault::DropAfterStore);
}

#[test]
fn a_create_succeeds_despite_one_dropped_connection_at_every_call() {
    one_fault("dropped", &Fault::DropBefore);
}

#[test]
fn a_create_succeeds_despite_half_an_answer_at_every_call() {
    one_fault("half", &Fault::HalfBody);
}

#[test]
fn a_create_succeeds_despite_one_error_of_a_load_balancer_at_every_call() {
    one_fault("balancer", &Fault::Html502);
}

/// A create with faults at every call from a number on. The next apply completes it.
fn lost(test: &str, fault: &Fault) {
    for number in 0..5 {
        let (story, proxy) = behind_proxy(&format!("{test}-{number}"), SOURCE, false);
        spoil(&proxy, number, usize::MAX, fault.clone());
        let run = story.apply();
        expect_failure(run, &[&story.mount]);
        // Copies that were stored, or may have been, are in the state and tainted.
        let known = story.attributes_of("config").is_some();
        assert!(known || story.version(TARGET) == 0, "call {number}: there is a secret that no state contains");
        assert!(!known || story.is_tainted());
        story.expect_recovery(&proxy);
    }
}

#[test]
fn create_of_a_copy_that_loses_every_answer_from_any_call_on_is_completed_by_the_next_apply() {
    lost("deaf", &Fault::DropAfterStore);
}

#[test]
fn create_of_a_copy_that_loses_the_server_at_any_call_is_completed_by_the_next_apply() {
    lost("server-lost", &Fault::DropBefore);
}

#[test]
fn create_of_a_copy_on_a_sealed_server_is_completed_by_the_next_apply() {
    lost("sealed", &sealed());
}

#[test]
fn destroy_completes_despite_faults_and_keeps_remaining_copies_in_the_state() {
    for number in 0..5 {
        let (story, proxy) = behind_proxy(&format!("destroy-{number}"), SOURCE, false);
        story.apply().expect_ok();
        proxy.clear_log();
        spoil(&proxy, number, usize::MAX, Fault::DropAfterStore);
        let run = story.destroy();
        expect_failure(run, &[&story.mount]);
        assert!(!story.is_tainted());
        proxy.clear_rules();
        proxy.clear_log();
        // And one more lost answer.
        spoil(&proxy, number, 1, Fault::DropAfterStore);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    }
}

#[test]
fn request_to_a_busy_vault_is_repeated_up_to_the_timeout() {
    let (mut story, proxy) = behind_proxy("busy", SOURCE, false);
    let is_create = |call: &Logged| call.is("POST", &format!("/data/{TARGET}"));
    proxy.rule(is_create, 4, rate_limited(Some(0)));
    proxy.rule(is_create, 1, rate_limited(None));
    story.apply().expect_ok();
    proxy.assert_rules_used();
    story.expect_whole("stage/shop", TARGET);
    story.destroy().expect_ok();

    proxy.clear_rules();
    proxy.rule(is_create, usize::MAX, rate_limited(Some(3600)));
    story.arguments(&format!("{SOURCE}\ntimeouts = {{ create = \"2s\" }}"));
    story
        .apply()
        .expect_err("Vault: timed out")
        .expect_said(&format!("Cannot create secret `{}/{TARGET}`", story.mount))
        .expect_said("timed out after 2.0 s; the last attempt failed")
        .expect_said("the server limits the number of requests")
        .expect_said("a longer limit with its argument `timeouts`");
    assert!(story.attributes_of("config").is_none(), "nothing was stored");
    story.expect_nothing_left();
}

#[test]
fn run_without_an_answer_of_vault_ends_at_its_timeout() {
    let (story, proxy) = behind_proxy("silent", &format!("{SOURCE}\ntimeouts = {{ create = \"2s\" }}"), false);
    proxy.rule(|call| call.is("POST", &format!("/data/{TARGET}")), usize::MAX, Fault::Hang);
    let run = story.apply().expect_err("Vault: timed out");
    run.expect_said(&format!("Cannot create secret `{}/{TARGET}`", story.mount)).expect_said("timed out after 2.0 s");
    proxy.clear_rules();
    story.settle();
    story.expect_whole("stage/shop", TARGET);
}

#[test]
fn token_of_a_story_is_not_sent_to_another_host() {
    run_story("redirect", SOURCE, |story| {
        let (proxy, other) = (story.proxied(), story.vault.proxy());
        let there = other.access().server.clone();
        proxy.rule(|_| true, usize::MAX, moved(&format!("{there}/v1/somewhere")));
        story
            .apply()
            .expect_err(&format!("the server redirects to {there}, which is not the configured host"))
            .expect_said("the token was not sent there")
            .expect_said(&format!("set `vault.address` to {there} if it is the active node"));
        assert!(other.log().is_empty(), "{}", other.story());
        assert!(story.attributes_of("config").is_none());

        // In the middle of a create, after the value was stored.
        proxy.clear_rules();
        proxy.rule(|call| call.is("POST", &format!("/metadata/{TARGET}")), usize::MAX, moved(&there));
        story.apply().expect_err("which is not the configured host");
        assert!(story.is_tainted());
        assert!(other.log().is_empty(), "{}", other.story());
        proxy.clear_rules();
        story.settle();
        story.expect_whole("stage/shop", TARGET);
    });
}

#[test]
fn answer_of_another_server_is_not_quoted() {
    let (story, proxy) = behind_proxy("html", SOURCE, false);
    let page = Fault::Status { code: 200, headers: Vec::new(), body: "<html>canary-of-a-login-page</html>".to_owned() };
    proxy.rule(|call| call.path.ends_with("/data/stage/shop"), usize::MAX, page);
    let run = story
        .apply()
        .expect_err("the response with status 200 is not from Vault")
        .expect_said("check `vault.address` (VAULT_ADDR), and proxies before the server");
    assert!(!run.said().contains("canary"), "{run}");
    story.assert_nowhere("canary-of-a-login-page", &[]);
    story.expect_nothing_left();

    proxy.clear_rules();
    proxy.rule(|call| call.is("POST", &format!("/data/{TARGET}")), 1, errors(400, &["something else is wrong"]));
    story.apply().expect_err("Vault answered 400 to POST").expect_said("(something else is wrong)");
    story.settle();
    story.expect_whole("stage/shop", TARGET);
}

/// The source `stage/shop` with twenty secrets below it.
fn twenty(story: &VaultStory) -> Vec<String> {
    let names: Vec<String> = (0..20).map(|number| format!("k{number:02}")).collect();
    for name in &names {
        story.vault.put(&story.mount, &format!("stage/shop/{name}"), &[("NAME", name)]);
    }
    names
}

/// Revokes the token of the call that stores the eighth copy, before the server receives the call.
fn end_token_at_the_eighth(story: &VaultStory, proxy: &FaultProxy) {
    let (vault, seen) = (story.vault, AtomicUsize::new(0));
    let token = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let noted = std::sync::Arc::clone(&token);
    let eighth = move |call: &Logged| {
        let is_eighth =
            call.method == "POST" && call.path.contains("/data/preview/") && seen.fetch_add(1, Ordering::Relaxed) == 7;
        if is_eighth {
            *noted.lock().unwrap() = call.headers["x-vault-token"].to_str().unwrap().to_owned();
        }
        is_eighth
    };
    meanwhile(proxy, eighth, move || vault.revoke(&token.lock().unwrap()));
}

#[track_caller]
fn expect_twenty(story: &VaultStory, names: &[String]) {
    assert_eq!(story.results().len(), 21);
    for name in names {
        story.expect_whole(&format!("stage/shop/{name}"), &format!("{TARGET}/{name}"));
    }
}

#[test]
fn login_that_expires_between_two_copies_is_repeated_once() {
    run_story("token-ends", &format!("{SOURCE}\nrecursive = true"), |story| {
        let names = twenty(story);
        let role = story.vault.approle(&[&story.cloner_policy(false)], "1h");
        story.unset_env("VAULT_TOKEN");
        story.provider(&format!(
            "vault = {{ auth = {{ approle = {{ role_id = \"{}\", secret_id = \"{}\", mount = \"{}\" }} }} }}",
            role.role_id, role.secret_id, role.mount
        ));
        let proxy = story.proxied();
        end_token_at_the_eighth(story, &proxy);
        story.apply().expect_ok();
        let logins = proxy.calls(|call| call.path.ends_with("/login"));
        assert_eq!(logins, 2, "one at the start and one new one\n{}", proxy.story());
        expect_twenty(story, &names);
        assert!(story.results().values().all(|result| result == "cloned"));
        // The next run reads and writes no value.
        proxy.clear_log();
        story.apply().expect_ok().expect_said("0 added, 0 changed, 0 destroyed");
        assert_eq!(proxy.calls(|call| call.path.contains("/data/")), 0, "{}", proxy.story());
        let children = proxy.calls(|call| call.path.contains("/auth/token/create"));
        assert_eq!(children, 0, "no child token is created");
    });
}

#[test]
fn token_that_expires_between_two_copies_keeps_the_created_copies_in_the_state() {
    run_story("token-gone", &format!("{SOURCE}\nrecursive = true"), |story| {
        let names = twenty(story);
        let token = story.cloner(false);
        story.token(&token);
        let proxy = story.proxied();
        end_token_at_the_eighth(story, &proxy);
        story
            .apply()
            .expect_err("Vault does not accept the credentials")
            .expect_said("Vault does not accept the token: it is wrong, has expired or was revoked")
            // Four calls run at once, and any of them can be refused first.
            .expect_said(&format!("secret `{}/", story.mount));
        assert!(story.is_tainted());
        let made = story.results();
        assert!((4..=10).contains(&made.len()), "{made:?}");
        let there = story.vault.list(&story.mount, TARGET).len() + usize::from(story.version(TARGET) > 0);
        assert_eq!(there, made.len(), "every existing copy is in the state");

        let token = story.cloner(false);
        story.token(&token);
        let run = story.apply().expect_ok();
        assert!(!run.said().contains("of another owner was kept") && !run.said().contains("not deleted"), "{run}");
        expect_twenty(story, &names);
        story.expect_no_changes();
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn a_failed_create_is_repeated_with_the_current_configuration() {
    let (mut story, proxy) = behind_proxy("half-changed", &format!("{SOURCE}\nrecursive = true"), false);
    twenty(&story);
    proxy.rule(|call| call.path.ends_with("/data/stage/shop/k09"), usize::MAX, errors(403, &["permission denied"]));
    story.apply().expect_err("Cannot read secret");
    assert!(story.is_tainted());
    let made = story.results();
    assert!(made.contains_key(&format!("{TARGET}/k00")), "{made:?}");
    proxy.clear_rules();
    // Entries that must not be in the copies were in some of them.
    story.arguments(&format!("{SOURCE}\nrecursive = true\nexclude_keys = [\"NAME\", \"KEY\"]"));
    let run = story.apply().expect_ok().expect_said("1 added, 0 changed, 1 destroyed");
    assert!(!run.said().contains("Warning: A ") && !run.said().contains("were not"), "{run}");
    for path in made.into_keys() {
        let copy = story.get(&path).unwrap();
        assert!(copy["NAME"].is_null() && copy["KEY"].is_null(), "{path}: {copy}");
        assert_eq!(story.version(&path), 1);
    }
    assert!(story.results().values().all(|result| result == "cloned"));
    story.expect_no_changes();
}

#[test]
fn partial_subtree_is_removed_by_a_destroy() {
    let (story, proxy) = behind_proxy("half-way", &format!("{SOURCE}\nrecursive = true"), false);
    twenty(&story);
    // One of them is stored and never gets its ownership metadata.
    proxy.rule(
        |call| call.is("POST", &format!("/metadata/{TARGET}/k05")),
        usize::MAX,
        errors(403, &["permission denied"]),
    );
    story
        .apply()
        .expect_err("Vault: permission denied")
        .expect_said(&format!("Cannot write the metadata of secret `{}/{TARGET}/k05`", story.mount))
        .expect_said(&format!("the token needs the capability `update` on `{}/metadata/{TARGET}/k05`", story.mount));
    assert!(story.is_tainted());
    assert_eq!(story.marks(&format!("{TARGET}/k05")), json!(null));
    proxy.clear_rules();
    story.destroy().expect_ok();
    story.expect_nothing_left();
}
