//! [`Draft`]: a plan while it is being made.

use std::collections::BTreeSet;

use crate::attr::Attr;
use crate::config::{Config, Object, typed};
use crate::model::{Field, Key};
use crate::path::Path;
use crate::schema::Schema;
use crate::value::Value;
use crate::values;

/// Why a plan has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// An argument of the resource is not known yet.
    ResourceConfigUnknown,
    /// An argument of the provider is not known yet.
    ProviderConfigUnknown,
    /// Something that the resource needs does not exist yet.
    AbsentPrerequisite,
}

/// A plan in the making: the configuration, what was, and what shall be.
pub struct Draft<'a, P> {
    pub(crate) schema: &'a Schema,
    pub(crate) config: &'a Object,
    pub(crate) prior: Option<&'a Object>,
    pub(crate) planned: Object,
    pub(crate) settled: BTreeSet<&'static str>,
    pub(crate) replaced: BTreeSet<Path>,
    pub(crate) in_place: BTreeSet<Path>,
    pub(crate) deferral: Option<Deferral>,
    /// What is kept beside the state: what was, and what shall be.
    pub private: P,
}

impl<P> Draft<'_, P> {
    /// Whether the object is to be made; otherwise it is to be changed in place, or not at all.
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// The configuration.
    pub fn configuration(&self) -> Config<'_> {
        Config::new(self.config)
    }

    /// What the user wrote.
    pub fn config<T: Field>(&self, key: Key<T>) -> Attr<T> {
        typed(self.config, key)
    }

    /// What was; null in a create.
    pub fn prior<T: Field>(&self, key: Key<T>) -> Attr<T> {
        self.prior.map_or(Attr::Null, |prior| typed(prior, key))
    }

    /// What shall be, so far.
    pub fn planned<T: Field>(&self, key: Key<T>) -> Attr<T> {
        typed(&self.planned, key)
    }

    /// Whether what shall be differs from what was. An unknown may differ, so it does.
    pub fn changed<T>(&self, key: Key<T>) -> bool {
        self.differs(key.name())
    }

    /// Says what a computed attribute shall be. What the user wrote stays as it was written.
    #[expect(clippy::needless_pass_by_value, reason = "callers build the value for this call")]
    pub fn set<T: Field>(&mut self, key: Key<T>, value: Attr<T>) {
        let Some(attribute) = self.schema.attributes.iter().find(|attribute| attribute.name == key.name()) else {
            return;
        };
        let config = self.config.get(attribute.name).unwrap_or(&Value::Null);
        let value = values::overlay(attribute, config, value.encode());
        let value = match self.prior.and_then(|prior| prior.get(attribute.name)) {
            Some(prior) => values::prefer(attribute, prior, value),
            None => value,
        };
        self.settled.insert(attribute.name);
        self.planned.insert(attribute.name.to_owned(), value);
    }

    /// A computed attribute stays what it was.
    pub fn keep<T>(&mut self, key: Key<T>) {
        if let Some(value) = self.prior.and_then(|prior| prior.get(key.name())) {
            self.settled.insert(key.name());
            self.planned.insert(key.name().to_owned(), value.clone());
        }
    }

    /// The object has to be replaced because of this attribute.
    pub fn replace<T>(&mut self, key: Key<T>) {
        self.replaced.insert(key.path());
    }

    /// The object need not be replaced because of this attribute, although its schema says so.
    pub fn in_place<T>(&mut self, key: Key<T>) {
        self.in_place.insert(key.path());
    }

    /// The plan has to wait. It is told only to hosts that can handle it.
    pub fn defer(&mut self, why: Deferral) {
        self.deferral = Some(why);
    }

    pub(crate) fn differs(&self, name: &str) -> bool {
        let Some(prior) = self.prior else { return true };
        let Some(attribute) = self.schema.attributes.iter().find(|attribute| attribute.name == name) else {
            return false;
        };
        let (was, shall) = (prior.get(name).unwrap_or(&Value::Null), self.planned.get(name).unwrap_or(&Value::Null));
        !shall.is_wholly_known() || !attribute.same(was, shall)
    }
}
