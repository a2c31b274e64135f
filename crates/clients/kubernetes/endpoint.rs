//! All parts of a connection except the token, after the files were read.
//!
//! kube does not receive the token: each request sends it, so that kube never runs a plugin or reads a token file, and
//! a new token needs no new connections.

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Uri, header::USER_AGENT};
use kube::config::{AuthInfo, Cluster, Config};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    access::{ClusterAccess, ClusterLogin, ClusterSource, HostAccess, server_url},
    connect_error::ClusterConnectError,
    kubeconfig::{self, Chosen, KubeconfigError},
};
use crate::{server::AddressOrigin, tls::install_tls_provider};

/// Maximum time to open one connection, TLS included. Dropped packets then fail as fast as a refused connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// A cluster with all parts of a client.
pub(super) struct Endpoint {
    pub(super) config: Config,
    pub(super) login: ClusterLogin,
    /// Properties of the cluster for an exec plugin.
    pub(super) exec_cluster: Value,
    /// Origin of the server's address.
    pub(super) origin: AddressOrigin,
}

impl Endpoint {
    /// Reads the files of `access`.
    pub(super) fn load(access: &ClusterAccess) -> Result<Self, ClusterConnectError> {
        let mut endpoint = match &access.source {
            ClusterSource::Nothing => return Err(ClusterConnectError::NothingConfigured),
            ClusterSource::Files { paths, context } => from_chosen(kubeconfig::choose(paths, context.as_deref())?)?,
            ClusterSource::Host(host) => from_host(host)?,
            ClusterSource::InCluster { server, directory } => in_cluster(server, directory)?,
        };
        let config = &mut endpoint.config;
        config.accept_invalid_certs |= access.insecure;
        if let Some(name) = &access.tls_server_name {
            config.tls_server_name = Some(name.clone());
        }
        let kubeconfig_proxy = config.proxy_url.take().map(|proxy| proxy.to_string());
        let proxy =
            access.proxy_url.clone().or(kubeconfig_proxy).or_else(|| access.proxies.proxy_for(&config.cluster_url));
        config.proxy_url = proxy.as_deref().map(proxy_uri).transpose()?;
        config.connect_timeout = Some(CONNECT_LIMIT);
        // Each request has its own deadline, and one place decides about retries.
        config.write_timeout = None;
        config.default_retry = false;
        if config.cluster_url.scheme_str() == Some("http") {
            // Without TLS the trust store of the system is not needed, and it takes longest to read.
            config.root_cert.get_or_insert_default();
        }
        Ok(endpoint)
    }

    /// URL of the server without user name and trailing slash.
    pub(super) fn url(&self) -> String {
        self.config.cluster_url.to_string().trim_end_matches('/').to_owned()
    }

    /// A client; it opens connections when it sends requests.
    pub(super) fn client(
        &self,
        identity: Option<&(String, SecretString)>,
        user_agent: &HeaderValue,
    ) -> Result<kube::Client, ClusterConnectError> {
        install_tls_provider();
        let mut config = self.config.clone();
        if let Some((certificate, key)) = identity {
            set_identity(&mut config.auth_info, certificate.as_bytes(), key.expose_secret().as_bytes());
        }
        config.headers.push((USER_AGENT, user_agent.clone()));
        kube::Client::try_from(config).map_err(|source| ClusterConnectError::Tls { source: Box::new(source) })
    }
}

fn from_chosen(chosen: Chosen) -> Result<Endpoint, ClusterConnectError> {
    let Chosen { context, cluster_name, cluster, user, login, files } = chosen;
    let bad_server = || KubeconfigError::BadServer { cluster: cluster_name.clone(), files: files.clone() };
    let server = cluster.server.as_deref().unwrap_or_default();
    let mut config = Config::new(server_url(server, "server").map_err(|_| bad_server())?);
    let what = format!("certificate authority of cluster `{cluster_name}`");
    let ca =
        data_or_file(&what, cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref())?;
    config.root_cert = ca.as_deref().map(|pem| certificates(&what, pem)).transpose()?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name = cluster.tls_server_name.clone();
    config.proxy_url = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty()).map(proxy_uri).transpose()?;
    config.auth_info = auth_info(&user)?;
    let exec_cluster = exec_cluster(&cluster, server, ca.as_deref());
    let origin = AddressOrigin::Kubeconfig { files, context };
    Ok(Endpoint { config, login, exec_cluster, origin })
}

/// Everything of a kubeconfig's user apart from the token and its sources.
fn auth_info(user: &AuthInfo) -> Result<AuthInfo, KubeconfigError> {
    let mut info = AuthInfo {
        username: user.username.clone(),
        password: user.password.clone(),
        impersonate: user.impersonate.clone(),
        impersonate_uid: user.impersonate_uid.clone(),
        impersonate_groups: user.impersonate_groups.clone(),
        impersonate_user_extra: user.impersonate_user_extra.clone(),
        ..AuthInfo::default()
    };
    let certificate = data_or_file(
        "client certificate",
        user.client_certificate_data.as_deref(),
        user.client_certificate.as_deref(),
    )?;
    let key = user.client_key_data.as_ref().map(ExposeSecret::expose_secret);
    let key = data_or_file("client key", key, user.client_key.as_deref())?;
    if let (Some(certificate), Some(key)) = (certificate, key) {
        set_identity(&mut info, &certificate, &key);
    }
    Ok(info)
}

/// Properties of a kubeconfig's cluster for an exec plugin.
fn exec_cluster(cluster: &Cluster, server: &str, ca: Option<&[u8]>) -> Value {
    without_nulls(json!({
        "server": server,
        "certificate-authority-data": ca.map(|pem| STANDARD.encode(pem)),
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "tls-server-name": cluster.tls_server_name,
        "proxy-url": cluster.proxy_url,
        "config": cluster.extensions.iter().flatten()
            .find(|extension| extension.name == "client.authentication.k8s.io/exec")
            .map(|extension| &extension.extension),
    }))
}

fn from_host(host: &HostAccess) -> Result<Endpoint, ClusterConnectError> {
    let HostAccess { server, origin, ca_certificate, login, identity } = host;
    let mut config = Config::new(server.clone());
    let ca = ca_certificate.as_deref();
    config.root_cert =
        ca.map(|pem| certificates("certificate authority in `cluster_ca_certificate`", pem.as_bytes())).transpose()?;
    if let Some((certificate, key)) = identity {
        set_identity(&mut config.auth_info, certificate.as_bytes(), key.expose_secret().as_bytes());
    }
    let exec_cluster =
        json!({ "server": server.to_string(), "certificate-authority-data": ca.map(|pem| STANDARD.encode(pem)) });
    Ok(Endpoint { config, login: login.clone(), exec_cluster: without_nulls(exec_cluster), origin: origin.clone() })
}

fn in_cluster(server: &Uri, directory: &Path) -> Result<Endpoint, ClusterConnectError> {
    let mut config = Config::new(server.clone());
    let authority = directory.join("ca.crt");
    let pem = read("certificate authority", &authority)?;
    config.root_cert = Some(certificates("certificate authority of the pod", &pem)?);
    // kube reads this file again from time to time, so a long run works with a rotated authority.
    config.root_cert_file = Some(authority);
    Ok(Endpoint {
        config,
        login: ClusterLogin::TokenFile(directory.join("token")),
        exec_cluster: Value::Null,
        origin: AddressOrigin::Pod,
    })
}

fn set_identity(user: &mut AuthInfo, certificate: &[u8], key: &[u8]) {
    // kube expects both in base64, as in a kubeconfig.
    user.client_certificate_data = Some(STANDARD.encode(certificate));
    user.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
}

fn data_or_file(what: &str, data: Option<&str>, file: Option<&str>) -> Result<Option<Vec<u8>>, KubeconfigError> {
    match (data.filter(|data| !data.is_empty()), file.filter(|file| !file.is_empty())) {
        (Some(data), _) => match STANDARD.decode(data.trim()) {
            Ok(pem) => Ok(Some(pem)),
            Err(_) => Err(KubeconfigError::BadData { what: what.to_owned(), expected: "base64" }),
        },
        (None, Some(file)) => read(what, Path::new(file)).map(Some),
        (None, None) => Ok(None),
    }
}

fn read(what: &str, path: &Path) -> Result<Vec<u8>, KubeconfigError> {
    fs::read(path).map_err(|source| KubeconfigError::Unreadable {
        what: what.to_owned(),
        path: path.to_owned(),
        source,
    })
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, KubeconfigError> {
    let wrong = || KubeconfigError::BadData { what: what.to_owned(), expected: "a certificate in PEM" };
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem).map(|item| item.map(|der| der.to_vec())).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(wrong()),
    }
}

fn proxy_uri(text: &str) -> Result<Uri, ClusterConnectError> {
    let uri: Uri = text.parse().map_err(|_| ClusterConnectError::Proxy)?;
    if matches!(uri.scheme_str(), Some("http" | "https")) { Ok(uri) } else { Err(ClusterConnectError::Proxy) }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    value
}
