//! Server-side apply of the objects of an environment.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::{ApplyOptions, Kubernetes, ObjectRef, Preconditions, Rejection};
use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::{Environment, Nonce, Object, drift};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tfplugin::Diags;

use super::claim::{ClaimError, TRIES, seen_again};
use super::live;
use super::model::Private;
use super::query;
use crate::explain;
use crate::provider::Context;

/// The field manager of everything that is applied.
pub(super) const MANAGER: &str = "eod-provider";

/// The namespace of an environment, as the target of writes.
pub(super) struct NamespaceTarget<'a> {
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) environment: &'a Environment,
    pub(super) force_conflicts: bool,
    pub(super) call: &'a Deadline,
}

impl NamespaceTarget<'_> {
    /// Fingerprints of the objects in the namespace that an earlier run has left.
    pub(super) async fn fingerprints_of_existing(&self, cx: &Context) -> Result<BTreeMap<String, String>, Diags> {
        let reader = cx.reader()?;
        let found =
            reader.read(self.environment.name.as_str(), self.call).await.map_err(|error| explain::remote(&error))?;
        let keys = live::our_keys(&self.environment.namespace_labels());
        Ok(found.map(|found| live::fingerprints(&found, &keys)).unwrap_or_default())
    }

    /// Applies the namespace if it still has this uid and resource version. `None` if it does not: then nothing was
    /// changed. EoD's own fields are forced; the user's labels and annotations only with `force_conflicts`.
    ///
    /// # Errors
    /// The call failed, or other field managers own labels or annotations of the user.
    pub(super) async fn namespace_as_seen(
        &self,
        wanted: &Object,
        uid: &str,
        version: &str,
    ) -> Result<Option<Value>, Error> {
        let mut content = wanted.content.clone();
        if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("uid".to_owned(), json!(uid));
            metadata.insert("resourceVersion".to_owned(), json!(version));
        }
        let refused = match self.apply_namespace(&content, self.force_conflicts).await {
            Ok(namespace) => return Ok(Some(namespace)),
            Err(error) => error,
        };
        let conflicts = Rejection::conflicts_of(&refused);
        if conflicts.is_empty() {
            return if refused.kind == ErrorKind::Conflict { Ok(None) } else { Err(refused) };
        }
        let spec = &self.environment.spec;
        let users: BTreeSet<String> = (spec.labels.as_map().keys().map(|key| format!(".metadata.labels.{key}")))
            .chain(spec.annotations.as_map().keys().map(|key| format!(".metadata.annotations.{key}")))
            .collect();
        if conflicts.iter().any(|conflict| users.contains(&conflict.field)) {
            return Err(refused);
        }
        match self.apply_namespace(&content, true).await {
            Ok(namespace) => Ok(Some(namespace)),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Applies the namespace that has this claim. If another client has changed it since the last read, it is read
    /// again first.
    ///
    /// # Errors
    /// The call failed, the namespace is gone, or another state has claimed it.
    pub(super) async fn claimed_namespace(
        &self,
        wanted: &Object,
        seen: &Value,
        claim: &Nonce,
    ) -> Result<Value, ClaimError> {
        let mut seen = seen.clone();
        let mut tries = 0;
        loop {
            let (Some(uid), Some(version)) = (live::uid(&seen), live::version(&seen)) else {
                return Err(ClaimError::Gone);
            };
            tries += 1;
            match self.namespace_as_seen(wanted, uid, version).await? {
                Some(namespace) => return Ok(namespace),
                None if tries == TRIES => return Err(ClaimError::Unsteady),
                None => {}
            }
            seen = seen_again(self.kubernetes, self.environment, &seen, claim, self.call).await?;
        }
    }

    async fn apply_namespace(&self, content: &Value, force: bool) -> Result<Value, Error> {
        let reference = ObjectRef::namespace(self.environment.name.as_str());
        self.kubernetes.apply(&reference, content, ApplyOptions { manager: MANAGER, force }, self.call).await
    }

    /// Applies those objects inside the namespace that differ from `before`, and deletes those that are no longer
    /// needed.
    pub(super) async fn contents(&self, wanted: &[Object], before: &Private) -> Result<Private, Diags> {
        let keys = live::our_keys(&self.environment.namespace_labels());
        let prints = live::wanted(wanted, &keys);
        let stale = |object: &&Object| {
            let key = object.key();
            before.wanted.get(&key) != prints.get(&key) || !before.live.contains_key(&key)
        };
        let applied = wanted.iter().filter(stale).map(|object| self.object(object, &keys));
        let applied = try_join_all(applied).await.map_err(|error| explain::remote(&error))?;
        let unwanted: Vec<_> = before.live.keys().filter(|key| !prints.contains_key(*key)).collect();
        try_join_all(unwanted.iter().map(|key| self.remove(key))).await.map_err(|error| explain::remote(&error))?;
        let mut live = before.live.clone();
        live.retain(|key, _| prints.contains_key(key));
        live.extend(applied);
        Ok(Private { live, wanted: prints, ..Private::default() })
    }

    /// Applies one object inside the namespace and returns its key and fingerprint.
    async fn object(&self, object: &Object, keys: &BTreeSet<String>) -> Result<(String, String), Error> {
        let reference = query::object_ref(self.environment.name.as_str(), object.kind, &object.name);
        let options = ApplyOptions { manager: MANAGER, force: true };
        let mut applied = self.kubernetes.apply(&reference, &object.content, options, self.call).await?;
        if drift::has_surplus(&applied, &object.content) {
            let only_this = Preconditions { uid: live::uid(&applied).map(str::to_owned), resource_version: None };
            self.kubernetes.delete(&reference, &only_this, self.call).await?;
            applied = self.kubernetes.apply(&reference, &object.content, options, self.call).await?;
        }
        Ok((object.key(), drift::fingerprint(&applied, keys)))
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        if let Some(reference) = live::recorded_ref(self.environment.name.as_str(), key) {
            self.kubernetes.delete(&reference, &Preconditions::default(), self.call).await?;
        }
        Ok(())
    }
}
