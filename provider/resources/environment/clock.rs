//! Writing the clock: a merge patch under a manager of its own, because other tools write it too.

use eod_clients::kubernetes::{Kubernetes, ObjectRef};
use eod_clients::{Deadline, Error};
use eod_domain::{Clock, labels};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The field manager of the clock annotations. They are never in the applied set.
const MANAGER: &str = "eod-clock";

/// Writes the clock, and `/provisioned-at` where it is given: the last write of a create. Answers the namespace.
pub(super) async fn write(
    kubernetes: &Kubernetes,
    namespace: &str,
    uid: &str,
    clock: Clock,
    provisioned_at: Option<Timestamp>,
    call: &Deadline,
) -> Result<Value, Error> {
    let mut annotations = Map::new();
    annotations.insert(labels::LAST_ACTIVITY_AT.to_owned(), json!(clock.last_activity_at.to_string()));
    // Null takes an end away that is no longer wanted.
    annotations.insert(labels::EXPIRES_AT.to_owned(), json!(clock.expires_at.map(|end| end.to_string())));
    if let Some(time) = provisioned_at {
        annotations.insert(labels::PROVISIONED_AT.to_owned(), json!(time.to_string()));
    }
    // The uid is a precondition: a namespace of the same name that was made since is not ours.
    let patch = json!({ "metadata": { "uid": uid, "annotations": annotations } });
    kubernetes.merge_patch(&ObjectRef::namespace(namespace), &patch, MANAGER, call).await
}

/// The time in whole seconds, as every annotation has it.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
