//! Servers that cannot be reached, cannot be trusted, or are behind a proxy.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use eod_testkit::{access::Access, cluster::Cluster};
use serde_json::Value;

use crate::provider::{
    credentials::{Bare, quoted},
    each,
};

/// An address of this machine without a listener: no service uses the port, and only
/// root could start one.
const CLOSED: &str = "https://127.0.0.1:1";

#[test]
fn unreachable_server_ends_the_run_before_the_timeout() {
    each(|terraform| {
        for server in [CLOSED, "https://no-such-host.invalid:6443"] {
            let bare = Bare::new(terraform, "unreachable", &format!("{{ host = {}, token = \"a\" }}", quoted(server)));
            assert_eq!(bare.workspace.plan_exit_code(), 2);
            let run = bare.expect_refused(&[
                &format!("the API server at {server} cannot be reached"),
                "check `kubernetes.host` in the provider block",
                "up and reachable",
                &bare.name,
            ]);
            // The run ends because the connection failed, not because of the time limit of five minutes.
            assert!(!run.said().contains("timed out"), "{run}");
        }
    });
}

#[test]
fn unreachable_server_of_a_kubeconfig_is_named_with_file_and_context() {
    each(|terraform| {
        let access = Access { server: CLOSED.to_owned(), ..Cluster::shared().access().clone() };
        let kubeconfig = access.kubeconfig();
        let path = kubeconfig.path().to_str().unwrap();
        let mut bare = Bare::new(terraform, "unreachable-file", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", path);
        bare.expect_refused(&[
            &format!("the API server at {CLOSED} (from context `test` of {path}) cannot be reached"),
            &format!("check the `server` of context `test` in {path}"),
        ]);
    });
}

#[test]
fn environment_on_an_unreachable_server_stays_in_the_state() {
    each(|terraform| {
        let path = quoted(Cluster::shared().kubeconfig().to_str().unwrap());
        let block = format!("{{ config_path = {path} }}");
        let bare = Bare::new(terraform, "gone-server", &block);
        bare.workspace.apply().expect_ok();
        bare.rewrite(&format!("{{ host = {}, token = \"a\" }}", quoted(CLOSED)), "");
        bare.workspace.plan().expect_err("cannot be reached").expect_said(&bare.name);
        bare.workspace.destroy().expect_err("cannot be reached");
        bare.rewrite(&block, "");
        bare.workspace.expect_no_changes();
        bare.discard();
    });
}

#[test]
fn a_server_with_an_unknown_certificate_authority_is_refused() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let stranger = stranger().0;
        for (test, authority) in [("wrong-ca", Some(stranger)), ("no-ca", None)] {
            let access = Access { ca_pem: authority, ..cluster.access().clone() };
            let kubeconfig = access.kubeconfig();
            let mut bare = Bare::new(terraform, test, "");
            bare.workspace.set_env("KUBE_CONFIG_PATH", kubeconfig.path());
            let run = bare.expect_refused(&["is not trusted", "certificate authority", &bare.name]);
            assert!(!run.said().contains("timed out"), "{run}");
        }
        // `insecure` skips the check; `tls_server_name` sets a different name.
        let (server, token) = (quoted(cluster.server()), quoted(cluster.token()));
        Bare::new(terraform, "insecure", &format!("{{ host = {server}, token = {token}, insecure = true }}"))
            .expect_works();
        let ca = quoted(cluster.ca_pem());
        let bare = Bare::new(
            terraform,
            "wrong-name",
            &format!(
                "{{ host = {server}, token = {token}, cluster_ca_certificate = {ca}, tls_server_name = \"other.example\" }}"
            ),
        );
        bare.expect_refused(&["is not trusted", "server name"]);
    });
}

#[test]
fn invalid_certificate_authority_is_named() {
    each(|terraform| {
        let block = "{ host = \"https://127.0.0.1:1\", cluster_ca_certificate = \"bm90IHBlbQ==\", token = \"a\" }";
        let bare = Bare::new(terraform, "no-pem", block);
        bare.workspace.plan().expect_err("`cluster_ca_certificate` is not PEM").expect_said("base64decode");
    });
}

#[test]
fn proxy_of_a_kubeconfig_is_used() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let tunnel = Tunnel::start();
        let folder = tempfile::TempDir::with_prefix("eod-proxy-").unwrap();
        let path = folder.path().join("config");
        let text = std::fs::read_to_string(cluster.access().kubeconfig().path()).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        config["clusters"][0]["cluster"]["proxy-url"] = tunnel.url.as_str().into();
        std::fs::write(&path, config.to_string()).unwrap();
        let mut bare = Bare::new(terraform, "proxy-url", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", &path);
        bare.expect_works();
        assert!(tunnel.used() > 0, "the proxy was not used");
    });
}

#[test]
fn proxy_of_the_block_is_used() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let tunnel = Tunnel::start();
        let bare = Bare::new(
            terraform,
            "proxy-block",
            &format!(
                "{{ host = {}, token = {}, cluster_ca_certificate = {}, proxy_url = {} }}",
                quoted(cluster.server()),
                quoted(cluster.token()),
                quoted(cluster.ca_pem()),
                quoted(&tunnel.url)
            ),
        );
        bare.expect_works();
        assert!(tunnel.used() > 0, "the proxy was not used");
    });
}

/// A self-signed certificate and its key, both as PEM.
pub(crate) fn stranger() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["stranger.example".to_owned()]).unwrap();
    (pem("CERTIFICATE", made.cert.der()), pem("PRIVATE KEY", &made.signing_key.serialize_der()))
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

/// An HTTP proxy that opens tunnels and counts them.
struct Tunnel {
    url: String,
    used: Arc<AtomicUsize>,
}

impl Tunnel {
    /// Starts the proxy. Its thread waits for connections until the test binary ends.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let used = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&used);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                // The client notices a broken tunnel, and the test checks the client.
                thread::spawn(move || drop(tunnel(client)));
            }
        });
        Self { url, used }
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Reads `CONNECT host:port HTTP/1.1` and its headers, then copies in both directions.
fn tunnel(mut client: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let target = request.split_whitespace().nth(1).unwrap_or_default();
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut to_client, mut from_server) = (client.try_clone()?, server.try_clone()?);
    let back = thread::spawn(move || {
        drop(std::io::copy(&mut from_server, &mut to_client));
        drop(to_client.shutdown(std::net::Shutdown::Both));
    });
    std::io::copy(&mut reader, &mut server)?;
    server.shutdown(std::net::Shutdown::Both)?;
    drop(back.join());
    Ok(())
}
