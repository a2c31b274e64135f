//! Lease of the installation.

use eod_clients::kubernetes::{KindRef, ObjectRef};
use eod_reaper::ports::{CallError, LeasePort, LeaseRecord, ObjectVersion, StoredLease};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::call::{call_error, version};
use super::last_deadline;
use crate::session::{MANAGER, OpsSession};

/// Lease of a session's installation, in the control namespace.
pub(crate) struct OpsLease<'a>(pub(super) &'a OpsSession);

impl OpsLease<'_> {
    fn object(&self) -> ObjectRef {
        let kind =
            KindRef { api_version: "coordination.k8s.io/v1".into(), plural: "leases".into(), kind: "Lease".into() };
        let settings = &self.0.settings;
        kind.object(Some(settings.control_namespace.as_str()), &format!("eod-reaper-{}", settings.installation))
    }
}

impl LeasePort for OpsLease<'_> {
    async fn read(&self) -> Result<Option<StoredLease>, CallError> {
        let Self(session) = self;
        let found = session.kubernetes.get(&self.object(), &last_deadline(session)).await;
        Ok(found.map_err(|error| call_error(&error))?.map(|object| stored(&object)))
    }

    async fn write(
        &self,
        version_read: Option<&ObjectVersion>,
        record: &LeaseRecord,
    ) -> Result<StoredLease, CallError> {
        let Self(session) = self;
        let object = self.object();
        let metadata = json!({
            "name": &object.name,
            "namespace": &object.namespace,
            "uid": version_read.map(|version| version.uid.as_str()),
            "resourceVersion": version_read.map(|version| version.resource_version.as_str()),
        });
        let body = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec(record),
        });
        let deadline = last_deadline(session);
        let written = match version_read {
            None => session.ledgers.create_object(&object, &body, &deadline).await,
            Some(_) => session.kubernetes.replace(&object, &body, MANAGER, &deadline).await,
        };
        written.map(|object| stored(&object)).map_err(|error| call_error(&error))
    }
}

fn spec(record: &LeaseRecord) -> Value {
    json!({
        "holderIdentity": record.holder,
        "leaseDurationSeconds": record.duration.as_secs().max(1),
        // Kubernetes has times with exactly six digits here.
        "renewTime": format!("{:.6}", record.renewed_at),
        "leaseTransitions": record.transitions,
    })
}

/// A lease that was written by hand may miss any field.
fn stored(object: &Value) -> StoredLease {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let record = LeaseRecord {
        holder: Some(text("/spec/holderIdentity")).filter(|holder| !holder.is_empty()).map(ToOwned::to_owned),
        renewed_at: text("/spec/renewTime").parse().unwrap_or(Timestamp::UNIX_EPOCH),
        duration: SignedDuration::from_secs(number("/spec/leaseDurationSeconds").max(1)),
        transitions: u64::try_from(number("/spec/leaseTransitions")).unwrap_or_default(),
    };
    StoredLease { version: version(object), record }
}
