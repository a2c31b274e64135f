//! Kubeconfig files: reads and merges them, and selects the context.
//!
//! kube parses the YAML and makes relative paths absolute; the selection and the errors are made here. An error names
//! the files and the context and lists the names in the files. It never quotes the text of a file, which has secrets.

use std::{io, path::PathBuf};

use kube::config::{AuthInfo, Cluster, ExecConfig, Kubeconfig, KubeconfigError as ParseError};

use super::{access::ClusterLogin, access_error::ClusterAccessError, exec::Exec};

/// Mistakes in kubeconfig files.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// None of the files exists.
    #[error("there is no kubeconfig at {files}")]
    Missing {
        /// Paths of the files.
        files: String,
    },
    /// A file that exists but cannot be read.
    #[error("cannot read the {what} {path}", path = .path.display())]
    Unreadable {
        /// Content of the file, such as `client key`.
        what: String,
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A file that is not a kubeconfig.
    #[error("{path} is not a valid kubeconfig{place}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// `: line 3, column 5`, if it is known.
        place: String,
    },
    /// No context is selected.
    #[error("no context is set, and {files} has no current context; {available}")]
    NoContext {
        /// The files.
        files: String,
        /// The contexts in the files, as the rest of the sentence.
        available: String,
    },
    /// A name that is not in the files.
    #[error("{what} `{name}` is not in {files}; {available}")]
    Unknown {
        /// Kind of the name: `context`, or ``the cluster of context `x`,``.
        what: String,
        /// The name.
        name: String,
        /// The files.
        files: String,
        /// The names in the files, as the rest of the sentence.
        available: String,
    },
    /// A cluster without a valid address.
    #[error("cluster `{cluster}` in {files} has no valid `server`: expected a URL such as https://host:port")]
    BadServer {
        /// The cluster.
        cluster: String,
        /// The files.
        files: String,
    },
    /// Data that is neither base64 nor PEM.
    #[error("the {what} is not {expected}")]
    BadData {
        /// Name of the data.
        what: String,
        /// `base64` or `PEM`.
        expected: &'static str,
    },
    /// A kind of login that Kubernetes removed.
    #[error("user `{user}` uses the auth provider `{provider}`, which Kubernetes removed")]
    AuthProvider {
        /// The user.
        user: String,
        /// Name of the auth provider.
        provider: String,
    },
    /// An exec plugin that cannot be run.
    #[error("the exec plugin of user `{user}` is not valid")]
    Exec {
        /// The user.
        user: String,
        /// Mistake in the exec plugin.
        source: ClusterAccessError,
    },
}

/// The cluster and the user of the selected context.
pub(super) struct Chosen {
    pub(super) context: String,
    pub(super) cluster_name: String,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
    pub(super) login: ClusterLogin,
    pub(super) files: String,
}

/// Reads and merges the files, and selects the context.
pub(super) fn choose(paths: &[PathBuf], context: Option<&str>) -> Result<Chosen, KubeconfigError> {
    let files = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let merged = read(paths, &files)?;
    let contexts = || available("contexts", merged.contexts.iter().map(|named| named.name.as_str()));
    let Some(selected) = context.or(merged.current_context.as_deref()).filter(|name| !name.is_empty()) else {
        return Err(KubeconfigError::NoContext { available: contexts(), files });
    };
    let unknown = |what: String, name: &str, available: String| KubeconfigError::Unknown {
        what,
        name: name.to_owned(),
        files: files.clone(),
        available,
    };
    let found = merged.contexts.iter().find(|named| named.name == selected).and_then(|named| named.context.clone());
    let found = found.ok_or_else(|| unknown("context".into(), selected, contexts()))?;
    let cluster = merged.clusters.iter().find(|named| named.name == found.cluster);
    let cluster = cluster.and_then(|named| named.cluster.clone()).ok_or_else(|| {
        let clusters = available("clusters", merged.clusters.iter().map(|named| named.name.as_str()));
        unknown(format!("the cluster of context `{selected}`,"), &found.cluster, clusters)
    })?;
    let user_name = found.user.filter(|name| !name.is_empty()).unwrap_or_default();
    let user = merged.auth_infos.iter().find(|named| named.name == user_name);
    if user.is_none() && !user_name.is_empty() {
        let users = available("users", merged.auth_infos.iter().map(|named| named.name.as_str()));
        return Err(unknown(format!("the user of context `{selected}`,"), &user_name, users));
    }
    // A context without a user has no login.
    let user = user.filter(|_| !user_name.is_empty()).and_then(|named| named.auth_info.clone()).unwrap_or_default();
    let login = login(&user, &user_name)?;
    Ok(Chosen { context: selected.to_owned(), cluster_name: found.cluster, cluster, user, login, files })
}

/// The names in the files, as the rest of a sentence.
fn available<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { format!("it has no {kind}") } else { format!("its {kind} are {}", names.join(", ")) }
}

fn read(paths: &[PathBuf], files: &str) -> Result<Kubeconfig, KubeconfigError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        let next = match Kubeconfig::read_from(path) {
            Ok(next) => next,
            // As in kubectl, files of the list may be missing if at least one exists.
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
        merged = Some(match merged {
            None => next,
            Some(first) => first.merge(next).map_err(|_| KubeconfigError::Malformed {
                path: path.clone(),
                place: ": its version differs from that of the other files".into(),
            })?,
        });
    }
    merged.ok_or_else(|| KubeconfigError::Missing { files: files.to_owned() })
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
