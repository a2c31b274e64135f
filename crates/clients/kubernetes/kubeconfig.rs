//! Kubeconfig files: reading, joining, and choosing the context.
//!
//! kube parses the YAML and makes relative paths absolute; what is chosen and every message are ours. A message
//! names the files and the context and lists what there is. The text of the file is never quoted: it holds secrets.

use std::{io, path::PathBuf};

use kube::config::{AuthInfo, Cluster, ExecConfig, Kubeconfig, KubeconfigError as ParseError};

use super::{
    access::{AccessError, Login},
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
        source: AccessError,
    },
}

/// What a context stands for.
pub(super) struct Chosen {
    pub(super) cluster_name: String,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
    pub(super) login: Login,
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

fn login(user: &AuthInfo, name: &str) -> Result<Login, KubeconfigError> {
    if let Some(provider) = &user.auth_provider {
        return Err(KubeconfigError::AuthProvider { user: name.to_owned(), provider: provider.name.clone() });
    }
    let nonempty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(token) = user.token.as_ref().filter(|token| !secrecy::ExposeSecret::expose_secret(*token).is_empty()) {
        return Ok(Login::Token(token.clone()));
    }
    if let Some(path) = nonempty(&user.token_file) {
        return Ok(Login::TokenFile(PathBuf::from(path)));
    }
    match &user.exec {
        None => Ok(Login::None),
        Some(exec) => plugin(exec)
            .checked()
            .map(Login::Exec)
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
mod tests {
    use super::*;

    const TWO_CONTEXTS: &str = "
apiVersion: v1
kind: Config
clusters:
- { name: c1, cluster: { server: 'https://one:6443', certificate-authority: ca.pem } }
users:
- { name: u1, user: { token: canary-token } }
- { name: old, user: { auth-provider: { name: gcp } } }
- { name: alpha, user: { exec: { apiVersion: client.authentication.k8s.io/v1alpha1, command: aws } } }
contexts:
- { name: good, context: { cluster: c1, user: u1 } }
- { name: no-cluster, context: { cluster: c9, user: u1 } }
- { name: no-user, context: { cluster: c1, user: u9 } }
- { name: old, context: { cluster: c1, user: old } }
- { name: alpha, context: { cluster: c1, user: alpha } }
";

    fn check(text: &str, context: Option<&str>) -> Result<Chosen, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        let chosen = choose(&[folder.path().join("absent"), path], context);
        let folder = folder.path().display().to_string();
        chosen.map_err(|error| {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("canary"), "{shown}");
            error.to_string().replace(&folder, "DIR")
        })
    }

    #[test]
    fn the_context_is_chosen_and_paths_are_absolute() {
        let chosen = check(TWO_CONTEXTS, Some("good")).unwrap();
        assert_eq!(chosen.cluster.server.as_deref(), Some("https://one:6443"));
        assert!(chosen.cluster.certificate_authority.unwrap().starts_with('/'));
        assert!(matches!(chosen.login, Login::Token(_)));
    }

    #[test]
    fn every_mistake_names_the_file_and_what_there_is() {
        let cases = [
            (
                TWO_CONTEXTS,
                None,
                "no context is chosen: DIR/absent, DIR/config has no current context; set `config_context` or KUBE_CTX. it has the contexts good, no-cluster, no-user, old, alpha",
            ),
            (
                TWO_CONTEXTS,
                Some("bad"),
                "context `bad` is not in DIR/absent, DIR/config. it has the contexts good, no-cluster, no-user, old, alpha",
            ),
            (
                TWO_CONTEXTS,
                Some("no-cluster"),
                "cluster (named by context `no-cluster`) `c9` is not in DIR/absent, DIR/config. it has the clusters c1",
            ),
            (
                TWO_CONTEXTS,
                Some("no-user"),
                "user (named by context `no-user`) `u9` is not in DIR/absent, DIR/config. it has the users u1, old, alpha",
            ),
            (
                TWO_CONTEXTS,
                Some("old"),
                "user `old` logs in with the auth provider `gcp`, which Kubernetes removed; use an exec plugin",
            ),
            (TWO_CONTEXTS, Some("alpha"), "user `alpha` cannot log in"),
            ("", Some("good"), "context `good` is not in DIR/absent, DIR/config. it has no contexts"),
        ];
        for (text, context, expected) in cases {
            assert_eq!(check(text, context).err().as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_broken_file_is_placed_but_never_quoted() {
        for text in ["users: [ { name: canary-a, user: { token: canary-b", "contexts: canary", "- canary"] {
            let error = check(text, None).err().unwrap();
            assert!(error.starts_with("DIR/config is no valid kubeconfig"), "{error}");
        }
    }

    #[test]
    fn missing_files_are_named() {
        let error = choose(&[PathBuf::from("/nowhere/a"), PathBuf::from("/nowhere/b")], None).err().unwrap();
        assert!(error.to_string().contains("/nowhere/a, /nowhere/b"), "{error}");
    }
}
