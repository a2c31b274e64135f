//! Mistakes in the settings of a cluster.

/// A mistake in [`super::ClusterSettings`] or in the environment variables that replace them.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ClusterAccessError {
    /// Two clusters, or two credentials.
    #[error("`{field}` and `{other}` cannot be set together")]
    Exclusive {
        /// One of the two fields or variables.
        field: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// A setting that has no effect alone.
    #[error("`{field}` requires `{other}`, which is not set")]
    Incomplete {
        /// The field or variable that is set.
        field: &'static str,
        /// The one that is missing.
        other: &'static str,
    },
    /// Settings without a cluster.
    #[error("no cluster is configured: one of `config_path`, `host` and `in_cluster` is required")]
    NoCluster,
    /// Not the URL of a server.
    #[error("`{field}` is not the URL of a server: expected `https://host:port` without a query or a user name")]
    BadUrl {
        /// The field or variable.
        field: &'static str,
    },
    /// Not PEM.
    #[error("`{field}` is not PEM: it has no `-----BEGIN` line")]
    NotPem {
        /// The field.
        field: &'static str,
    },
    /// `~` without a home folder.
    #[error("`{field}` begins with `~`, but HOME is not set")]
    NoHome {
        /// The field or variable.
        field: &'static str,
    },
    /// `in_cluster` outside of a cluster.
    #[error("`in_cluster` requires a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")]
    NotInCluster,
    /// An unsupported version of the exec protocol.
    #[error(
        "unsupported `exec.api_version` `{got}`: supported are `client.authentication.k8s.io/v1` and \
         `client.authentication.k8s.io/v1beta1`"
    )]
    ExecVersion {
        /// The version that is set.
        got: String,
    },
    /// No program.
    #[error("`exec.command` is empty: expected the program that prints the credentials")]
    ExecCommand,
}

impl ClusterAccessError {
    /// The field of the settings with the mistake, such as `exec.command`; `None` if several fields are involved.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Exclusive { field, .. }
            | Self::Incomplete { field, .. }
            | Self::BadUrl { field }
            | Self::NotPem { field }
            | Self::NoHome { field } => Some(field),
            Self::NoCluster => None,
            Self::NotInCluster => Some("in_cluster"),
            Self::ExecVersion { .. } => Some("exec.api_version"),
            Self::ExecCommand => Some("exec.command"),
        }
    }
}
