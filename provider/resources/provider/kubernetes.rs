//! The argument `kubernetes` and its cluster.

use std::collections::BTreeMap;

use eod_clients::kubernetes::{ClusterAccess, ClusterAccessError, ClusterSettings, Exec, Kubernetes, SecretString};
use tfplugin::{Attr, Config, Diag, Diags, Model, Path};

use super::{Cluster, ProviderConfig};
use crate::explain;

/// Connection to the cluster: a kubeconfig file, a host with credentials, or the service account of the pod.
#[derive(Model)]
pub struct KubernetesArgs {
    /// Path of a kubeconfig file. `~` is the home folder.
    pub config_path: Option<String>,
    /// Context in the kubeconfig file. Default: its current context.
    pub config_context: Option<String>,
    /// URL of the API server.
    pub host: Option<String>,
    /// Certificate authority of the API server, in PEM format.
    pub cluster_ca_certificate: Option<String>,
    /// Bearer token.
    #[tf(sensitive)]
    pub token: Option<String>,
    /// Path of a file with a bearer token. It is read again after one minute.
    pub token_path: Option<String>,
    /// Client certificate, in PEM format.
    pub client_certificate: Option<String>,
    /// Key of the client certificate, in PEM format.
    #[tf(sensitive)]
    pub client_key: Option<String>,
    /// Program that prints credentials. It runs once, without a terminal and without input.
    pub exec: Option<ExecArgs>,
    /// True to use the service account of the pod that Terraform runs in.
    pub in_cluster: Option<bool>,
    /// URL of a proxy.
    pub proxy_url: Option<String>,
    /// True to accept any server certificate. Only for tests.
    pub insecure: Option<bool>,
    /// Name that the server's certificate must have. Default: the host.
    pub tls_server_name: Option<String>,
}

/// Credential program, as in a kubeconfig file.
#[derive(Model)]
pub struct ExecArgs {
    /// `client.authentication.k8s.io/v1` or `client.authentication.k8s.io/v1beta1`.
    pub api_version: String,
    /// Path or name of the program.
    pub command: String,
    /// Arguments of the program.
    pub args: Option<Vec<String>>,
    /// Environment variables added for the program.
    pub env: Option<BTreeMap<String, String>>,
}

/// Mistakes in the argument, if it is known.
pub(super) fn mistakes(config: Config<'_, ProviderConfig>, environment: &BTreeMap<String, String>) -> Diags {
    let block = config.nested(ProviderConfig::KUBERNETES).map(Config::object);
    let empty = block.map(|block| explain::empty_strings(block, &ProviderConfig::KUBERNETES.path(), &["env"]));
    match config.get(ProviderConfig::KUBERNETES) {
        _ if empty.as_ref().is_some_and(Diags::has_errors) => empty.unwrap_or_default(),
        Attr::Known(args) => args.access(environment).err().unwrap_or_default(),
        Attr::Null | Attr::Unknown => Diags::new(),
    }
}

/// The cluster of the argument or the environment variables. No server is contacted.
pub(super) fn cluster(
    config: Config<'_, ProviderConfig>,
    environment: &BTreeMap<String, String>,
    user_agent: &str,
) -> Result<Cluster, Diags> {
    let access = match config.get(ProviderConfig::KUBERNETES) {
        Attr::Unknown => return Ok(Cluster::Unknown),
        Attr::Known(args) => args.access(environment)?,
        Attr::Null => match ClusterAccess::from_environment(environment) {
            Ok(access) => access.unwrap_or_else(ClusterAccess::nothing),
            Err(errors) => return Err(errors.iter().map(variables_error).collect()),
        },
    };
    Ok(Cluster::Known(Kubernetes::new(access, user_agent)))
}

impl KubernetesArgs {
    fn access(self, environment: &BTreeMap<String, String>) -> Result<ClusterAccess, Diags> {
        let Self {
            config_path,
            config_context,
            host,
            cluster_ca_certificate,
            token,
            token_path,
            client_certificate,
            client_key,
            exec,
            in_cluster,
            proxy_url,
            insecure,
            tls_server_name,
        } = self;
        let settings = ClusterSettings {
            config_path,
            config_context,
            host,
            cluster_ca_certificate,
            token: token.map(SecretString::from),
            token_path,
            client_certificate,
            client_key: client_key.map(SecretString::from),
            exec: exec.map(|ExecArgs { api_version, command, args, env }| Exec {
                api_version,
                command,
                args: args.unwrap_or_default(),
                env: env.unwrap_or_default(),
                install_hint: None,
                provide_cluster_info: false,
            }),
            in_cluster: in_cluster.unwrap_or(false),
            proxy_url,
            insecure: insecure.unwrap_or(false),
            tls_server_name,
        };
        ClusterAccess::from_settings(settings, environment)
            .map_err(|errors| errors.iter().map(argument_error).collect())
    }
}

fn argument_error(error: &ClusterAccessError) -> Diag {
    let path = Path::from(ProviderConfig::KUBERNETES);
    let path = error.field().iter().flat_map(|name| name.split('.')).fold(path, Path::attribute);
    let diag = Diag::error("Invalid cluster access").cause(error).at(path);
    match explain::kubernetes::access(error) {
        Some(hint) => diag.hint(hint),
        None => diag,
    }
}

fn variables_error(error: &ClusterAccessError) -> Diag {
    Diag::error("Invalid cluster access")
        .detail("The cluster comes from environment variables, because the argument `kubernetes` is not set.")
        .cause(error)
        .hint("correct KUBE_HOST, KUBE_TOKEN, KUBE_CLUSTER_CA_CERT_DATA, KUBE_CONFIG_PATH, KUBECONFIG or KUBE_CTX, or set `kubernetes` in the provider block")
}
