//! Advice about servers that cannot be reached or are not trusted. It names the setting of the server's address.

use eod_clients::{AddressOrigin, ConnectionFailure, ConnectionProblem, Error};

/// System names of errors.
const VAULT: &str = "Vault";
const POSTGRES: &str = "PostgreSQL";

const REACHABLE: &str = "that the server is up and reachable from here, then run again";

pub(super) fn hint(error: &Error) -> Option<String> {
    let ConnectionFailure { address, problem, .. } = ConnectionFailure::of(error)?;
    let system = error.system;
    let setting = setting(&address.origin, system);
    match (problem, system) {
        (ConnectionProblem::Unreachable, _) => Some(format!("check {setting} and {REACHABLE}")),
        (ConnectionProblem::Untrusted, VAULT) => Some(format!(
            "set `vault.ca_cert` (VAULT_CACERT) to the certificate authority of the server, and check the host name in \
             {setting}"
        )),
        (ConnectionProblem::Untrusted, POSTGRES) => Some(format!(
            "set `postgres.sslrootcert` (PGSSLROOTCERT) to the certificate authority of the server, and check the host name in \
             {setting}"
        )),
        (ConnectionProblem::Untrusted, _) => Some(format!(
            "check the certificate authority ({}) and the server name: the certificate must be valid for the host in \
             {setting}, or for `tls_server_name`",
            authority(&address.origin)
        )),
        (ConnectionProblem::Broken | ConnectionProblem::NoResponse(_), _) => None,
    }
}

/// The setting of a server's address.
fn setting(origin: &AddressOrigin, system: &str) -> String {
    match origin {
        AddressOrigin::Settings if system == VAULT => "`vault.address` in the provider block".to_owned(),
        AddressOrigin::Settings if system == POSTGRES => {
            "`postgres.host` and `postgres.port` in the provider block".to_owned()
        }
        AddressOrigin::Settings => "`kubernetes.host` in the provider block".to_owned(),
        AddressOrigin::Variable(name) => format!("the environment variable {name}"),
        AddressOrigin::Kubeconfig { files, context } => format!("the `server` of context `{context}` in {files}"),
        AddressOrigin::Pod => "the service account of the pod".to_owned(),
    }
}

/// The setting of a cluster's certificate authority.
fn authority(origin: &AddressOrigin) -> &'static str {
    match origin {
        AddressOrigin::Settings => "`cluster_ca_certificate`",
        AddressOrigin::Variable(_) => "KUBE_CLUSTER_CA_CERT_DATA",
        AddressOrigin::Kubeconfig { .. } => "`certificate-authority` of the cluster in the kubeconfig",
        AddressOrigin::Pod => "`ca.crt` of the service account",
    }
}
