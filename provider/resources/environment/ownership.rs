//! Comparison of a namespace with the one in a state.

use eod_domain::{NamespaceFacts, Ownership, Remembered};
use serde_json::Value;
use tfplugin::State;

use super::{EnvironmentResource, arguments, live};
use crate::provider::Context;

/// The namespace of a state.
pub(super) fn remembered(prior: &State<EnvironmentResource>) -> Remembered {
    let uid = prior.output.as_ref().map(|output| &output.uid).or(prior.private.unmarked_uid.as_ref());
    Remembered { uid: uid.cloned(), claims: prior.private.claims(), identity: arguments::identity(&prior.input) }
}

/// Compares a namespace with the one in the state, and checks its ownership labels.
pub(super) fn ownership(cx: &Context, remembered: &Remembered, namespace: &Value) -> Ownership {
    let ours = cx.installation.clone().known();
    eod_domain::ownership(&NamespaceFacts::read(namespace), remembered, ours.as_ref())
}

/// The resource version of a namespace that is ours and not being deleted. A write with this version needs no read
/// before.
pub(super) fn version_of_ours(cx: &Context, remembered: &Remembered, namespace: &Value) -> Option<String> {
    let is_ours = ownership(cx, remembered, namespace) == Ownership::Ours && !live::is_terminating(namespace);
    live::version(namespace).filter(|_| is_ours).map(str::to_owned)
}

/// Name of the provider's installation, for messages.
pub(super) fn installation_name(cx: &Context) -> String {
    cx.known_settings().installation.to_string()
}
