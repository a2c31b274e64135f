//! Kubeconfig files: reading, joining, and choosing the context.
//!
//! kube parses the YAML and makes relative paths absolute; what is chosen and every message are ours. A message
//! names the files and the context and lists what there is. The text of the file is never quoted: it holds secrets.

use std::{io, path::PathBuf};

use kube::config::{AuthInfo, Cluster, ExecConfig, Kubeconfig, KubeconfigError as ParseError};

use super::{
    access::{ClusterAccessError, ClusterLogin},
    exec::Exec,
};

/// What is wrong with the kubeconfig.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// None of the files is there.
    #[error("there is no kubeconfig at {files}; check `config_path`, KUBE_CONFIG_PATH or KUBECONFIG")]
    Missing {
        /// The files looked for.
        files: String,
    },
    /// A file that is there and cannot be read.
    #[error("the {what} {path} cannot be read", path = .path.display())]
    Unreadable {
        /// What the file is.
        what: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is no kubeconfig.
    #[error("{path} is no valid kubeconfig{place}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// `: line 3, column 5`, where it is known.
        place: String,
    },
    /// No context is chosen.
    #[error("no context is chosen: {files} has no current context; set `config_context` or KUBE_CTX. {there}")]
    NoContext {
        /// The files.
        files: String,
        /// What contexts there are.
        there: String,
    },
    /// A name that is not in the files.
    #[error("{what} `{name}` is not in {files}. {there}")]
    Unknown {
        /// `context`, or ``cluster (named by context `x`)``.
        what: String,
        /// The name.
        name: String,
        /// The files.
        files: String,
        /// What names there are.
        there: String,
    },
    /// A cluster without an address, or with a wrong one.
    #[error("cluster `{cluster}` in {files} has no usable `server`; it must be a URL like https://host:port")]
    BadServer {
        /// The cluster.
        cluster: String,
        /// The files.
        files: String,
    },
    /// Data that is neither base64 nor PEM.
    #[error("the {what} is not {expected}")]
    BadData {
        /// What it is.
        what: String,
        /// `base64` or `PEM`.
        expected: &'static str,
    },
    /// A login that Kubernetes itself has given up.
    #[error("user `{user}` logs in with the auth provider `{provider}`, which Kubernetes removed; use an exec plugin")]
    AuthProvider {
        /// The user.
        user: String,
        /// The provider.
        provider: String,
    },
    /// An exec plugin that cannot be run.
    #[error("user `{user}` cannot log in")]
    Exec {
        /// The user.
        user: String,
        /// What is wrong with it.
        source: ClusterAccessError,
    },
}

/// What a context stands for.
pub(super) struct Chosen {
    pub(super) cluster_name: String,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
    pub(super) login: ClusterLogin,
    pub(super) files: String,
}

/// Reads the files, joins them, and chooses the context.
pub(super) fn choose(paths: &[PathBuf], context: Option<&str>) -> Result<Chosen, KubeconfigError> {
    let files = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let joined = read(paths, &files)?;
    let names = |kind: &str, names: Vec<&str>| {
        if names.is_empty() { format!("it has no {kind}") } else { format!("it has the {kind} {}", names.join(", ")) }
    };
    let contexts = || names("contexts", joined.contexts.iter().map(|context| context.name.as_str()).collect());
    let Some(wanted) = context.or(joined.current_context.as_deref()).filter(|name| !name.is_empty()) else {
        return Err(KubeconfigError::NoContext { there: contexts(), files });
    };
    let unknown = |what: String, name: &str, there: String| KubeconfigError::Unknown {
        what,
        name: name.to_owned(),
        files: files.clone(),
        there,
    };
    let found = joined.contexts.iter().find(|context| context.name == wanted).and_then(|named| named.context.clone());
    let found = found.ok_or_else(|| unknown("context".into(), wanted, contexts()))?;
    let cluster = joined.clusters.iter().find(|named| named.name == found.cluster);
    let cluster = cluster.and_then(|named| named.cluster.clone()).ok_or_else(|| {
        let there = names("clusters", joined.clusters.iter().map(|named| named.name.as_str()).collect());
        unknown(format!("cluster (named by context `{wanted}`)"), &found.cluster, there)
    })?;
    let user_name = found.user.clone().filter(|name| !name.is_empty());
    let user = match &user_name {
        None => AuthInfo::default(),
        Some(name) => joined.auth_infos.iter().find(|named| &named.name == name).map_or_else(
            || {
                let there = names("users", joined.auth_infos.iter().map(|named| named.name.as_str()).collect());
                Err(unknown(format!("user (named by context `{wanted}`)"), name, there))
            },
            |named| Ok(named.auth_info.clone().unwrap_or_default()),
        )?,
    };
    let login = login(&user, &user_name.unwrap_or_default())?;
    Ok(Chosen { cluster_name: found.cluster, cluster, user, login, files })
}

fn read(paths: &[PathBuf], files: &str) -> Result<Kubeconfig, KubeconfigError> {
    let mut joined: Option<Kubeconfig> = None;
    for path in paths {
        let next = match Kubeconfig::read_from(path) {
            Ok(next) => next,
            // As with kubectl, a file of the list may be missing as long as one is there.
            Err(ParseError::ReadConfig(source, _)) if source.kind() == io::ErrorKind::NotFound => continue,
            Err(ParseError::ReadConfig(source, path)) => {
                return Err(KubeconfigError::Unreadable { what: "kubeconfig".into(), path, source });
            }
            Err(ParseError::Parse(error)) => {
                let place = error.location();
                let place = place.map(|place| format!(": line {}, column {}", place.line(), place.column()));
                return Err(KubeconfigError::Malformed { path: path.clone(), place: place.unwrap_or_default() });
            }
            Err(_) => return Err(KubeconfigError::Malformed { path: path.clone(), place: String::new() }),
        };
        joined = Some(match joined {
            None => next,
            Some(first) => first.merge(next).map_err(|_| KubeconfigError::Malformed {
                path: path.clone(),
                place: ": it is of another version".into(),
            })?,
        });
    }
    joined.ok_or_else(|| KubeconfigError::Missing { files: files.to_owned() })
}

fn login(user: &AuthInfo, name: &str) -> Result<ClusterLogin, KubeconfigError> {
    if let Some(provider) = &user.auth_provider {
        return Err(KubeconfigError::AuthProvider { user: name.to_owned(), provider: provider.name.clone() });
    }
    let nonempty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(token) = user.token.as_ref().filter(|token| !secrecy::ExposeSecret::expose_secret(*token).is_empty()) {
        return Ok(ClusterLogin::Token(token.clone()));
    }
    if let Some(path) = nonempty(&user.token_file) {
        return Ok(ClusterLogin::TokenFile(PathBuf::from(path)));
    }
    match &user.exec {
        None => Ok(ClusterLogin::None),
        Some(exec) => plugin(exec)
            .checked()
            .map(ClusterLogin::Exec)
            .map_err(|source| KubeconfigError::Exec { user: name.to_owned(), source }),
    }
}

fn plugin(exec: &ExecConfig) -> Exec {
    let pairs =
        exec.env.iter().flatten().filter_map(|pair| Some((pair.get("name")?.clone(), pair.get("value")?.clone())));
    Exec {
        api_version: exec.api_version.clone().unwrap_or_default(),
        command: exec.command.clone().unwrap_or_default(),
        args: exec.args.clone().unwrap_or_default(),
        env: pairs.collect(),
        install_hint: exec.install_hint.clone(),
        provide_cluster_info: exec.provide_cluster_info,
    }
}

#[cfg(test)]
mod tests;
