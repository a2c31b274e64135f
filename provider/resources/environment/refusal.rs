//! Errors and warnings about namespaces that this configuration does not own, or no longer owns.

use eod_domain::{ClaimCheck, Environment, EnvironmentReading, Expiry, labels};
use serde_json::Value;
use tfplugin::Diag;

use super::live;
use super::model::Input;

/// The error for a namespace that is not available to a create.
pub(super) fn unavailable_error(environment: &Environment, check: &ClaimCheck, namespace: &Value) -> Diag {
    let name = &environment.name;
    match check {
        ClaimCheck::Finished => Diag::error("The environment exists already")
            .detail(format!(
                "Environment `{name}` was created for {}, and two environments of one identity cannot exist at once.\n\n\
                 If this resource has `create_before_destroy = true`, or a resource that depends on it has, Terraform creates the \
                 replacement before it destroys the old environment. This cannot work: remove `create_before_destroy`.\n\n\
                 If the environment is not in this state, import it to manage it here:\n\n\
                 import {{\n  to = eod_environment.<name>\n  id = \"{name}\"\n}}",
                environment.identity
            ))
            .hint(
                "remove `create_before_destroy`; if there is none, add the import block, or set `adopt = true` to take the \
                 environment over from any other state in this apply",
            ),
        ClaimCheck::OtherIdentity { theirs } => other_identity_error(environment, theirs),
        ClaimCheck::OtherInstallation { theirs } => Diag::error("The namespace belongs to another installation")
            .detail(format!(
                "Namespace `{name}` was created by EoD installation `{theirs}`; this one is `{}`. An installation never changes \
                 namespaces of another one.",
                environment.installation
            ))
            .hint("give this environment another `name` or `name_template`, or use the other installation")
            .at(Input::NAME),
        _ => {
            let manager = live::label(namespace, labels::MANAGED_BY);
            let manager = manager.map(|by| format!(" (it is managed by `{by}`)")).unwrap_or_default();
            Diag::error("The namespace was not created by EoD")
                .detail(format!(
                    "Namespace `{name}` exists and does not have the ownership labels of EoD{manager}. It was not changed."
                ))
                .hint("give this environment another `name`, or delete the namespace if it is not needed")
                .at(Input::NAME)
        }
    }
}

/// The error for a name that belongs to another pull request, branch or name.
pub(super) fn other_identity_error(environment: &Environment, theirs: &str) -> Diag {
    let name = &environment.name;
    Diag::error("The name belongs to another environment")
        .detail(format!(
            "Environment `{name}` belongs to {theirs}; this one is for {}. A name is never shared.",
            environment.identity
        ))
        .hint("set `name_template = \"{owner}-{repo}-pr-{number}\"` in the provider block, or give this environment a `name`")
        .at(Input::NAME)
}

/// The error for a namespace of another installation.
pub(super) fn other_installation_error(name: &str, theirs: &str, ours: &str) -> Diag {
    Diag::error("The namespace belongs to another installation")
        .detail(format!(
            "Namespace `{name}` has the ownership labels of installation `{theirs}`; this one is `{ours}`. It was not changed."
        ))
        .hint("set the provider's `installation` to the one that owns the environment, or remove the resource from this state")
}

/// The error for a write to a namespace that another state has claimed in the meantime.
pub(super) fn superseded_error(name: &str) -> Diag {
    Diag::error("Another state has taken over the environment")
        .detail(format!(
            "Namespace `{name}` has a newer claim (annotation `{}`) than this run: another run with a separate state has \
             adopted the environment, imported and changed it, or continued its unfinished create. That state owns it now.",
            labels::NONCE
        ))
        .hint(
            "manage the environment in one configuration only: remove the resource from this one, or set `adopt = true` here \
             and remove it from the other",
        )
}

/// The warning of a refresh that finds a newer claim.
pub(super) fn no_longer_managed_warning(name: &str) -> Diag {
    Diag::warning("Another state has taken over the environment").detail(format!(
        "Namespace `{name}` has a newer claim (annotation `{}`) than this state: it was adopted, or imported and changed, by \
         another state or by the replacement of this object. It was not changed, and this state no longer manages it.",
        labels::NONCE
    ))
}

/// The warning of a destroy that finds a newer claim.
pub(super) fn not_deleted_warning(name: &str) -> Diag {
    Diag::warning(format!("Namespace {name} was not deleted")).detail(format!(
        "Namespace `{name}` has a newer claim (annotation `{}`) than the destroyed object: it was adopted, or imported and \
         changed, by another state or by the replacement of this object. Only this state's record of it was removed.",
        labels::NONCE
    ))
}

/// The warning of a destroy that cannot find out if the namespace was taken over.
pub(super) fn unknown_claim_warning(name: &str) -> Diag {
    Diag::warning(format!("Namespace {name} was not deleted")).detail(format!(
        "This state has lost its claim to namespace `{name}` (a run was killed in an update, or the resource was moved here and \
         never applied), and the namespace has one: annotation `{}`. It may belong to another state now, so only this state's \
         record of it was removed. If the namespace is not used, delete it with `kubectl delete namespace {name}`.",
        labels::NONCE
    ))
}

/// The warning about a namespace that has the name of the one in the state, but another uid.
pub(super) fn other_namespace_warning(name: &str) -> Diag {
    Diag::warning(format!("Namespace {name} was not deleted")).detail(format!(
        "Namespace `{name}` was deleted and created again by others: its uid is not that of the state."
    ))
}

/// The warning of a refresh that finds a namespace of another owner.
pub(super) fn replaced_warning(name: &str) -> Diag {
    Diag::warning("The namespace of the environment was replaced").detail(format!(
        "Namespace `{name}` was deleted and created again by others: its uid is not that of the state. The new \
         namespace was not changed."
    ))
}

/// The warning of a refresh that finds the environment with another namespace than that of the state.
pub(super) fn created_again_warning(name: &str) -> Diag {
    Diag::warning("The environment was created again")
        .detail(format!(
            "Namespace `{name}` belongs to this environment, but its uid is not that of the state: another state, or an \
             interrupted run of this one, has created the environment again. The namespace was not changed, and the \
             environment leaves the state."
        ))
        .hint("to manage it here, import it, or set `adopt = true` and apply")
}

/// The error for a namespace that is gone or being deleted.
pub(super) fn gone_error(name: &str) -> Diag {
    Diag::error("The namespace is gone")
        .detail(format!("Namespace `{name}` was deleted, or is being deleted, while this run changed it."))
        .hint("plan again: the refresh reads the current state of the cluster")
}

/// The error for a namespace that others change faster than it can be written.
pub(super) fn unsteady_error(name: &str) -> Diag {
    Diag::error("The namespace is changed too often")
        .detail(format!(
            "After each read of namespace `{name}`, others changed or deleted it before it could be written."
        ))
        .hint(
            "find the client that changes it (`kubectl get namespace -o yaml --show-managed-fields`), then apply again",
        )
}

/// The warning for times on a namespace that cannot be read. None if they can.
pub(super) fn unreadable_times_warning(reading: &EnvironmentReading) -> Option<Diag> {
    let Expiry::Unreadable(error) = &reading.times.expiry else { return None };
    let name = &reading.name;
    Some(
        Diag::warning("The expiry of the environment cannot be read")
            .detail(format!(
                "Times on namespace `{name}` are invalid: {error}. The environment has no expiry until they are \
                 corrected, and EoD changes none of them."
            ))
            .hint(format!(
                "correct the annotations `{}` and `{}` of the namespace, or remove them with `kubectl annotate \
                 namespace {name} {}- {}-`: then the expiry is computed from the creation and the TTL",
                labels::EXPIRES_AT,
                labels::LAST_ACTIVITY_AT,
                labels::EXPIRES_AT,
                labels::LAST_ACTIVITY_AT
            )),
    )
}
