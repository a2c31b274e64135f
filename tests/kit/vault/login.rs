//! Policies, tokens and login methods.
//!
//! A login method has its default path on the kit's own servers. On a server of `EOD_TEST_VAULT_ADDR` it has a path of its
//! own, so that the server's configuration is not changed.

use std::time::SystemTime;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData, SigningKey};
use serde_json::{Value, json};

use super::{Vault, unique};
use crate::cluster::Cluster;

/// Credentials of the approle method.
pub struct AppRole {
    /// Mount path of the method, without `auth/`.
    pub mount: String,
    /// Name of the role and of its mount.
    pub name: String,
    /// `role_id` of the login.
    pub role_id: String,
    /// `secret_id` of the login.
    pub secret_id: String,
}

/// Credentials of the jwt or the kubernetes method.
pub struct Login {
    /// Mount path of the method, without `auth/`.
    pub mount: String,
    /// Name of the role.
    pub role: String,
    /// Signed token of the login.
    pub jwt: String,
}

/// Issuer of the JWTs that the server accepts.
pub(super) struct Issuer {
    mount: String,
    key: KeyPair,
}

const ISSUER: &str = "https://issuer.invalid";
const AUDIENCE: &str = "vault";

impl Vault {
    /// Creates a policy; returns its name.
    #[track_caller]
    pub fn policy(&self, test: &str, hcl: &str) -> String {
        let name = unique(test);
        self.client.done("PUT", &format!("sys/policies/acl/{name}"), Some(&json!({ "policy": hcl })));
        name
    }

    /// A renewable orphan token with these policies and `default`. It is not revoked together with another token.
    #[track_caller]
    pub fn token_with(&self, policies: &[&str], ttl: &str) -> String {
        let body = json!({ "policies": policies, "ttl": ttl, "no_parent": true });
        let answer = self.client.done("POST", "auth/token/create", Some(&body));
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// Revokes a token.
    #[track_caller]
    pub fn revoke(&self, token: &str) {
        self.client.done("POST", "auth/token/revoke", Some(&json!({ "token": token })));
    }

    /// Creates a role of the approle method; its tokens expire after `ttl`.
    #[track_caller]
    pub fn approle(&self, policies: &[&str], ttl: &str) -> AppRole {
        let mount = self.method("approle");
        let name = unique("approle");
        let role = format!("auth/{mount}/role/{name}");
        self.client.done("POST", &role, Some(&json!({ "token_policies": policies, "token_ttl": ttl })));
        let id = self.client.done("GET", &format!("{role}/role-id"), None);
        let secret = self.client.done("POST", &format!("{role}/secret-id"), None);
        AppRole {
            mount,
            name,
            role_id: id["data"]["role_id"].as_str().unwrap().to_owned(),
            secret_id: secret["data"]["secret_id"].as_str().unwrap().to_owned(),
        }
    }

    /// Creates a wrapped secret id; returns the wrapping token, which is valid once.
    #[track_caller]
    pub fn wrapped_secret_id(&self, role: &AppRole) -> String {
        let client = self.client.clone().header("x-vault-wrap-ttl", "300s");
        let answer = client.done("POST", &format!("auth/{}/role/{}/secret-id", role.mount, role.name), None);
        answer["wrap_info"]["token"].as_str().unwrap().to_owned()
    }

    /// Creates a role of the jwt method, and a JWT that is valid for an hour.
    #[track_caller]
    pub fn jwt(&self, policies: &[&str], ttl: &str) -> Login {
        let issuer = self.issuer.get_or_init(|| self.trust_our_jwts());
        let role = unique("jwt");
        let body = json!({
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE],
            "token_policies": policies, "token_ttl": ttl,
        });
        self.client.done("POST", &format!("auth/{}/role/{role}", issuer.mount), Some(&body));
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let claims = json!({ "iss": ISSUER, "sub": role, "aud": AUDIENCE, "iat": now, "exp": now + 3600 });
        Login { mount: issuer.mount.clone(), jwt: issuer.sign(&claims), role }
    }

    /// Creates a role of the kubernetes method, and a token of its service account. Vault reviews the token at the cluster's
    /// API server.
    #[track_caller]
    pub fn kubernetes(&self, cluster: &Cluster, policies: &[&str], ttl: &str) -> Login {
        let mount = self.kubernetes.get_or_init(|| self.trust_cluster(cluster));
        let role = unique("vault-login");
        cluster.service_account("default", &role, &json!([]));
        let body = json!({
            "bound_service_account_names": [role], "bound_service_account_namespaces": ["default"],
            "token_policies": policies, "token_ttl": ttl,
        });
        self.client.done("POST", &format!("auth/{mount}/role/{role}"), Some(&body));
        let jwt = cluster.kubectl(&["create", "token", &role, "-n", "default"]).trim().to_owned();
        Login { mount: mount.clone(), role, jwt }
    }

    /// Logs in; returns the token.
    #[track_caller]
    pub fn login(&self, mount: &str, body: &Value) -> String {
        let answer = self.client("").done("POST", &format!("auth/{mount}/login"), Some(body));
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// Body of a login with an approle.
    #[track_caller]
    pub fn login_approle(&self, role: &AppRole) -> String {
        self.login(&role.mount, &json!({ "role_id": role.role_id, "secret_id": role.secret_id }))
    }

    /// Body of a login with a JWT.
    #[track_caller]
    pub fn login_jwt(&self, login: &Login) -> String {
        self.login(&login.mount, &json!({ "role": login.role, "jwt": login.jwt }))
    }

    /// Enables a login method if it is not enabled; returns its mount path.
    #[track_caller]
    fn method(&self, kind: &str) -> String {
        let mount = if self.server.ours() { kind.to_owned() } else { unique(kind) };
        match self.call("POST", &format!("sys/auth/{mount}"), Some(&json!({ "type": kind }))) {
            (200..=299, _) => mount,
            // Another test has enabled it.
            (400, answer) if answer.to_string().contains("path is already in use") => mount,
            (status, answer) => panic!("cannot enable {kind} at auth/{mount}: {status} {answer}"),
        }
    }

    #[track_caller]
    fn trust_our_jwts(&self) -> Issuer {
        let issuer = Issuer { mount: self.method("jwt"), key: KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap() };
        let body = json!({ "jwt_validation_pubkeys": [issuer.public_key()], "bound_issuer": ISSUER });
        self.client.done("POST", &format!("auth/{}/config", issuer.mount), Some(&body));
        issuer
    }

    #[track_caller]
    fn trust_cluster(&self, cluster: &Cluster) -> String {
        let mount = self.method("kubernetes");
        let reviewer = unique("vault-reviewer");
        let review = json!([{
            "apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"],
        }]);
        cluster.service_account("default", &reviewer, &review);
        let jwt = cluster.kubectl(&["create", "token", &reviewer, "-n", "default", "--duration=8h"]);
        let body = json!({
            "kubernetes_host": cluster.server(), "kubernetes_ca_cert": cluster.ca_pem(),
            "token_reviewer_jwt": jwt.trim(), "disable_local_ca_jwt": true,
        });
        self.client.done("POST", &format!("auth/{mount}/config"), Some(&body));
        mount
    }
}

impl Issuer {
    /// The public key in PEM.
    fn public_key(&self) -> String {
        let key = STANDARD.encode(self.key.subject_public_key_info());
        format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
