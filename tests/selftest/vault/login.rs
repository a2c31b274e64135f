//! Every login method returns a token with the permissions of its policy.

use eod_testkit::{
    cluster::Cluster,
    vault::{Vault, kv},
};
use serde_json::json;

/// Secrets engine with one secret, and a policy with permission to read it.
struct LoginStory {
    vault: &'static Vault,
    mount: String,
    policy: String,
}

impl LoginStory {
    fn new(test: &str) -> Self {
        let vault = Vault::shared();
        let mount = vault.mount(test);
        vault.put(&mount, "app", &[("key", "value")]);
        let hcl = format!("path \"{mount}/data/app\" {{ capabilities = [\"read\"] }}");
        Self { vault, policy: vault.policy(test, &hcl), mount }
    }

    #[track_caller]
    fn assert_reads(&self, token: &str) {
        let client = self.vault.client(token);
        assert_eq!(client.call("GET", &kv::data(&self.mount, "app"), None).0, 200);
        assert_eq!(client.call("GET", &kv::metadata(&self.mount, "app"), None).0, 403);
    }

    #[track_caller]
    fn assert_lives(&self, token: &str, seconds: u64) {
        let answer = self.vault.client(token).done("GET", "auth/token/lookup-self", None);
        assert_eq!(answer["data"]["creation_ttl"], seconds);
        assert_eq!(answer["data"]["renewable"], true);
    }
}

#[test]
fn token_has_its_policies_until_it_is_revoked() {
    let story = LoginStory::new("token");
    let token = story.vault.token_with(&[&story.policy], "10m");
    story.assert_reads(&token);
    story.assert_lives(&token, 600);
    story.vault.client(&token).done("POST", "auth/token/renew-self", None);
    story.vault.revoke(&token);
    assert_eq!(story.vault.client(&token).call("GET", &kv::data(&story.mount, "app"), None).0, 403);
}

#[test]
fn client_without_token_has_no_permissions() {
    let story = LoginStory::new("nobody");
    assert_eq!(story.vault.client("").call("GET", &kv::data(&story.mount, "app"), None).0, 403);
}

#[test]
fn approle_login_needs_the_secret_id() {
    let story = LoginStory::new("approle");
    let role = story.vault.approle(&[&story.policy], "5m");
    let token = story.vault.login_approle(&role);
    story.assert_reads(&token);
    story.assert_lives(&token, 300);
    let wrong = json!({ "role_id": role.role_id, "secret_id": "wrong" });
    assert_eq!(story.vault.client("").call("POST", &format!("auth/{}/login", role.mount), Some(&wrong)).0, 400);
}

#[test]
fn wrapped_secret_id_is_valid_once() {
    let story = LoginStory::new("wrapped");
    let mut role = story.vault.approle(&[&story.policy], "5m");
    let client = story.vault.client(&story.vault.wrapped_secret_id(&role));
    let secret = client.done("POST", "sys/wrapping/unwrap", None);
    role.secret_id = secret["data"]["secret_id"].as_str().unwrap().to_owned();
    story.assert_reads(&story.vault.login_approle(&role));
    assert_eq!(client.call("POST", "sys/wrapping/unwrap", None).0, 400);
}

#[test]
fn jwt_login_needs_a_valid_signature() {
    let story = LoginStory::new("jwt");
    let mut login = story.vault.jwt(&[&story.policy], "5m");
    let token = story.vault.login_jwt(&login);
    story.assert_reads(&token);
    story.assert_lives(&token, 300);
    let other = story.vault.jwt(&[&story.policy], "5m");
    // Claims of one token with the signature of another.
    let (claims, _) = login.jwt.rsplit_once('.').unwrap();
    let (_, signature) = other.jwt.rsplit_once('.').unwrap();
    login.jwt = format!("{claims}.{signature}");
    let body = json!({ "role": login.role, "jwt": login.jwt });
    assert_eq!(story.vault.client("").call("POST", &format!("auth/{}/login", login.mount), Some(&body)).0, 400);
}

#[test]
fn service_account_of_the_cluster_logs_in() {
    let story = LoginStory::new("kubernetes");
    let cluster = Cluster::shared();
    let login = story.vault.kubernetes(cluster, &[&story.policy], "5m");
    let token = story.vault.login_jwt(&login);
    story.assert_reads(&token);
    story.assert_lives(&token, 300);
    // A valid token of a service account that the role does not allow.
    let other = story.vault.kubernetes(cluster, &[&story.policy], "5m");
    let body = json!({ "role": login.role, "jwt": other.jwt });
    let refused = story.vault.client("").call("POST", &format!("auth/{}/login", login.mount), Some(&body));
    assert_eq!(refused.0, 403);
}
