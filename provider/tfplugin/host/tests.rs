//! End-to-end tests of the host: a separate process, and a client that connects over TLS like go-plugin.
//!
//! The process is this test binary, started again with a variable that makes it the plugin. libtest prints a few lines
//! before the handshake, so the tests use the first line that has the form of a handshake. Tests with Terraform itself
//! show that a real provider prints the handshake first.

mod client;
mod process;

use nix::sys::signal::Signal;
use tonic::Code;

use self::client::{Identity, dial, health, reached, shut_down};
use self::process::{Plugin, Role};
use super::{COOKIE_NAME, COOKIE_VALUE};

const COOKIE: (&str, &str) = (COOKIE_NAME, COOKIE_VALUE);

#[tokio::test]
async fn a_start_without_cookie_prints_usage() {
    let (success, stderr) = Plugin::start(Role::Provider, &[]).await.ended().await;
    assert!(!success);
    assert!(stderr.starts_with("This is terraform-provider-demo 1.2.3"), "{stderr}");
    assert!(stderr.contains("It cannot be used directly"), "{stderr}");
}

#[tokio::test]
async fn a_certificate_like_that_of_terraform_is_accepted() {
    let identity = Identity::like_terraforms();
    let mut plugin = Plugin::start(Role::Provider, &[COOKIE, ("PLUGIN_CLIENT_CERT", &identity.pem())]).await;
    let handshake = plugin.handshake().await;
    assert_eq!(handshake.network, "unix");
    let channel = reached(dial(&handshake, Some(&identity)).await);
    health(&channel).await.unwrap();

    // The pipe is closed although the process is still running.
    assert!(plugin.rest_of_stdout().await.is_empty());
    assert!(plugin.is_running());
    assert!(handshake.directory().exists());

    shut_down(&channel).await.unwrap();
    let (success, stderr) = plugin.ended().await;
    assert!(success, "{stderr}");
    assert!(!handshake.directory().exists());
}

#[tokio::test]
async fn other_clients_are_refused() {
    let identity = Identity::like_terraforms();
    let mut plugin = Plugin::start(Role::Provider, &[COOKIE, ("PLUGIN_CLIENT_CERT", &identity.pem())]).await;
    let handshake = plugin.handshake().await;
    assert!(dial(&handshake, None).await.was_refused().await);
    assert!(dial(&handshake, Some(&Identity::like_terraforms())).await.was_refused().await);
    // The correct certificate with a wrong key.
    let stolen = identity.with_the_key_of(&Identity::like_terraforms());
    assert!(dial(&handshake, Some(&stolen)).await.was_refused().await);

    health(&reached(dial(&handshake, Some(&identity)).await)).await.unwrap();
    assert!(plugin.is_running());
}

#[tokio::test]
async fn an_unsupported_method_is_unimplemented() {
    let mut plugin = Plugin::start(Role::Provider, &[COOKIE]).await;
    let channel = reached(dial(&plugin.handshake().await, None).await);
    let mut provider = eod_proto::tfplugin6::provider_client::ProviderClient::new(channel);
    let status = provider.get_functions(eod_proto::tfplugin6::GetFunctionsRequest {}).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_managed_process_exits_after_its_host() {
    let identity = Identity::like_terraforms();
    let mut plugin = Plugin::start(Role::Lonely, &[COOKIE, ("PLUGIN_CLIENT_CERT", &identity.pem())]).await;
    let handshake = plugin.handshake().await;
    let channel = reached(dial(&handshake, Some(&identity)).await);
    health(&channel).await.unwrap();
    drop(channel);
    let (success, stderr) = plugin.ended().await;
    assert!(success, "{stderr}");
    assert!(!handshake.directory().exists());
}

#[tokio::test]
async fn plaintext_clients_can_reconnect() {
    let mut plugin = Plugin::start(Role::Lonely, &[COOKIE]).await;
    let handshake = plugin.handshake().await;
    assert!(handshake.certificate.is_empty());
    for _ in 0..3 {
        let channel = reached(dial(&handshake, None).await);
        health(&channel).await.unwrap();
    }
    let channel = reached(dial(&handshake, None).await);
    health(&channel).await.unwrap();
    shut_down(&channel).await.unwrap();
    assert!(plugin.ended().await.0);
}

#[tokio::test]
async fn a_port_of_the_range_is_used_as_on_windows() {
    let identity = Identity::like_terraforms();
    let pem = identity.pem();
    let range = [("PLUGIN_MIN_PORT", "10000"), ("PLUGIN_MAX_PORT", "25000")];
    let environment =
        [COOKIE, ("PLUGIN_CLIENT_CERT", pem.as_str()), range[0], range[1], ("PLUGIN_MULTIPLEX_GRPC", "true")];
    let mut plugin = Plugin::start(Role::Port, &environment).await;
    let handshake = plugin.handshake().await;
    assert_eq!(handshake.network, "tcp");
    let port: u16 = handshake.address.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    assert!((10_000..=25_000).contains(&port));
    assert_eq!(handshake.multiplexing.as_deref(), Some("false"));
    health(&reached(dial(&handshake, Some(&identity)).await)).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn sigint_is_ignored_and_sigterm_ends_the_process() {
    let mut plugin = Plugin::start(Role::Provider, &[COOKIE, ("TF_LOG", "debug")]).await;
    let handshake = plugin.handshake().await;
    let channel = reached(dial(&handshake, None).await);
    plugin.signal(Signal::SIGINT);
    plugin.log_line("SIGINT is ignored: Terraform").await;
    health(&channel).await.unwrap();
    plugin.signal(Signal::SIGTERM);
    let (success, stderr) = plugin.ended().await;
    assert!(success, "{stderr}");
    assert!(!handshake.directory().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn debug_prints_the_reattach_line_and_ends_with_sigint() {
    let mut plugin = Plugin::start(Role::Debug, &[]).await;
    let handshake = plugin.reattach().await;
    assert!(handshake.directory().exists());
    for _ in 0..2 {
        health(&reached(dial(&handshake, None).await)).await.unwrap();
    }
    assert!(plugin.is_running());
    plugin.signal(Signal::SIGINT);
    let (success, stderr) = plugin.ended().await;
    assert!(success, "{stderr}");
    assert!(!handshake.directory().exists());
}

#[tokio::test]
async fn an_invalid_certificate_is_reported_on_stderr() {
    let (success, stderr) = Plugin::start(Role::Provider, &[COOKIE, ("PLUGIN_CLIENT_CERT", "x")]).await.ended().await;
    assert!(!success);
    assert!(
        stderr.starts_with("terraform-provider-demo cannot start: PLUGIN_CLIENT_CERT does not contain"),
        "{stderr}"
    );
}

#[tokio::test]
async fn a_panic_has_the_output_that_terraform_expects() {
    let (success, stderr) = Plugin::start(Role::Panics, &[COOKIE]).await.ended().await;
    assert!(!success);
    assert!(stderr.starts_with("panic: this service cannot be made\n"), "{stderr}");
}
