//! Token server of an OCI registry: <https://distribution.github.io/distribution/spec/auth/token/>.

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey};
use serde_json::{Value, json};

use super::server::{HttpsServer, login, pem, reply};

/// A token server that grants everything to one user. It stops when it is dropped.
pub struct TokenServer {
    server: HttpsServer,
    signer: String,
    scopes: Arc<Mutex<Vec<String>>>,
}

/// Key and certificate of the tokens.
struct Signer {
    key: KeyPair,
    certificate: Vec<u8>,
}

impl TokenServer {
    /// Name of the registry in tokens.
    pub const SERVICE: &str = "registry";
    /// Issuer of the tokens.
    pub const ISSUER: &str = "tokens";

    /// Starts a server that accepts a login `user:password`.
    pub fn start(login: &'static str) -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
        let signer = Signer { key, certificate };
        let (bundle, scopes): (_, Arc<Mutex<Vec<String>>>) = (pem("CERTIFICATE", &signer.certificate), Arc::default());
        let seen = Arc::clone(&scopes);
        let server = HttpsServer::start(move |request| {
            let found = parameters(request, "scope");
            seen.lock().unwrap().extend(found.iter().cloned());
            if self::login(request).as_deref() != Some(login) || parameters(request, "service") != [Self::SERVICE] {
                return reply(StatusCode::UNAUTHORIZED, "");
            }
            let body = json!({ "token": signer.token(&found), "expires_in": 300 });
            reply(StatusCode::OK, body.to_string())
        });
        Self { server, signer: bundle, scopes }
    }

    /// Value of `realm` in the configuration of a registry.
    pub fn realm(&self) -> String {
        format!("https://{}/token", self.server.host)
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.server.host
    }

    /// Certificate of the server in PEM, which clients have to trust.
    pub fn certificate(&self) -> &str {
        &self.server.certificate
    }

    /// Certificate of the tokens in PEM: `rootcertbundle` of a registry.
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// Scopes of all requests so far, such as `repository:charts/db:pull`.
    pub fn scopes(&self) -> Vec<String> {
        self.scopes.lock().unwrap().clone()
    }
}

/// Values of a parameter of the query.
fn parameters(request: &Request<Incoming>, name: &str) -> Vec<String> {
    let pairs = request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| decoded(value)).collect()
}

impl Signer {
    /// Token that permits the actions of the scopes for five minutes.
    fn token(&self, scopes: &[String]) -> String {
        let access: Vec<Value> = scopes
            .iter()
            .flat_map(|scopes| scopes.split(' '))
            .filter_map(|scope| {
                let mut parts = scope.splitn(3, ':');
                let (kind, name, actions) = (parts.next()?, parts.next()?, parts.next()?);
                Some(json!({ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() }))
            })
            .collect();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let header = json!({ "alg": "RS256", "typ": "JWT", "x5c": [STANDARD.encode(&self.certificate)] });
        let claims = json!({
            "iss": TokenServer::ISSUER, "sub": "user", "aud": TokenServer::SERVICE, "iat": now, "nbf": now,
            "exp": now + 300, "jti": "1", "access": access,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
