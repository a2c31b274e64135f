//! The one Vault server of a test run, and servers of a test's own.
//!
//! The shared one is the server of `EOD_TEST_VAULT_ADDR` and `VAULT_TOKEN` (with
//! `VAULT_CACERT` where it speaks HTTPS), else a `vault` on PATH in development mode, else
//! the testbed's `eod-vault`, which is built when it was not yet. Tests share it by
//! keeping to engines, policies and roles of their own, which the functions here name.
//! What no other test could bear, such as sealing, is done to a server of one's own.
//!
//! Every server has an audit log, from which can be proved what was never read.

mod audit;
mod client;
pub mod faults;
pub mod kv;
pub mod login;
pub mod server;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::{access::Access, fault::FaultProxy};

pub use self::{audit::Audit, client::Client};
use self::{login::Issuer, server::Server};

/// How long the tests wait for what a server does by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Vault server, unsealed, with an audit log.
///
/// One that is a test's own ends when it is dropped, the shared one with the test run.
pub struct Vault {
    server: Server,
    client: Client,
    shared: bool,
    /// The method at which our own JWTs are good; made when one is wanted.
    issuer: OnceLock<Issuer>,
    /// Where the kubernetes method is; made when it is wanted.
    kubernetes: OnceLock<String>,
}

impl Vault {
    /// The server all tests share.
    ///
    /// # Panics
    /// In every test of the run, with the same sentence, when there is none to be had.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Vault, String>> = OnceLock::new();
        match SHARED.get_or_init(|| Server::find().map(|server| Self::new(server, true))) {
            Ok(vault) => vault,
            Err(error) => panic!("there is no Vault to test with: {error}"),
        }
    }

    /// A server for one test, which may seal it.
    #[track_caller]
    pub fn own() -> Self {
        Self::start(false)
    }

    /// The same with HTTPS and a certificate authority of its own.
    #[track_caller]
    pub fn own_tls() -> Self {
        Self::start(true)
    }

    #[track_caller]
    fn start(tls: bool) -> Self {
        match Server::start(tls) {
            Ok(server) => Self::new(server, false),
            Err(error) => panic!("cannot start a Vault: {error}"),
        }
    }

    /// A client of a running server.
    pub fn new(server: Server, shared: bool) -> Self {
        let client = Client::new(&server.access);
        Self { server, client, shared, issuer: OnceLock::new(), kubernetes: OnceLock::new() }
    }

    /// The URL, as `VAULT_ADDR` has it.
    pub fn address(&self) -> &str {
        &self.server.access.server
    }

    /// A token that may do everything.
    pub fn token(&self) -> &str {
        &self.server.access.token
    }

    /// The authority in PEM; none where the server speaks plain HTTP.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.access.ca_pem.as_deref()
    }

    /// The audit log from its beginning.
    #[track_caller]
    pub fn audit(&self) -> Audit {
        Audit::find(&self.client, &self.server.audit)
    }

    /// A proxy in front of the server that spoils the calls it is told to, see [`faults`].
    #[track_caller]
    pub fn proxy(&self) -> FaultProxy {
        FaultProxy::in_front_of(&self.server.access)
    }

    /// One call as administrator; the path is what follows `/v1/`.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.client.call(method, path, body)
    }

    /// Somebody else who calls; an empty token is nobody.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&Access { token: token.to_owned(), ..self.server.access.clone() })
    }

    /// Seals the server: it forgets its keys and answers 503 to everything.
    ///
    /// # Panics
    /// For the shared server, which others are using.
    #[track_caller]
    pub fn seal(&self) {
        assert!(!self.shared, "the shared Vault was to be sealed; use Vault::own() for that");
        self.client.done("PUT", "sys/seal", None);
    }

    /// Unseals it with its one key share. Everything is as it was.
    #[track_caller]
    pub fn unseal(&self) {
        let key = self.server.unseal_key.as_deref().unwrap();
        let answer = self.client.done("PUT", "sys/unseal", Some(&json!({ "key": key })));
        assert_eq!(answer["sealed"], false, "{answer}");
    }
}

/// A name nobody else uses, also on a server that outlives the run: lower-case letters,
/// digits and dashes, with a letter in front.
pub(super) fn unique(test: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = test.chars().map(safe).take(32).collect();
    format!("t{:x}-{number}-{}", since % 0x1000_0000, name.trim_matches('-'))
}
