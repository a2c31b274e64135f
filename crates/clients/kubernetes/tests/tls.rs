//! TLS: trusted authorities, and untrusted servers, which are reported at once without retries.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    ErrorKind,
    kubernetes::{
        ClusterAccess, ClusterSettings, Kubernetes,
        tests::fake::{FakeApiServer, Reply, deadline, shop},
    },
    tls::install_tls_provider,
};

/// A TLS server for `name`; its URL and its certificate in PEM.
async fn serve(fake: &FakeApiServer, name: &str) -> (String, String) {
    install_tls_provider();
    let signed = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let fake = fake.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (fake, acceptor) = (fake.clone(), acceptor.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    fake.serve_connection(stream).await;
                }
            });
        }
    });
    let der = STANDARD.encode(signed.cert.der());
    (url, format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n"))
}

fn client(settings: ClusterSettings) -> Kubernetes {
    Kubernetes::new(ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap(), "eod")
}

#[tokio::test]
async fn only_the_configured_authority_is_trusted() {
    let fake = FakeApiServer::new(|_, _| Reply::Json(200, json!({ "kind": "Namespace" })));
    let (url, authority) = serve(&fake, "127.0.0.1").await;
    let (_, other) = serve(&fake, "127.0.0.1").await;
    let with = |authority: String| ClusterSettings {
        host: Some(url.clone()),
        cluster_ca_certificate: Some(authority),
        ..ClusterSettings::default()
    };
    assert!(client(with(authority.clone())).get(&shop(), &deadline(60)).await.unwrap().is_some());

    let distrusting = client(with(other));
    let error = distrusting.get(&shop(), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        error.chain().contains(&format!("the certificate of the API server at {url} is not trusted")),
        "{}",
        error.chain()
    );
    assert_eq!(distrusting.calls()["get"], 1);

    let insecure = ClusterSettings { host: Some(url.clone()), insecure: true, ..ClusterSettings::default() };
    assert!(client(insecure).get(&shop(), &deadline(60)).await.unwrap().is_some());
}

#[tokio::test]
async fn the_server_name_can_be_set() {
    let fake = FakeApiServer::new(|_, _| Reply::Json(200, json!({ "kind": "Namespace" })));
    let (url, authority) = serve(&fake, "api.preview.internal").await;
    let settings =
        ClusterSettings { host: Some(url), cluster_ca_certificate: Some(authority), ..ClusterSettings::default() };
    let error = client(settings.clone()).get(&shop(), &deadline(60)).await.unwrap_err();
    assert!(error.chain().contains("not trusted"), "{}", error.chain());
    let named = ClusterSettings { tls_server_name: Some("api.preview.internal".into()), ..settings };
    assert!(client(named).get(&shop(), &deadline(60)).await.unwrap().is_some());
}

#[tokio::test]
async fn an_invalid_authority_is_named() {
    let begin = "-----BEGIN CERTIFICATE-----";
    let settings = ClusterSettings {
        host: Some("https://127.0.0.1:1".into()),
        cluster_ca_certificate: Some(begin.into()),
        ..ClusterSettings::default()
    };
    let error = client(settings).get(&shop(), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.chain().contains("`cluster_ca_certificate` is not a certificate in PEM"), "{}", error.chain());
}
