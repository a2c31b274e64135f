//! The proxy applies a fault to the selected call only.

use std::{thread, time::Duration};

use eod_testkit::{
    cluster::{Cluster, PATIENCE},
    fault::{Fault, FaultProxy},
    http::Origin,
    wait::wait_until,
};
use serde_json::{Value, json};

/// Proxy, client that calls it, and name of a ConfigMap in `default`.
struct ProxyStory {
    cluster: &'static Cluster,
    proxy: FaultProxy,
    client: Origin,
    name: String,
}

const PATH: &str = "/api/v1/namespaces/default/configmaps";

impl ProxyStory {
    fn new(name: &str) -> Self {
        let cluster = Cluster::shared();
        let proxy = FaultProxy::start(cluster);
        let client = Origin::new(proxy.access());
        Self { cluster, proxy, client, name: cluster.installation(name) }
    }

    /// Creates the ConfigMap through the proxy.
    fn create(&self) -> std::io::Result<(u16, Value)> {
        let body = json!({ "metadata": { "name": self.name }, "data": { "key": "value" } });
        self.client.call("POST", PATH, "application/json", &body.to_string())
    }

    /// Applies the fault to the next POST.
    fn spoil(&self, fault: Fault) {
        self.proxy.rule(|call| call.is("POST", "/configmaps"), 1, fault);
    }

    fn stored(&self) -> bool {
        self.cluster.read(&format!("{PATH}/{}", self.name)).is_some()
    }
}

#[test]
fn call_without_fault_passes_and_is_logged() {
    let story = ProxyStory::new("through");
    assert_eq!(story.create().unwrap().0, 201);
    assert!(story.stored());
    let log = story.proxy.log();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].stored, log[0].status, log[0].spoiled), (Some(201), Some(201), false));
    assert_eq!(log[0].body.as_ref().unwrap()["data"]["key"], "value");
}

#[test]
fn answer_after_store_is_an_error_of_a_stored_call() {
    let story = ProxyStory::new("after-store");
    story.spoil(Fault::AnswerAfterStore(504));
    let (status, answer) = story.create().unwrap();
    assert_eq!((status, &answer["kind"]), (504, &json!("Status")));
    assert!(story.stored());
    // The rule was for one call, so the second call reaches the server, where the object exists.
    let (status, answer) = story.create().unwrap();
    assert_eq!((status, &answer["reason"]), (409, &json!("AlreadyExists")));
    story.proxy.assert_rules_used();
    let log = story.proxy.log();
    assert_eq!((log[0].stored, log[0].status), (Some(201), Some(504)));
    assert_eq!(story.proxy.calls(|call| call.spoiled), 1);
}

#[test]
fn status_is_answered_without_the_server() {
    let story = ProxyStory::new("status");
    story.spoil(Fault::retry_after(429, "TooManyRequests", 3600));
    let (status, answer) = story.create().unwrap();
    assert_eq!((status, &answer["reason"]), (429, &json!("TooManyRequests")));
    assert!(!story.stored());
    assert_eq!(story.proxy.log()[0].stored, None);
}

#[test]
fn drop_before_is_not_stored_and_drop_after_is_stored() {
    let story = ProxyStory::new("dropped");
    story.spoil(Fault::DropBefore);
    story.create().unwrap_err();
    assert!(!story.stored());
    story.spoil(Fault::DropAfterStore);
    story.create().unwrap_err();
    assert!(story.stored());
    story.proxy.assert_rules_used();
}

#[test]
fn half_body_ends_in_the_middle() {
    let story = ProxyStory::new("half");
    story.spoil(Fault::HalfBody);
    story.create().unwrap_err();
    assert!(story.stored());
}

#[test]
fn load_balancer_answers_html() {
    let story = ProxyStory::new("html");
    story.spoil(Fault::Html502);
    let (status, answer) = story.create().unwrap();
    assert_eq!(status, 502);
    assert!(answer.as_str().unwrap().starts_with("<html>"));
    assert!(!story.stored());
}

#[test]
fn delayed_call_is_carried_out() {
    let story = ProxyStory::new("delayed");
    story.spoil(Fault::Delay(Duration::from_millis(50)));
    assert_eq!(story.create().unwrap().0, 201);
    story.proxy.assert_rules_used();
}

#[test]
fn hanging_call_ends_with_the_proxy() {
    let ProxyStory { cluster, proxy, client, name } = ProxyStory::new("hanging");
    proxy.rule(|call| call.is("GET", "/version"), 1, Fault::Hang);
    let caller = thread::spawn(move || client.call("GET", "/version", "application/json", ""));
    wait_until("the call to arrive", PATIENCE, || match proxy.calls(|call| call.status.is_none()) {
        1 => Ok(()),
        other => Err(format!("{other} calls")),
    });
    // The call that hangs does not block another call.
    let other = Origin::new(proxy.access());
    assert_eq!(other.call("GET", "/version", "application/json", "").unwrap().0, 200);
    assert!(!caller.is_finished());
    drop(proxy);
    caller.join().unwrap().unwrap_err();
    assert!(cluster.read(&format!("{PATH}/{name}")).is_none());
}

#[test]
fn rules_and_log_are_cleared() {
    let story = ProxyStory::new("cleared");
    let refusal = || Fault::status(403, "Forbidden", "not today");
    story.proxy.rule(|call| call.method == "POST", usize::MAX, refusal());
    for _ in 0..3 {
        let (status, answer) = story.create().unwrap();
        assert_eq!((status, &answer["message"]), (403, &json!("not today")));
    }
    // A rule without a maximum number of calls may be left unused.
    story.proxy.assert_rules_used();
    assert_eq!(story.proxy.log().len(), 3);
    story.proxy.clear_log();
    story.proxy.clear_rules();
    assert_eq!(story.create().unwrap().0, 201);
    assert_eq!(story.proxy.log().len(), 1);
}

#[test]
#[should_panic(expected = "has 1 calls left")]
fn unused_rule_fails_the_test() {
    let story = ProxyStory::new("unused");
    story.spoil(Fault::DropBefore);
    story.proxy.assert_rules_used();
}

#[test]
fn kubectl_works_through_the_proxy() {
    let story = ProxyStory::new("kubectl");
    story.cluster.kubectl_as(story.proxy.kubeconfig(), &["get", "namespaces"]).expect_ok();
    assert_eq!(story.proxy.calls(|call| call.is("GET", "/api/v1/namespaces")), 1);
    assert!(story.proxy.log().iter().all(|call| call.user_agent.contains("kubectl")));
}
