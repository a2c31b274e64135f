//! Carrying out what was decided: server-side apply of the objects of an environment.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::{ApplyOptions, Kubernetes, ObjectRef, Preconditions, Rejection};
use eod_clients::{Deadline, Error};
use eod_domain::{Environment, Object, drift};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tfplugin::Diags;

use super::live;
use super::model::Private;
use crate::explain;
use crate::provider::Context;

/// The field manager of everything that is applied.
pub(super) const MANAGER: &str = "eod-provider";

/// A namespace that is ours.
pub(super) struct Target<'a> {
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) environment: &'a Environment,
    pub(super) force_conflicts: bool,
    pub(super) call: &'a Deadline,
}

impl Target<'_> {
    /// The fingerprints of what is in the namespace, for one that an earlier run has left.
    pub(super) async fn existing(&self, cx: &Context) -> Result<BTreeMap<String, String>, Diags> {
        let reader = cx.reader()?;
        let found =
            reader.read(self.environment.name.as_str(), self.call).await.map_err(|error| explain::remote(&error))?;
        let keys = live::our_keys(&self.environment.namespace_labels());
        Ok(found.map(|found| live::fingerprints(&found, &keys)).unwrap_or_default())
    }

    /// Applies the namespace, if it is this very one and nobody has changed it since it had this version. `None` if
    /// that is not so: then nothing was changed.
    pub(super) async fn namespace_as_seen(
        &self,
        wanted: &Object,
        uid: &str,
        version: &str,
    ) -> Result<Option<Value>, Diags> {
        match self.namespace_if(wanted, &json!({ "uid": uid, "resourceVersion": version })).await {
            Ok(namespace) => Ok(Some(namespace)),
            Err(error) if error.kind == eod_clients::ErrorKind::Conflict => Ok(None),
            Err(error) => Err(explain::remote(&error).into()),
        }
    }

    /// Applies the namespace, if it is this very one.
    pub(super) async fn namespace(&self, wanted: &Object, uid: &str) -> Result<Value, Diags> {
        self.namespace_if(wanted, &json!({ "uid": uid })).await.map_err(|error| explain::remote(&error).into())
    }

    /// Applies the namespace, if its metadata hold this. Our own fields are forced; the user's labels and annotations
    /// only where the user says so.
    async fn namespace_if(&self, wanted: &Object, metadata: &Value) -> Result<Value, Error> {
        let mut content = wanted.content.clone();
        if let (Some(all), Some(required)) =
            (content.get_mut("metadata").and_then(Value::as_object_mut), metadata.as_object())
        {
            all.extend(required.clone());
        }
        let reference = ObjectRef::namespace(self.environment.name.as_str());
        let options = |force| ApplyOptions { manager: MANAGER, force };
        let refused = match self.kubernetes.apply(&reference, &content, options(self.force_conflicts), self.call).await
        {
            Ok(namespace) => return Ok(namespace),
            Err(error) => error,
        };
        let spec = &self.environment.spec;
        let users: BTreeSet<String> = (spec.labels.as_map().keys().map(|key| format!(".metadata.labels.{key}")))
            .chain(spec.annotations.as_map().keys().map(|key| format!(".metadata.annotations.{key}")))
            .collect();
        let conflicts = Rejection::conflicts_of(&refused);
        if conflicts.is_empty() || conflicts.iter().any(|conflict| users.contains(&conflict.field)) {
            return Err(refused);
        }
        self.kubernetes.apply(&reference, &content, options(true), self.call).await
    }

    /// Applies those objects inside of the namespace that `before` does not know as they are wanted now, and takes away
    /// those that are no longer wanted.
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

    /// Applies one object inside the namespace and answers its key and fingerprint.
    async fn object(&self, object: &Object, keys: &BTreeSet<String>) -> Result<(String, String), Error> {
        let reference = live::object_ref(self.environment.name.as_str(), object.kind, &object.name);
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
