//! Advice about Kubernetes: settings of the cluster, failed requests, and namespaces that are not deleted.

use eod_clients::Error;
use eod_clients::kubernetes::{
    Blockers, ClusterAccessError, ClusterConnectError, ExecError, KubeconfigError, Rejection,
};
use tfplugin::Diag;

use super::capitalised;

/// Text of the API server about a role that has more rights than the credentials.
const GRANTS_MORE: &str = "attempting to grant RBAC permissions not currently held";

const BIND: &str = "give the credentials the verb `bind` on the ClusterRole that `access` names (resource `clusterroles` of \
    `rbac.authorization.k8s.io`), and `bind` and `escalate` on `roles` for the role `owner`";

/// The diagnostic of a server-side apply that conflicts with other field managers. `None` for any other error.
pub(super) fn field_conflict(error: &Error) -> Option<Diag> {
    let conflicts = Rejection::conflicts_of(error);
    if conflicts.is_empty() {
        return None;
    }
    let fields: Vec<_> =
        conflicts.iter().map(|conflict| format!("`{}` belongs to `{}`", conflict.field, conflict.manager)).collect();
    let diag = Diag::error("Another manager owns a field")
        .detail(format!("{} could not be applied: {}.", capitalised(&error.target), fields.join(", ")))
        .hint("remove the key from `labels` or `annotations`, or set `force_conflicts = true` to take it over");
    Some(diag)
}

pub(super) fn hint(error: &Error) -> Option<String> {
    if Rejection::of(error).is_some_and(|rejection| rejection.message.contains(GRANTS_MORE)) {
        return Some(BIND.to_owned());
    }
    let hint = match ClusterConnectError::of(error)? {
        ClusterConnectError::NothingConfigured => {
            "set `kubernetes` in the provider block (`config_path` with `config_context`, `host`, or `in_cluster`), or \
             KUBE_CONFIG_PATH, KUBECONFIG or KUBE_HOST in the environment"
        }
        ClusterConnectError::Kubeconfig(error) => kubeconfig(error)?,
        ClusterConnectError::Exec(error) => exec(error)?,
        ClusterConnectError::TokenFile { .. } => "check `token_path`, and that the file can be read",
        ClusterConnectError::BadToken => "check that the file or variable contains exactly one token",
        ClusterConnectError::Proxy => "set `proxy_url`, HTTPS_PROXY or HTTP_PROXY to an `http://` or `https://` URL",
        ClusterConnectError::Tls { .. } => "check that the certificates and the key are PEM and belong together",
        ClusterConnectError::Interrupted(_) => return None,
    };
    Some(hint.to_owned())
}

fn kubeconfig(error: &KubeconfigError) -> Option<&'static str> {
    match error {
        KubeconfigError::Missing { .. } => Some("check `config_path`, KUBE_CONFIG_PATH or KUBECONFIG"),
        KubeconfigError::NoContext { .. } => Some("set `config_context` or KUBE_CTX"),
        KubeconfigError::Unknown { what, .. } if what == "context" => Some("check `config_context` or KUBE_CTX"),
        KubeconfigError::AuthProvider { .. } => Some("use an exec plugin in the kubeconfig"),
        KubeconfigError::Unknown { .. }
        | KubeconfigError::Unreadable { .. }
        | KubeconfigError::Malformed { .. }
        | KubeconfigError::BadServer { .. }
        | KubeconfigError::BadData { .. }
        | KubeconfigError::Exec { .. } => Some("correct the kubeconfig"),
    }
}

fn exec(error: &ExecError) -> Option<&'static str> {
    match error {
        ExecError::Missing { .. } => Some("install it, or add its folder to PATH"),
        ExecError::Start { .. } => Some("check that the program can be executed"),
        ExecError::Failed { .. } => {
            Some("run it in a terminal to see the reason, or renew the credentials (for example log in again)")
        }
        ExecError::Slow { .. } => {
            Some("log in before the run: the plugin runs without a terminal and cannot read input")
        }
        ExecError::Output { .. } => Some("check the command and its arguments in a terminal"),
        ExecError::Interrupted(_) => None,
    }
}

/// Advice about a mistake in the argument `kubernetes` or in the environment variables that replace it.
pub(crate) fn access(error: &ClusterAccessError) -> Option<&'static str> {
    match error {
        ClusterAccessError::Exclusive { .. } => Some("keep one of the two"),
        ClusterAccessError::NotPem { .. } => Some("a kubeconfig has it in base64: use `base64decode()`"),
        ClusterAccessError::NoHome { .. } => Some("write the whole path"),
        ClusterAccessError::NoCluster => Some("set `config_path`, `host` or `in_cluster`"),
        ClusterAccessError::NotInCluster => Some("remove `in_cluster` outside of a pod"),
        ClusterAccessError::Incomplete { .. }
        | ClusterAccessError::BadUrl { .. }
        | ClusterAccessError::ExecVersion { .. }
        | ClusterAccessError::ExecCommand => None,
    }
}

/// Advice about a namespace that is not deleted, most probable cause first. Empty if no cause is known.
pub(crate) fn blockers(blockers: &Blockers) -> Vec<String> {
    let namespace = &blockers.namespace;
    let mut advice: Vec<String> = blockers.discovery.iter().map(|api| unavailable_api(api)).collect();
    advice.extend(blockers.finalizers.iter().map(|(finalizer, _)| finalizer_advice(finalizer)));
    let own = blockers.metadata_finalizers.iter().chain(&blockers.spec_finalizers);
    advice.extend(own.map(|finalizer| finalizer_advice(finalizer)));
    let patch = "--type=merge -p '{\"metadata\":{\"finalizers\":null}}'";
    let only_if = "only if no controller will ever finish the clean-up, which may then leave resources behind";
    if let Some(object) = blockers.objects.iter().find(|object| !object.finalizers.is_empty()) {
        let (kind, name) = (object.kind.to_lowercase(), &object.name);
        advice.push(format!(
            "{only_if}, remove the finalizers by hand: `kubectl patch -n {namespace} {kind} {name} {patch}`"
        ));
    }
    if !blockers.metadata_finalizers.is_empty() {
        advice.push(format!("{only_if}, remove the finalizers by hand: `kubectl patch namespace {namespace} {patch}`"));
    }
    if !blockers.spec_finalizers.is_empty() {
        // Only the subresource `finalize` changes `spec.finalizers`.
        advice.push(format!(
            "{only_if}, remove `spec.finalizers` by hand: `kubectl get namespace {namespace} -o json | jq \
             '.spec.finalizers = []' | kubectl replace --raw /api/v1/namespaces/{namespace}/finalize -f -`"
        ));
    }
    advice
}

/// `v1beta1.metrics.k8s.io (MissingEndpoints: ...)` is an APIService, `metrics.k8s.io/v1beta1` is a group version.
fn unavailable_api(api: &str) -> String {
    let name = api.split(' ').next().unwrap_or(api);
    let service = match name.split_once('/') {
        None => name.to_owned(),
        Some((group, version)) => format!("{version}.{group}"),
    };
    format!(
        "restore the server of APIService `{service}`, or, if it is not used any more, run `kubectl delete apiservice \
         {service}`"
    )
}

fn finalizer_advice(finalizer: &str) -> String {
    match finalizer {
        "kubernetes.io/pvc-protection" => {
            "`kubernetes.io/pvc-protection` waits for the pods that mount the volume: delete those pods".to_owned()
        }
        "service.kubernetes.io/load-balancer-cleanup" => "`service.kubernetes.io/load-balancer-cleanup` waits for the \
            cloud controller to remove the load balancer: check that it runs and has its permissions"
            .to_owned(),
        "resources-finalizer.argocd.argoproj.io" => "`resources-finalizer.argocd.argoproj.io` waits for Argo CD to \
            prune the objects of the Application: check that Argo CD runs and that the project still exists"
            .to_owned(),
        "foregroundDeletion" => {
            "`foregroundDeletion` waits for the objects that the object owns: check those".to_owned()
        }
        _ => format!("check that the controller that owns the finalizer `{finalizer}` runs"),
    }
}

#[cfg(test)]
mod tests;
