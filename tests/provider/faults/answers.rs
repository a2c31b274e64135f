//! Answers that are late, wrong, incomplete or missing.

use std::{collections::BTreeSet, sync::Mutex};

use eod_testkit::{
    cluster::Cluster,
    fault::{Fault, FaultProxy, Logged},
    workspace::Workspace,
};
use serde_json::Value;

use crate::provider::{
    each,
    faults::story::{FaultStory, expect_failure, expect_sound, is_write, provider, run_story},
};

/// Short, so that a test of a server that never answers ends; long enough for a busy machine.
const SHORT: &str = "timeouts = { create = \"12s\", read = \"12s\", update = \"12s\", delete = \"12s\" }";

/// Runs a story of a server that does not answer.
#[track_caller]
fn short(test: &str, story: impl Fn(FaultStory)) {
    each(|terraform| story(FaultStory::with(terraform, test, FaultProxy::start(Cluster::shared()), SHORT)));
}

/// True for the call that creates a namespace.
fn makes_namespace(call: &Logged) -> bool {
    call.is("POST", "/api/v1/namespaces")
}

/// The first call of every method and path.
fn first_of_each() -> impl Fn(&Logged) -> bool + Send + 'static {
    let seen: Mutex<BTreeSet<(String, String)>> = Mutex::default();
    move |call| seen.lock().unwrap().insert((call.method.clone(), call.path.clone()))
}

#[test]
fn namespace_stored_with_a_lost_answer_is_recognised() {
    let faults = [Fault::AnswerAfterStore(504), Fault::AnswerAfterStore(500), Fault::DropAfterStore, Fault::HalfBody];
    for (number, fault) in faults.into_iter().enumerate() {
        run_story(&format!("stored-{number}"), |story| {
            story.proxy.rule(makes_namespace, 1, fault.clone());
            story.workspace.apply().expect_ok().expect_said("1 added");
            story.proxy.assert_rules_used();
            let stored = story.proxy.calls(|call| makes_namespace(call) && call.stored == Some(201));
            assert_eq!(stored, 1, "{}", story.proxy.story());
            story.expect_whole();
            story.workspace.expect_no_changes();
            assert!(!story.is_tainted());
            story.discard();
        });
    }
}

#[test]
fn retry_after_of_an_hour_ends_the_run_at_its_timeout() {
    short("retry-after", |story| {
        story.proxy.rule(is_write, usize::MAX, Fault::retry_after(429, "TooManyRequests", 3600));
        expect_failure(story.workspace.apply(), &[&story.name, "12 s", "`timeouts`"]);
        assert!(story.spoiled() > 0 && story.namespace().is_none());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn request_to_a_busy_server_is_repeated() {
    run_story("busy", |story| {
        story.proxy.rule(is_write, 3, Fault::retry_after(429, "TooManyRequests", 1));
        story.workspace.apply().expect_ok();
        story.proxy.assert_rules_used();
        story.expect_whole();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn unavailable_server_ends_the_run_at_its_timeout() {
    short("unavailable", |story| {
        story.workspace.apply().expect_ok();
        let before = story.workspace.raw_state_text();
        story.proxy.rule(|_| true, usize::MAX, Fault::status(503, "ServiceUnavailable", "apiserver is shutting down"));
        // Refresh, and with it every kind of run, ends with the same error.
        for run in [story.workspace.plan(), story.workspace.destroy()] {
            expect_failure(run, &[&story.name, "run again"]);
        }
        story.rewrite(&format!("{SHORT}\n  head_sha = \"0000001\""));
        let run = story.workspace.run(&["apply", "-no-color", "-auto-approve", "-refresh=false"]);
        expect_failure(run, &[&story.name, "run again"]);
        assert!(!story.is_tainted());
        assert!(before.contains(&story.name) && story.workspace.raw_state_text().contains(&story.name));
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok().expect_said("1 changed");
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn create_on_an_unavailable_server_ends_at_its_timeout() {
    short("unavailable-create", |story| {
        story.proxy.rule(is_write, usize::MAX, Fault::status(503, "ServiceUnavailable", "apiserver is shutting down"));
        expect_failure(story.workspace.apply(), &[&story.name, "run again"]);
        assert!(story.namespace().is_none());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn create_without_an_answer_ends_at_its_timeout() {
    for method in ["POST", "PATCH"] {
        short(&format!("hang-create-{method}"), |story| {
            story.proxy.rule(move |call| call.method == method, usize::MAX, Fault::Hang);
            expect_failure(story.workspace.apply(), &[&story.name, "12 s", "`timeouts`"]);
            assert!(story.spoiled() > 0, "{}", story.proxy.story());
            story.proxy.clear_rules();
            story.workspace.apply().expect_ok();
            story.expect_whole();
            story.workspace.expect_no_changes();
            story.discard();
        });
    }
}

#[test]
fn refresh_without_an_answer_ends_at_its_timeout_and_keeps_the_state() {
    short("hang-get", |story| {
        story.workspace.apply().expect_ok();
        let before = story.workspace.resource("eod_environment.it");
        story.proxy.rule(|call| call.method == "GET", usize::MAX, Fault::Hang);
        expect_failure(story.workspace.plan(), &[&story.name, "12 s", "`timeouts`"]);
        expect_failure(story.workspace.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]), &[&story.name]);
        assert_eq!(story.workspace.resource("eod_environment.it"), before);
        story.proxy.clear_rules();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn update_without_an_answer_ends_at_its_timeout() {
    short("hang-update", |story| {
        story.workspace.apply().expect_ok();
        story.rewrite(&format!("{SHORT}\n  quota = {{ pods = 21 }}"));
        story.proxy.rule(is_write, usize::MAX, Fault::Hang);
        expect_failure(story.workspace.apply(), &[&story.name, "12 s", "`timeouts`"]);
        assert!(!story.is_tainted());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok().expect_said("1 changed");
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn destroy_without_an_answer_ends_at_its_timeout_and_keeps_the_state() {
    short("hang-delete", |story| {
        story.workspace.apply().expect_ok();
        story.proxy.rule(|call| call.method == "DELETE", usize::MAX, Fault::Hang);
        expect_failure(story.workspace.destroy(), &[&story.name, "12 s", "`timeouts`"]);
        assert!(story.namespace().is_some());
        assert!(!story.is_tainted());
        story.proxy.clear_rules();
        story.rewrite("");
        story.workspace.apply().expect_ok();
        story.end();
    });
}

#[test]
fn page_of_a_load_balancer_is_reported_and_not_quoted() {
    short("html", |story| {
        story.proxy.rule(|call| call.method == "PATCH", usize::MAX, Fault::Html502);
        let run = expect_failure(story.workspace.apply(), &[&story.name, "502", "run again"]);
        let page = ["<html", "Bad Gateway"].into_iter().find(|part| run.said().contains(part));
        assert_eq!(page, None, "the page is shown\n{run}");
        assert!(story.is_tainted());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok();
        story.expect_whole();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn one_bad_answer_to_each_call_has_no_effect() {
    let faults = [Fault::Html502, Fault::HalfBody, Fault::AnswerAfterStore(503), Fault::AnswerAfterStore(500)];
    for (number, fault) in faults.into_iter().enumerate() {
        run_story(&format!("one-bad-{number}"), |story| {
            let makes_nothing_twice = first_of_each();
            // The create call itself is sent again only if it was certainly not carried out.
            let spare_post = matches!(fault, Fault::Html502);
            let matches = move |call: &Logged| !(spare_post && call.method == "POST") && makes_nothing_twice(call);
            story.proxy.rule(matches, usize::MAX, fault.clone());
            let run = story.workspace.apply();
            expect_sound(&run);
            run.expect_ok();
            assert!(story.spoiled() >= 9, "{}", story.proxy.story());
            story.expect_whole();
            story.workspace.expect_no_changes();
            story.rewrite("head_sha = \"0000001\"\n  quota = { pods = 21 }");
            story.workspace.apply().expect_ok().expect_said("1 changed");
            story.proxy.clear_rules();
            story.end();
        });
    }
}

#[test]
fn incomplete_lists_are_read_again() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let proxy = FaultProxy::start(cluster);
        let name = cluster.installation("broken-lists");
        let hcl = format!(
            r#"{}
resource "eod_environment" "many" {{
  for_each = toset(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])
  name     = "{name}-${{each.key}}"
}}
"#,
            provider(&name, "")
        );
        let workspace = Workspace::with(terraform, "broken-lists", &hcl).kubeconfig(proxy.kubeconfig());
        workspace.apply().expect_ok().expect_said("10 added");
        for fault in [Fault::HalfBody, Fault::DropBefore, Fault::Html502] {
            proxy.clear_log();
            let once = first_of_each();
            proxy.rule(move |call| call.method == "GET" && once(call), usize::MAX, fault);
            workspace.expect_no_changes();
            assert!(proxy.calls(|call| call.spoiled) >= 3, "{}", proxy.story());
            proxy.clear_rules();
        }
        for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            cluster.call("DELETE", &format!("/api/v1/namespaces/{name}-{key}"), None);
        }
    });
}

#[test]
fn one_refused_login_is_repeated() {
    run_story("login-once", |story| {
        story.proxy.rule(|_| true, 1, Fault::status(401, "Unauthorized", "Unauthorized"));
        story.workspace.apply().expect_ok();
        story.proxy.assert_rules_used();
        // Also in the middle, after the credential was accepted before.
        story.rewrite("quota = { pods = 21 }");
        story.proxy.rule(|call| call.method == "PATCH", 1, Fault::status(401, "Unauthorized", "Unauthorized"));
        story.workspace.apply().expect_ok();
        story.proxy.assert_rules_used();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn a_login_that_is_always_refused_ends_with_advice() {
    run_story("login-never", |story| {
        story.proxy.rule(|_| true, usize::MAX, Fault::status(401, "Unauthorized", "Unauthorized"));
        let run = story.workspace.apply();
        expect_failure(run, &["does not accept the credentials", "renew the credentials"]);
        assert!(story.spoiled() < 30, "a wrong login must not be repeated without end\n{}", story.proxy.story());
        story.proxy.clear_rules();
        assert!(story.namespace().is_none());
        story.workspace.apply().expect_ok();
        // A forbidden refresh does not mean that the environment is gone either.
        story.proxy.rule(|_| true, usize::MAX, Fault::status(401, "Unauthorized", "Unauthorized"));
        expect_failure(story.workspace.plan(), &["renew the credentials"]);
        story.proxy.clear_rules();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn create_with_an_expired_login_is_completed_by_the_next_apply() {
    run_story("login-ends", |story| {
        story.spoil_write(4, usize::MAX, Fault::status(401, "Unauthorized", "Unauthorized"));
        expect_failure(story.workspace.apply(), &[&story.name, "renew the credentials"]);
        assert!(story.is_tainted());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok();
        story.expect_whole();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn an_environment_stays_in_the_state_after_an_unexpected_404() {
    run_story("strange-404", |story| {
        story.workspace.apply().expect_ok();
        let page = "404 page not found".to_owned();
        let fault = Fault::Status { code: 404, headers: Vec::new(), body: page };
        story.proxy.rule(|_| true, usize::MAX, fault);
        // The answer of another server is not about namespaces, so none is missing.
        expect_failure(story.workspace.plan(), &[&story.name, "404"]);
        story.proxy.clear_rules();
        story.workspace.expect_no_changes();
        let state: Value = serde_json::from_str(&story.workspace.raw_state_text()).unwrap();
        assert_eq!(state["resources"][0]["instances"][0]["attributes"]["name"], story.name.as_str());
        story.discard();
    });
}
