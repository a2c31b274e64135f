//! Vault servers: one that all tests of a process share, and servers of single tests.
//!
//! The shared server is the server of `EOD_TEST_VAULT_ADDR` and `VAULT_TOKEN` (with `VAULT_CACERT` for HTTPS), or a `vault`
//! on PATH in development mode, or the testbed's `eod-vault`, which is built if necessary. Each test uses engines, policies
//! and roles of its own, which the functions here name. A test that disturbs others, for example by sealing, uses
//! [`Vault::own`].
//!
//! Every server has an audit log, which proves that a secret was not read.

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
use self::{login::Issuer, server::VaultServer};

/// Maximum time to wait for a server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Vault server, unsealed, with an audit log.
///
/// A test's own server stops when it is dropped. The shared server stops with the process.
pub struct Vault {
    server: VaultServer,
    client: Client,
    shared: bool,
    /// The jwt login method that accepts the kit's own tokens; created at first use.
    issuer: OnceLock<Issuer>,
    /// Mount path of the kubernetes login method; created at first use.
    kubernetes: OnceLock<String>,
}

impl Vault {
    /// The shared server.
    ///
    /// # Panics
    /// If there is no server; every test of the process gets the same message.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Vault, String>> = OnceLock::new();
        match SHARED.get_or_init(|| VaultServer::find().map(|server| Self::new(server, true))) {
            Ok(vault) => vault,
            Err(error) => panic!("there is no Vault to test with: {error}"),
        }
    }

    /// A server for one test, which may seal it.
    #[track_caller]
    pub fn own() -> Self {
        Self::start(false)
    }

    /// A server for one test, with HTTPS and a certificate authority of its own.
    #[track_caller]
    pub fn own_tls() -> Self {
        Self::start(true)
    }

    #[track_caller]
    fn start(tls: bool) -> Self {
        match VaultServer::start(tls) {
            Ok(server) => Self::new(server, false),
            Err(error) => panic!("cannot start a Vault: {error}"),
        }
    }

    /// A client of a running server.
    pub fn new(server: VaultServer, shared: bool) -> Self {
        let client = Client::new(&server.access);
        Self { server, client, shared, issuer: OnceLock::new(), kubernetes: OnceLock::new() }
    }

    /// URL of the server, in the format of `VAULT_ADDR`.
    pub fn address(&self) -> &str {
        &self.server.access.server
    }

    /// The root token.
    pub fn token(&self) -> &str {
        &self.server.access.token
    }

    /// Certificate authority in PEM; none for plain HTTP.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.access.ca_pem.as_deref()
    }

    /// The audit log from its beginning.
    #[track_caller]
    pub fn audit(&self) -> Audit {
        Audit::find(&self.client, &self.server.audit)
    }

    /// A fault proxy in front of the server; [`faults`] has Vault's own faults.
    #[track_caller]
    pub fn proxy(&self) -> FaultProxy {
        FaultProxy::in_front_of(&self.server.access)
    }

    /// Sends one call with the root token. `path` is relative to `/v1/`.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.client.call(method, path, body)
    }

    /// A client with another token; an empty token means none.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&Access { token: token.to_owned(), ..self.server.access.clone() })
    }

    /// Seals the server: it answers every call with 503.
    ///
    /// # Panics
    /// If it is the shared server.
    #[track_caller]
    pub fn seal(&self) {
        assert!(!self.shared, "the shared Vault must not be sealed; use Vault::own()");
        self.client.done("PUT", "sys/seal", None);
    }

    /// Unseals the server. All data is unchanged.
    #[track_caller]
    pub fn unseal(&self) {
        let key = self.server.unseal_key.as_deref().unwrap();
        let answer = self.client.done("PUT", "sys/unseal", Some(&json!({ "key": key })));
        assert_eq!(answer["sealed"], false, "{answer}");
    }
}

/// A unique name, also on a server that other runs have used: lower-case letters, digits and dashes; the first is a
/// letter.
pub(super) fn unique(test: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = test.chars().map(safe).take(32).collect();
    format!("t{:x}-{number}-{}", since % 0x1000_0000, name.trim_matches('-'))
}
