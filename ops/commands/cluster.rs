//! Cluster of a command: flags, `KUBECONFIG`, the service account of the pod, `~/.kube/config`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use eod_clients::kubernetes::{ClusterAccess, ClusterAccessError, ClusterSettings};

use crate::arguments::CommonArguments;
use crate::failure::Failure;

/// File that exists in every pod with a service account.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Source of the cluster.
#[derive(Debug, Eq, PartialEq)]
enum ClusterOrigin {
    File(PathBuf),
    Variable,
    Pod,
}

/// Selects the cluster. Only existing files are selected, and nothing is contacted.
pub(crate) fn access(
    arguments: &CommonArguments,
    environment: &BTreeMap<String, String>,
) -> Result<ClusterAccess, Failure> {
    let origin = origin(arguments, environment, &|path| path.is_file());
    let context = arguments.context.clone();
    let access = match origin {
        Some(ClusterOrigin::File(path)) => ClusterAccess::from_settings(
            ClusterSettings {
                config_path: Some(path.display().to_string()),
                config_context: context,
                ..ClusterSettings::default()
            },
            environment,
        ),
        Some(ClusterOrigin::Variable) => {
            // The client reads the context from this variable; the flag is the only source of it here.
            let mut variables = environment.clone();
            variables.retain(|name, _| !name.starts_with("KUBE_"));
            variables.extend(context.map(|context| ("KUBE_CTX".to_owned(), context)));
            ClusterAccess::from_environment(&variables).map(|access| access.unwrap_or_else(ClusterAccess::nothing))
        }
        Some(ClusterOrigin::Pod) => ClusterAccess::from_settings(
            ClusterSettings { in_cluster: true, ..ClusterSettings::default() },
            environment,
        ),
        None => {
            let failure = Failure::usage("no cluster is configured");
            return Err(failure.remedy("set --kubeconfig, or KUBECONFIG, or run `eod` in a pod"));
        }
    };
    access.map_err(|mistakes| {
        let texts: Vec<String> = mistakes.iter().map(mistake_text).collect();
        Failure::usage(format!("the configuration of the cluster is invalid: {}", texts.join("; ")))
    })
}

/// Text of a mistake, with the names of flags instead of settings.
fn mistake_text(mistake: &ClusterAccessError) -> String {
    let text = mistake.to_string();
    text.replace("`config_path`", "`--kubeconfig`").replace("`config_context`", "`--context`")
}

fn origin(
    arguments: &CommonArguments,
    environment: &BTreeMap<String, String>,
    exists: &dyn Fn(&Path) -> bool,
) -> Option<ClusterOrigin> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(path) = &arguments.kubeconfig {
        return Some(ClusterOrigin::File(path.clone()));
    }
    if variable("KUBECONFIG").is_some() {
        return Some(ClusterOrigin::Variable);
    }
    // A context is part of a kubeconfig, so the pod's own cluster is not meant.
    let in_pod = variable("KUBERNETES_SERVICE_HOST").is_some() && exists(Path::new(POD_TOKEN));
    if in_pod && arguments.context.is_none() {
        return Some(ClusterOrigin::Pod);
    }
    let home = variable("HOME").map(|home| Path::new(home).join(".kube/config"));
    home.filter(|path| exists(path)).map(ClusterOrigin::File)
}

#[cfg(test)]
mod tests;
