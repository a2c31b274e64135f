//! Whether a namespace is the one that a state speaks of.

use eod_domain::{NamespaceFacts, Ownership, Remembered};
use serde_json::Value;
use tfplugin::{Diag, State};

use super::EnvironmentResource;
use super::arguments;
use super::live;
use crate::provider::Context;

/// What a state remembers of its namespace.
pub(super) fn remembered(prior: &State<EnvironmentResource>) -> Remembered {
    let uid = prior.output.as_ref().map(|output| &output.uid).or(prior.private.unmarked_uid.as_ref());
    Remembered { uid: uid.cloned(), nonce: prior.private.nonce.clone(), identity: arguments::identity(&prior.input) }
}

/// Whether a namespace is the one that is remembered, and ours.
pub(super) fn ownership(cx: &Context, remembered: &Remembered, namespace: &Value) -> Ownership {
    let ours = cx.installation.clone().known();
    eod_domain::ownership(&NamespaceFacts::read(namespace), remembered, ours.as_ref())
}

/// The version of a namespace in which it is ours and stays: whoever writes to this version needs no look before.
pub(super) fn version_of_ours(cx: &Context, remembered: &Remembered, namespace: &Value) -> Option<String> {
    let is_ours = ownership(cx, remembered, namespace) == Ownership::Ours && !live::is_terminating(namespace);
    live::version(namespace).filter(|_| is_ours).map(str::to_owned)
}

/// The refusal of a namespace that says it belongs to another installation.
pub(super) fn belongs_to(cx: &Context, namespace: &Value, theirs: &str) -> Diag {
    let name = live::name(namespace);
    let ours = cx.known_settings().installation;
    Diag::error("The namespace belongs to another installation")
        .detail(format!("Namespace `{name}` says that it belongs to installation `{theirs}`; this one is `{ours}`. It is not touched."))
        .hint("set the provider's `installation` to the one that owns the environment, or take the resource out of this state")
}
