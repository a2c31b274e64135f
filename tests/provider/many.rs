//! Many environments in one run: each is read, and all reads need one list per kind.

use std::collections::BTreeMap;

use eod_testkit::fault::{Fault, FaultProxy, Logged};

use crate::provider::{EnvironmentStory, done, run_story};

fn environments(story: &EnvironmentStory, count: usize, arguments: &str) -> String {
    format!(
        "resource \"eod_environment\" \"preview\" {{\n  for_each = toset([for n in range(1, {count} + 1) : tostring(n)])\n  \
         repository = \"{}\"\n  pull_request = tonumber(each.key)\n{arguments}}}\n",
        story.repository
    )
}

/// Number of reads of each collection. All pages of a list count once.
fn reads(log: &[Logged]) -> BTreeMap<String, usize> {
    let mut reads = BTreeMap::new();
    for call in log.iter().filter(|call| call.method == "GET" && !call.query.contains("continue=")) {
        *reads.entry(call.path.clone()).or_insert(0) += 1;
    }
    reads
}

/// True if a path is that of a namespace or of an object in a namespace.
fn of_one(path: &str) -> bool {
    path.contains("/namespaces/")
}

#[test]
fn fifty_environments_are_created_updated_and_destroyed_in_one_run() {
    run_story("fifty", "", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        let text = environments(story, 50, "  head_sha = \"aaaaaaa1\"\n");
        story.body(&text);
        story.run(&["apply", "-auto-approve", "-no-color", "-parallelism=30"]).expect_ok().expect_said(&done(50, 0, 0));

        proxy.clear_log();
        let plan = story.run(&["plan", "-detailed-exitcode", "-no-color", "-parallelism=30"]);
        assert_eq!(plan.code, Some(0), "{plan}");
        let log = proxy.log();
        assert!(log.iter().all(|call| call.method == "GET"), "{}", proxy.story());
        let reads = reads(&log);
        // The first reads may be alone, so a few are direct; the rest share a list, which is read again only if a
        // busy machine makes the plan so slow that the list is too old.
        let direct = log
            .iter()
            .filter(|call| call.path.starts_with("/api/v1/namespaces/") && call.path.matches('/').count() == 4);
        assert!(direct.count() <= 4, "{}", proxy.story());
        for (path, count) in reads.iter().filter(|(path, _)| !of_one(path)) {
            assert!(*count <= 2, "{path} was read {count} times\n{}", proxy.story());
        }
        for kind in [
            "/api/v1/namespaces",
            "/api/v1/resourcequotas",
            "/api/v1/limitranges",
            "/apis/networking.k8s.io/v1/networkpolicies",
        ] {
            assert!(reads.contains_key(kind), "{kind}\n{}", proxy.story());
        }
        let selected = |call: &&Logged| {
            let whole = call.query.contains("labelSelector=") && call.query.contains("limit=");
            call.path.ends_with("/namespaces") && whole && !call.query.contains("continue=")
        };
        assert_eq!(log.iter().filter(selected).count(), reads["/api/v1/namespaces"], "{}", proxy.story());

        let text = environments(story, 50, "  head_sha = \"aaaaaaa2\"\n");
        story.body(&text);
        let push = ["apply", "-auto-approve", "-no-color", "-parallelism=30"];
        story.run(&push).expect_ok().expect_said(&done(0, 50, 0));
        story.expect_no_changes();
        story
            .run(&["destroy", "-auto-approve", "-no-color", "-parallelism=30"])
            .expect_ok()
            .expect_said("50 destroyed");
        for number in 1..=50 {
            assert!(!story.cluster.namespace_exists(&format!("{}-pr-{number}", story.installation)), "{number}");
        }
    });
}

#[test]
fn one_environment_is_read_directly() {
    run_story("one", "", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        story.settle();
        proxy.clear_log();
        story.expect_no_changes();
        let reads = reads(&proxy.log());
        assert!(reads.keys().all(|path| path.contains(&format!("/namespaces/{}", story.name))), "{}", proxy.story());
        assert!(reads.values().sum::<usize>() <= 8, "{}", proxy.story());
    });
}

#[test]
fn environments_are_read_one_by_one_if_listing_is_forbidden() {
    run_story("forbidden", "", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        let text = environments(story, 8, "");
        story.body(&text);
        story.apply().expect_ok();
        proxy.rule(
            |call| call.method == "GET" && !of_one(&call.path),
            usize::MAX,
            Fault::status(403, "Forbidden", "you may not list this everywhere"),
        );
        proxy.clear_log();
        story.expect_no_changes();
        let direct = |name: String| proxy.calls(move |call| call.is("GET", &format!("/namespaces/{name}")));
        for number in 1..=8 {
            assert_eq!(direct(format!("{}-pr-{number}", story.installation)), 1, "{}", proxy.story());
        }
    });
}

#[test]
fn deletions_and_changes_are_found_among_many() {
    run_story("among-many", "", |story| {
        let text = environments(story, 8, "");
        story.body(&text);
        story.apply().expect_ok();
        story.name = format!("{}-pr-3", story.installation);
        story.delete_namespace();
        story.name = format!("{}-pr-5", story.installation);
        story.delete(&story.collection("networkpolicies"));
        story.plan().expect_ok().expect_said("1 to add, 1 to change, 0 to destroy");
        story.settle().expect_said(&done(1, 1, 0));
        assert!(story.objects("networkpolicies").len() >= 4);
        story.name = format!("{}-pr-3", story.installation);
        assert_eq!(story.objects("resourcequotas").len(), 1);
    });
}
