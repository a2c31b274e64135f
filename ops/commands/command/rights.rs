//! `eod doctor rights`: rights of the caller that the reaper needs.

use eod_clients::kubernetes::ObjectRef;
use serde_json::{Value, json};

use crate::arguments::OutputFormat;
use crate::failure::{Failure, Outcome};
use crate::output::{document, print};
use crate::ports::OUTSIDE_KINDS;
use crate::session::{MANAGER, OpsSession};
use crate::table::TextTable;

/// Scope of a right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum RightScope {
    Cluster,
    Control,
    Default,
}

/// Rights of the reaper: scope, API group, resource and verbs.
const RIGHTS: [(RightScope, &str, &str, &[&str]); 8] = [
    (RightScope::Cluster, "", "namespaces", &["get", "list", "patch", "delete"]),
    (RightScope::Cluster, "apps", "deployments", &["list"]),
    (RightScope::Cluster, "argoproj.io", "applications", &["get", "list", "patch"]),
    (RightScope::Cluster, "authentication.k8s.io", "selfsubjectreviews", &["create"]),
    (RightScope::Cluster, "authorization.k8s.io", "selfsubjectaccessreviews", &["create"]),
    (RightScope::Control, "", "configmaps", &["get", "list", "create", "patch", "delete"]),
    (RightScope::Control, "coordination.k8s.io", "leases", &["get", "create", "update"]),
    (RightScope::Default, "", "events", &["create"]),
];

/// Verbs for the kinds of objects outside of the namespace, needed only if the cluster has the kind.
const OUTSIDE_VERBS: &[&str] = &["list", "delete"];

/// Runs the command.
pub(super) async fn run(session: &OpsSession, format: OutputFormat) -> Result<Outcome, Failure> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    let mut rights = RIGHTS.to_vec();
    for (group, plural) in OUTSIDE_KINDS {
        if session.kubernetes.find_kind(group, plural, &session.deadline).await?.is_some() {
            rights.push((RightScope::Cluster, group, plural, OUTSIDE_VERBS));
        }
    }
    for (scope, group, resource, verbs) in rights {
        let namespace = scope.namespace(session);
        let mut denied = Vec::new();
        for verb in verbs {
            let allowed = is_allowed(session, namespace, group, resource, verb).await?;
            if !allowed {
                denied.push(*verb);
            }
            rows.push(json!({
                "namespace": namespace, "group": group, "resource": resource, "verb": verb, "allowed": allowed,
            }));
        }
        if !denied.is_empty() {
            missing.push((scope, group, resource, denied));
        }
    }
    let now = session.now()?;
    let text = match format {
        OutputFormat::Json => {
            let missing = missing.iter().map(|(scope, group, resource, denied)| {
                json!({ "role": scope.place(session), "rule": rule(group, resource, denied) })
            });
            let missing: Vec<Value> = missing.collect();
            document(now, &session.settings.installation, json!({ "rights": rows, "missing": missing }))
        }
        OutputFormat::Table if missing.is_empty() => "All rights of the reaper are granted.\n".to_owned(),
        OutputFormat::Table => {
            let mut table = TextTable::new(&["WHERE", "MISSING", "RULE TO ADD"]);
            for (scope, group, resource, denied) in &missing {
                let name = if group.is_empty() { (*resource).to_owned() } else { format!("{resource}.{group}") };
                table.row(vec![
                    scope.place(session),
                    format!("{} {name}", denied.join(",")),
                    rule(group, resource, denied),
                ]);
            }
            table.text()
        }
    };
    print(&text)?;
    Ok(if missing.is_empty() { Outcome::Done } else { Outcome::Found })
}

impl RightScope {
    fn namespace(self, session: &OpsSession) -> Option<&str> {
        match self {
            Self::Cluster => None,
            Self::Control => Some(session.settings.control_namespace.as_str()),
            Self::Default => Some("default"),
        }
    }

    fn place(self, session: &OpsSession) -> String {
        match self.namespace(session) {
            None => "ClusterRole".to_owned(),
            Some(namespace) => format!("Role in {namespace}"),
        }
    }
}

/// Rule of a role that grants these verbs, as a line of YAML.
fn rule(group: &str, resource: &str, verbs: &[&str]) -> String {
    format!("- {{ apiGroups: [\"{group}\"], resources: [{resource}], verbs: [{}] }}", verbs.join(", "))
}

async fn is_allowed(
    session: &OpsSession,
    namespace: Option<&str>,
    group: &str,
    resource: &str,
    verb: &str,
) -> Result<bool, Failure> {
    let review = ObjectRef {
        api_version: "authorization.k8s.io/v1".into(),
        plural: "selfsubjectaccessreviews".into(),
        kind: "SelfSubjectAccessReview".into(),
        namespace: None,
        name: String::new(),
    };
    let attributes = json!({ "namespace": namespace, "group": group, "resource": resource, "verb": verb });
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    let answer = session.kubernetes.create(&review, &body, MANAGER, &session.deadline).await?;
    Ok(answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false))
}

#[cfg(test)]
mod tests;
