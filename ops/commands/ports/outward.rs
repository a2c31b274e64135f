//! Receivers of events: Events of the cluster and the log.

use eod_clients::kubernetes::KindRef;
use eod_reaper::ports::{CallError, Notification, NotificationKind, OutwardPort};
use serde_json::json;

use super::call::call_error;
use super::call_deadline;
use crate::session::{MANAGER, OpsSession};

/// Namespace of the Events: the API server takes Events about namespaces only there.
const EVENTS_NAMESPACE: &str = "default";

/// Receivers of a session.
pub(crate) struct OpsOutward<'a>(pub(super) &'a OpsSession);

impl OutwardPort for OpsOutward<'_> {
    async fn notify(&self, event: &Notification) -> Result<(), CallError> {
        let Self(session) = self;
        let Notification { kind, at, environment, generation, detail, .. } = event;
        tracing::info!(target: "eod", %kind, %environment, generation, detail, "notified");
        let is_warning = matches!(
            kind,
            NotificationKind::Failed
                | NotificationKind::Expiring
                | NotificationKind::AwaitingApproval
                | NotificationKind::Blocked
        );
        let api = KindRef { api_version: "v1".into(), plural: "events".into(), kind: "Event".into() };
        // Equal for a repeated delivery, so that the API server refuses it as existing.
        let object = api.object(Some(EVENTS_NAMESPACE), &format!("eod.{}", event.id()));
        let body = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": { "name": &object.name, "namespace": EVENTS_NAMESPACE },
            "involvedObject": { "apiVersion": "v1", "kind": "Namespace", "name": environment },
            "type": if is_warning { "Warning" } else { "Normal" },
            "reason": reason(*kind),
            "message": detail,
            "source": { "component": "eod-reaper" },
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        });
        match session.kubernetes.create(&object, &body, MANAGER, &call_deadline(session)?).await {
            Err(error) if error.kind != eod_clients::ErrorKind::AlreadyExists => Err(call_error(&error)),
            _ => Ok(()),
        }
    }
}

/// Reason of an Event: a word in camel case, as Kubernetes has it.
fn reason(kind: NotificationKind) -> String {
    let words = kind.to_string();
    let capital = |word: &str| {
        let mut characters = word.chars();
        characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
    };
    words.split('-').map(capital).collect()
}
