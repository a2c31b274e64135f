//! [`Draft`]: a plan in progress.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use crate::attr::Attr;
use crate::config::{Config, ObjectValue, typed};
use crate::model::{Field, Key, ModelOf};
use crate::path::Path;
use crate::schema::{Attribute, Schema};
use crate::value::Value;
use crate::values;

/// Reasons to defer a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// An argument of the resource is not known yet.
    ResourceConfigUnknown,
    /// An argument of the provider is not known yet.
    ProviderConfigUnknown,
    /// A remote object that the resource requires does not exist yet.
    AbsentPrerequisite,
}

/// A plan in progress: configuration, prior state and planned values.
/// `I` is the input of the resource, `O` the output and `P` the private data. Keys of other models do not compile:
///
/// ```
/// # use tfplugin::{Draft, Model};
/// # #[derive(Model)] struct Input { name: String }
/// # #[derive(Model)] #[tf(output)] struct Output { id: String }
/// fn plan(draft: &mut Draft<'_, Input, Output, ()>) {
///     draft.set(Output::ID, draft.config(Input::NAME));
/// }
/// ```
///
/// ```compile_fail,E0271
/// # use tfplugin::{Attr, Draft, Model};
/// # #[derive(Model)] struct Input { name: String }
/// # #[derive(Model)] #[tf(output)] struct Output { id: String }
/// #[derive(Model)]
/// #[tf(output)]
/// struct Other { id: String }
///
/// fn plan(draft: &mut Draft<'_, Input, Output, ()>) {
///     draft.set(Other::ID, Attr::Unknown);
/// }
/// ```
pub struct Draft<'a, I, O, P> {
    pub(crate) schema: &'a Schema,
    pub(crate) config: &'a ObjectValue,
    pub(crate) prior: Option<&'a ObjectValue>,
    pub(crate) planned: ObjectValue,
    pub(crate) settled: BTreeSet<&'static str>,
    pub(crate) replaced: BTreeSet<Path>,
    pub(crate) in_place: BTreeSet<Path>,
    pub(crate) deferral: Option<Deferral>,
    /// Private data stored with the state: at first that of the prior state, at the end the planned one.
    pub private: P,
    pub(crate) of: PhantomData<fn() -> (I, O)>,
}

impl<I, O, P> Draft<'_, I, O, P> {
    /// True if the object does not exist yet; otherwise the plan is an update or has no change.
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// The configuration.
    pub fn configuration(&self) -> Config<'_, I> {
        Config::new(self.config)
    }

    /// The value in the configuration.
    pub fn config<M: ModelOf<I, O>, T: Field>(&self, key: Key<M, T>) -> Attr<T> {
        typed(self.config, key)
    }

    /// The value in the prior state; null in a create.
    pub fn prior<M: ModelOf<I, O>, T: Field>(&self, key: Key<M, T>) -> Attr<T> {
        self.prior.map_or(Attr::Null, |prior| typed(prior, key))
    }

    /// The planned value so far.
    pub fn planned<M: ModelOf<I, O>, T: Field>(&self, key: Key<M, T>) -> Attr<T> {
        typed(&self.planned, key)
    }

    /// True if the planned value differs from the prior one. A value that is not wholly known counts as different.
    pub fn changed<M: ModelOf<I, O>, T>(&self, key: Key<M, T>) -> bool {
        self.differs(self.attribute(key))
    }

    /// Plans the value of a computed attribute. Parts that the configuration sets stay as configured.
    #[expect(clippy::needless_pass_by_value, reason = "callers build the value for this call")]
    pub fn set<M: ModelOf<I, O>, T: Field>(&mut self, key: Key<M, T>, value: Attr<T>) {
        let attribute = self.attribute(key);
        let config = self.config.get(attribute.name).unwrap_or(&Value::Null);
        let value = values::overlay(attribute, config, value.encode());
        let value = match self.prior.and_then(|prior| prior.get(attribute.name)) {
            Some(prior) => values::prefer(attribute, prior, value),
            None => value,
        };
        self.settle(key.name(), value);
    }

    /// Plans the prior value of a computed attribute.
    pub fn keep<M: ModelOf<I, O>, T>(&mut self, key: Key<M, T>) {
        if let Some(value) = self.prior.and_then(|prior| prior.get(key.name())) {
            let value = value.clone();
            self.settle(key.name(), value);
        }
    }

    /// Plans a replacement of the object because of this attribute.
    pub fn replace<M: ModelOf<I, O>, T>(&mut self, key: Key<M, T>) {
        self.replaced.insert(key.path());
    }

    /// Plans no replacement because of this attribute, although its schema requires one.
    pub fn in_place<M: ModelOf<I, O>, T>(&mut self, key: Key<M, T>) {
        self.in_place.insert(key.path());
    }

    /// Defers the plan. A host without support for deferred actions gets the plan without a deferral.
    pub fn defer(&mut self, reason: Deferral) {
        self.deferral = Some(reason);
    }

    /// The attribute of a key.
    fn attribute<M: ModelOf<I, O>, T>(&self, key: Key<M, T>) -> &Attribute {
        self.schema.attribute(key.name()).expect("the schema of a resource has the attributes of its input and output")
    }

    fn settle(&mut self, name: &'static str, value: Value) {
        self.settled.insert(name);
        self.planned.insert(name.to_owned(), value);
    }

    pub(crate) fn differs(&self, attribute: &Attribute) -> bool {
        let Some(prior) = self.prior else { return true };
        let prior = prior.get(attribute.name).unwrap_or(&Value::Null);
        let planned = self.planned.get(attribute.name).unwrap_or(&Value::Null);
        !planned.is_wholly_known() || !attribute.same(prior, planned)
    }
}
