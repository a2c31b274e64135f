//! Address of a cluster and the login to it, from settings or from environment variables.
//!
//! There is no fallback: settings and environment variables are never mixed, and without either of them the first
//! request fails. Parsing does no I/O: files are read at the first request.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use http::Uri;
use secrecy::SecretString;

use super::{access_error::ClusterAccessError, exec::Exec, proxy::ProxyRules};
use crate::server::AddressOrigin;

/// Settings of a cluster. Exactly one of `config_path`, `host` and `in_cluster` is required.
#[derive(Clone, Default)]
pub struct ClusterSettings {
    /// Path of the kubeconfig file; `~` is the home folder.
    pub config_path: Option<String>,
    /// Context of the kubeconfig; the default is its current context.
    pub config_context: Option<String>,
    /// URL of the API server, `https://host:port`.
    pub host: Option<String>,
    /// Certificate authority of the server, PEM.
    pub cluster_ca_certificate: Option<String>,
    /// Bearer token.
    pub token: Option<SecretString>,
    /// Path of a file with a bearer token; it is read again every minute.
    pub token_path: Option<String>,
    /// Client certificate, PEM.
    pub client_certificate: Option<String>,
    /// Key of the client certificate, PEM.
    pub client_key: Option<SecretString>,
    /// Program that prints the credentials.
    pub exec: Option<Exec>,
    /// Use the service account of the process's own pod.
    pub in_cluster: bool,
    /// URL of a proxy, `http://proxy:3128`. If not set, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` decide.
    pub proxy_url: Option<String>,
    /// Accept any certificate of the server.
    pub insecure: bool,
    /// Host name that the server's certificate must be valid for, if it is not the one in the URL.
    pub tls_server_name: Option<String>,
}

/// A cluster and the login to it.
#[derive(Clone)]
pub struct ClusterAccess {
    pub(super) source: ClusterSource,
    pub(super) proxy_url: Option<String>,
    pub(super) insecure: bool,
    pub(super) tls_server_name: Option<String>,
    pub(super) proxies: ProxyRules,
}

/// Source of the address and the login.
#[derive(Clone)]
pub(super) enum ClusterSource {
    Nothing,
    Files { paths: Vec<PathBuf>, context: Option<String> },
    Host(Box<HostAccess>),
    InCluster { server: Uri, directory: PathBuf },
}

/// A cluster with an address and a login of its own settings.
#[derive(Clone)]
pub(super) struct HostAccess {
    pub(super) server: Uri,
    pub(super) origin: AddressOrigin,
    pub(super) ca_certificate: Option<String>,
    pub(super) login: ClusterLogin,
    pub(super) identity: Option<(String, SecretString)>,
}

/// Source of the bearer token.
#[derive(Clone)]
pub(super) enum ClusterLogin {
    None,
    Token(SecretString),
    TokenFile(PathBuf),
    Exec(Exec),
}

impl ClusterAccess {
    /// No cluster: every request fails.
    pub fn nothing() -> Self {
        Self {
            source: ClusterSource::Nothing,
            proxy_url: None,
            insecure: false,
            tls_server_name: None,
            proxies: ProxyRules::default(),
        }
    }

    /// Checks settings. Of `environment` only HOME, the proxy variables and, for `in_cluster`, the variables of the pod
    /// are read: environment variables never name a cluster here.
    ///
    /// # Errors
    ///
    /// All mistakes in the settings.
    pub fn from_settings(
        settings: ClusterSettings,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<ClusterAccessError>> {
        let mut mistakes = contradictions(&settings);
        let source = match source(&settings, environment, &mut mistakes) {
            Some(source) if mistakes.is_empty() => source,
            _ => return Err(mistakes),
        };
        let ClusterSettings { proxy_url, insecure, tls_server_name, .. } = settings;
        Ok(Self { source, proxy_url, insecure, tls_server_name, proxies: ProxyRules::from_environment(environment) })
    }

    /// Reads environment variables: KUBE_HOST with KUBE_TOKEN and KUBE_CLUSTER_CA_CERT_DATA, else KUBE_CONFIG_PATH, else
    /// KUBECONFIG (a list of files, merged as `kubectl` does), the files with KUBE_CTX. Empty variables count as not
    /// set. `None` if none of them is set.
    ///
    /// # Errors
    ///
    /// All mistakes in the variables.
    pub fn from_environment(environment: &BTreeMap<String, String>) -> Result<Option<Self>, Vec<ClusterAccessError>> {
        let get = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
        let (host, file, list) = (get("KUBE_HOST"), get("KUBE_CONFIG_PATH"), get("KUBECONFIG"));
        let settings = match (host, file) {
            (Some(host), _) => ClusterSettings {
                host: Some(host),
                token: get("KUBE_TOKEN").map(SecretString::from),
                cluster_ca_certificate: get("KUBE_CLUSTER_CA_CERT_DATA"),
                ..ClusterSettings::default()
            },
            (None, Some(file)) => ClusterSettings {
                config_path: Some(file),
                config_context: get("KUBE_CTX"),
                ..ClusterSettings::default()
            },
            (None, None) => return files_of_kubeconfig(list, get("KUBE_CTX"), environment),
        };
        let mut access = Self::from_settings(settings, environment)?;
        if let ClusterSource::Host(host) = &mut access.source {
            host.origin = AddressOrigin::Variable("KUBE_HOST");
        }
        Ok(Some(access))
    }

    /// Description of the cluster without secrets: ``context `preview` of /home/a/.kube/config``.
    pub fn describe(&self) -> String {
        match &self.source {
            ClusterSource::Nothing => "no cluster".to_owned(),
            ClusterSource::Files { paths, context } => {
                let files: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                let context =
                    context.as_ref().map_or("the current context".to_owned(), |name| format!("context `{name}`"));
                format!("{context} of {}", files.join(", "))
            }
            ClusterSource::Host(host) => host.server.to_string(),
            ClusterSource::InCluster { server, .. } => format!("{server} (in cluster)"),
        }
    }
}

impl fmt::Debug for ClusterSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL of a proxy may contain a password; everything else is in `config_path` and `host`.
        f.debug_struct("Settings")
            .field("config_path", &self.config_path)
            .field("config_context", &self.config_context)
            .field("host", &self.host)
            .field("in_cluster", &self.in_cluster)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClusterAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Access").field(&self.describe()).finish()
    }
}

/// Expands a leading `~` with HOME.
pub(super) fn expand(
    path: &str,
    field: &'static str,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, ClusterAccessError> {
    let rest = match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => return Ok(PathBuf::from(path)),
    };
    let home = ["HOME", "USERPROFILE"].iter().find_map(|name| environment.get(*name)).filter(|home| !home.is_empty());
    match home {
        Some(home) => Ok(PathBuf::from(home).join(rest)),
        None => Err(ClusterAccessError::NoHome { field }),
    }
}

fn files_of_kubeconfig(
    list: Option<String>,
    context: Option<String>,
    environment: &BTreeMap<String, String>,
) -> Result<Option<ClusterAccess>, Vec<ClusterAccessError>> {
    let Some(list) = list else {
        // These variables have no effect without a cluster. They are an error, because ignoring them would hide a
        // misspelt variable.
        let orphans =
            [("KUBE_CTX", "KUBE_CONFIG_PATH"), ("KUBE_TOKEN", "KUBE_HOST"), ("KUBE_CLUSTER_CA_CERT_DATA", "KUBE_HOST")];
        let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let mistakes: Vec<_> = orphans
            .into_iter()
            .filter(|(field, _)| set(field))
            .map(|(field, other)| ClusterAccessError::Incomplete { field, other })
            .collect();
        return if mistakes.is_empty() { Ok(None) } else { Err(mistakes) };
    };
    let paths = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty());
    let paths = paths
        .map(|path| expand(&path.to_string_lossy(), "KUBECONFIG", environment))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|mistake| vec![mistake])?;
    let source = ClusterSource::Files { paths, context };
    Ok(Some(ClusterAccess { source, proxies: ProxyRules::from_environment(environment), ..ClusterAccess::nothing() }))
}

/// Settings that exclude each other, and settings that require another one.
fn contradictions(settings: &ClusterSettings) -> Vec<ClusterAccessError> {
    let file = settings.config_path.is_some();
    let host = settings.host.is_some();
    let (token, token_path, exec) = (settings.token.is_some(), settings.token_path.is_some(), settings.exec.is_some());
    let (certificate, key) = (settings.client_certificate.is_some(), settings.client_key.is_some());
    let ca = settings.cluster_ca_certificate.is_some();
    let exclusive = [
        (file && host, "host", "config_path"),
        (file && settings.in_cluster, "in_cluster", "config_path"),
        (host && settings.in_cluster, "in_cluster", "host"),
        (token && token_path, "token_path", "token"),
        (token && exec, "exec", "token"),
        (token_path && exec, "exec", "token_path"),
        (ca && settings.insecure, "insecure", "cluster_ca_certificate"),
    ];
    let incomplete = [
        (certificate && !key, "client_certificate", "client_key"),
        (key && !certificate, "client_key", "client_certificate"),
        (settings.config_context.is_some() && !file, "config_context", "config_path"),
        (token && !host, "token", "host"),
        (token_path && !host, "token_path", "host"),
        (exec && !host, "exec", "host"),
        (ca && !host, "cluster_ca_certificate", "host"),
        (certificate && !host, "client_certificate", "host"),
    ];
    let exclusive = exclusive.into_iter().filter(|(wrong, ..)| *wrong);
    let incomplete = incomplete.into_iter().filter(|(wrong, ..)| *wrong);
    exclusive
        .map(|(_, field, other)| ClusterAccessError::Exclusive { field, other })
        .chain(incomplete.map(|(_, field, other)| ClusterAccessError::Incomplete { field, other }))
        .collect()
}

fn source(
    settings: &ClusterSettings,
    environment: &BTreeMap<String, String>,
    mistakes: &mut Vec<ClusterAccessError>,
) -> Option<ClusterSource> {
    if let Some(proxy) = &settings.proxy_url
        && proxy.parse::<Uri>().ok().and_then(|uri| uri.scheme().cloned()).is_none()
    {
        mistakes.push(ClusterAccessError::BadUrl { field: "proxy_url" });
    }
    if let Some(path) = &settings.config_path {
        let path = keep(expand(path, "config_path", environment), mistakes)?;
        return Some(ClusterSource::Files { paths: vec![path], context: settings.config_context.clone() });
    }
    if let Some(host) = &settings.host {
        return host_source(host, settings, environment, mistakes);
    }
    if settings.in_cluster {
        return keep(in_cluster(environment), mistakes);
    }
    mistakes.push(ClusterAccessError::NoCluster);
    None
}

fn host_source(
    host: &str,
    settings: &ClusterSettings,
    environment: &BTreeMap<String, String>,
    mistakes: &mut Vec<ClusterAccessError>,
) -> Option<ClusterSource> {
    for (field, text) in [
        ("cluster_ca_certificate", &settings.cluster_ca_certificate),
        ("client_certificate", &settings.client_certificate),
    ] {
        if text.as_ref().is_some_and(|text| !text.contains("-----BEGIN")) {
            mistakes.push(ClusterAccessError::NotPem { field });
        }
    }
    let login = match (&settings.token, &settings.token_path, &settings.exec) {
        (Some(token), _, _) => Some(ClusterLogin::Token(token.clone())),
        (None, Some(path), _) => keep(expand(path, "token_path", environment), mistakes).map(ClusterLogin::TokenFile),
        (None, None, Some(exec)) => keep(exec.clone().checked(), mistakes).map(ClusterLogin::Exec),
        (None, None, None) => Some(ClusterLogin::None),
    };
    let server = keep(server_url(host, "host"), mistakes)?;
    let identity = settings.client_certificate.clone().zip(settings.client_key.clone());
    Some(ClusterSource::Host(Box::new(HostAccess {
        server,
        origin: AddressOrigin::Settings,
        ca_certificate: settings.cluster_ca_certificate.clone(),
        login: login?,
        identity,
    })))
}

/// URL of a server; the default scheme is https.
pub(super) fn server_url(text: &str, field: &'static str) -> Result<Uri, ClusterAccessError> {
    let bad = ClusterAccessError::BadUrl { field };
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let uri: Uri = text.trim().parse().map_err(|_| bad.clone())?;
    let plain = uri.query().is_none() && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if plain && !host.is_empty() => Ok(uri),
        _ => Err(bad),
    }
}

fn in_cluster(environment: &BTreeMap<String, String>) -> Result<ClusterSource, ClusterAccessError> {
    let get = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let (Some(host), Some(port)) = (get("KUBERNETES_SERVICE_HOST"), get("KUBERNETES_SERVICE_PORT")) else {
        return Err(ClusterAccessError::NotInCluster);
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let server = server_url(&format!("https://{host}:{port}"), "in_cluster")?;
    // Folder of the service account in every pod:
    // https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    Ok(ClusterSource::InCluster { server, directory: PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount") })
}

fn keep<T>(result: Result<T, ClusterAccessError>, mistakes: &mut Vec<ClusterAccessError>) -> Option<T> {
    result.map_err(|mistake| mistakes.push(mistake)).ok()
}

#[cfg(test)]
mod tests;
