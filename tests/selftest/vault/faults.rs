//! Faults of the proxy in front of Vault, and responses of a sealed server.

use eod_testkit::{
    fault::{Fault, FaultProxy},
    vault::{Client, Vault, faults, kv},
};
use serde_json::json;

/// Proxy, client with the root token that calls it, and secrets engine.
struct VaultFaultStory {
    vault: &'static Vault,
    proxy: FaultProxy,
    client: Client,
    mount: String,
}

impl VaultFaultStory {
    fn new(test: &str) -> Self {
        let vault = Vault::shared();
        let proxy = vault.proxy();
        let client = Client::new(proxy.access());
        Self { vault, proxy, client, mount: vault.mount(test) }
    }

    /// Creates a secret through the proxy.
    fn create(&self) -> std::io::Result<u16> {
        let body = json!({ "data": { "key": "value" }, "options": { "cas": 0 } });
        let answer = self.client.try_call("POST", &kv::data(&self.mount, "app"), Some(&body));
        answer.map(|(status, _)| status)
    }

    fn spoil(&self, fault: Fault) {
        self.proxy.rule(|call| call.is("POST", "/data/app"), 1, fault);
    }

    fn stored(&self) -> bool {
        self.vault.get(&self.mount, "app").is_some()
    }
}

#[test]
fn write_with_a_lost_answer_is_stored() {
    let story = VaultFaultStory::new("lost");
    story.spoil(Fault::DropBefore);
    story.create().unwrap_err();
    assert!(!story.stored());
    story.spoil(Fault::DropAfterStore);
    story.create().unwrap_err();
    assert!(story.stored());
    // The second attempt finds the secret of the first one.
    assert_eq!(story.create().unwrap(), 400);
    story.proxy.assert_rules_used();
}

#[test]
fn rate_limit_and_seal_have_vaults_own_messages() {
    let story = VaultFaultStory::new("words");
    for (fault, status) in [
        (faults::rate_limited(None), 429),
        (faults::rate_limited(Some(1)), 429),
        (faults::sealed(), 503),
        (Fault::Html502, 502),
    ] {
        story.spoil(fault);
        assert_eq!(story.create().unwrap(), status);
    }
    assert!(!story.stored());
    assert_eq!(story.create().unwrap(), 200);
}

#[test]
fn redirected_call_is_logged_at_its_target() {
    let story = VaultFaultStory::new("moved");
    let elsewhere = story.vault.proxy();
    let path = kv::data(&story.mount, "app");
    story.spoil(faults::moved(&format!("{}/v1/{path}", elsewhere.access().server)));
    assert_eq!(story.create().unwrap(), 307);
    // The client does not follow the redirect. A call that does is logged, with its token header.
    assert!(elsewhere.log().is_empty());
    Client::new(elsewhere.access()).call("GET", &path, None);
    assert_eq!(elsewhere.calls(|call| call.headers.contains_key("x-vault-token")), 1);
    let log = format!("{:?}", elsewhere.log());
    assert!(!log.contains(story.vault.token()), "the log shows the token");
}

#[test]
fn namespace_header_is_logged() {
    let story = VaultFaultStory::new("namespace");
    assert_eq!(story.create().unwrap(), 200);
    let client = story.client.clone().header("x-vault-namespace", "team-a");
    let answer = client.done("GET", &kv::data(&story.mount, "app"), None);
    assert_eq!(answer["data"]["data"]["key"], "value");
    let named = |call: &eod_testkit::fault::Logged| {
        call.headers.get("x-vault-namespace").is_some_and(|name| name.as_bytes() == b"team-a")
    };
    assert_eq!(story.proxy.calls(named), 1);
}

#[test]
fn sealed_server_answers_503_and_keeps_its_data() {
    let vault = Vault::own();
    let mount = vault.mount("sealed");
    vault.put(&mount, "app", &[("key", "value")]);
    vault.seal();
    for path in [kv::data(&mount, "app"), "auth/token/lookup-self".to_owned()] {
        let (status, answer) = vault.call("GET", &path, None);
        assert_eq!((status, &answer["errors"][0]), (503, &json!("Vault is sealed")), "{path}");
    }
    assert_eq!(vault.call("GET", "sys/health", None).0, 503);
    vault.unseal();
    assert_eq!(vault.get(&mount, "app"), Some(json!({ "key": "value" })));
    assert!(vault.audit().was_read(&mount, "app"));
}

#[test]
#[should_panic(expected = "use Vault::own()")]
fn shared_server_cannot_be_sealed() {
    Vault::shared().seal();
}
