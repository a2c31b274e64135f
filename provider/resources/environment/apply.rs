//! Carrying out what was decided: server-side apply of the objects of an environment.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::{ApplyOptions, Kubernetes, Preconditions};
use eod_clients::{Call as Remote, Error};
use eod_domain::{Environment, Kind, Object, drift};
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
    /// The namespace's uid, a precondition of every write to it.
    pub(super) uid: &'a str,
    pub(super) force_conflicts: bool,
    pub(super) call: &'a Remote,
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

    /// Applies every object and takes away those of `recorded` that are no longer wanted.
    pub(super) async fn everything(
        &self,
        wanted: &[Object],
        recorded: &BTreeMap<String, String>,
    ) -> Result<Private, Diags> {
        let unchanged = Private { live: recorded.clone(), ..Private::default() };
        self.changed(wanted, &unchanged).await
    }

    /// Applies the namespace and the objects that `before` does not know as they are wanted now.
    pub(super) async fn changed(&self, wanted: &[Object], before: &Private) -> Result<Private, Diags> {
        let keys = live::our_keys(&self.environment.namespace_labels());
        let prints = live::wanted(wanted, &keys);
        for object in wanted.iter().filter(|object| object.kind == Kind::Namespace) {
            self.namespace(object).await?;
        }
        let stale = |object: &&Object| {
            let key = object.key();
            object.kind != Kind::Namespace
                && (before.wanted.get(&key) != prints.get(&key) || !before.live.contains_key(&key))
        };
        let applied = wanted.iter().filter(stale).map(|object| self.object(object, &keys));
        let applied = try_join_all(applied).await.map_err(|error| explain::remote(&error))?;
        let unwanted: Vec<_> = before.live.keys().filter(|key| !prints.contains_key(*key)).collect();
        try_join_all(unwanted.iter().map(|key| self.remove(key))).await.map_err(|error| explain::remote(&error))?;
        let mut live = before.live.clone();
        live.retain(|key, _| prints.contains_key(key));
        live.extend(applied);
        Ok(Private { nonce: before.nonce.clone(), live, wanted: prints, ..Private::default() })
    }

    /// Applies the namespace. Our own fields are forced; the user's labels and annotations only where the user says so.
    async fn namespace(&self, object: &Object) -> Result<Value, Diags> {
        let mut content = object.content.clone();
        if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("uid".to_owned(), json!(self.uid));
        }
        let reference = live::object_ref(object.name.as_str(), object.kind, &object.name);
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
        let conflicts = refused.conflicts();
        if conflicts.is_empty() || conflicts.iter().any(|conflict| users.contains(&conflict.field)) {
            return Err(explain::remote(&refused).into());
        }
        self.kubernetes
            .apply(&reference, &content, options(true), self.call)
            .await
            .map_err(|error| explain::remote(&error).into())
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
