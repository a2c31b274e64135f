//! [`Config`] and [`Partial`]: typed views of objects that may be incomplete.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use crate::attr::Attr;
use crate::diag::Diags;
use crate::model::{Decoder, Field, Key, Model, ModelOf};
use crate::path::Path;
use crate::value::Value;

/// An object in Terraform's form: the value of every attribute by name.
pub type ObjectValue = BTreeMap<String, Value>;

/// A configuration of model `M`; any part of it may still be unknown.
pub struct Config<'a, M> {
    object: &'a ObjectValue,
    of: PhantomData<fn() -> M>,
}

impl<M> Clone for Config<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Config<'_, M> {}

impl<M> fmt::Debug for Config<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Config").field(self.object).finish()
    }
}

impl<'a, M> Config<'a, M> {
    /// A view of `object`.
    pub fn new(object: &'a ObjectValue) -> Self {
        Self { object, of: PhantomData }
    }

    /// The value of an attribute. It is unknown as long as any part of it is.
    pub fn get<T: Field>(self, key: Key<M, T>) -> Attr<T> {
        typed(self.object, key)
    }

    /// A view of a nested object, which may be partly unknown. `None` if it is null or wholly unknown.
    pub fn nested<N: Model>(self, key: Key<M, N>) -> Option<Config<'a, N>> {
        match self.object.get(key.name()) {
            Some(Value::Map(object)) => Some(Config::new(object)),
            _ => None,
        }
    }

    /// The values themselves.
    pub fn object(self) -> &'a ObjectValue {
        self.object
    }
}

impl<M: Model> Config<'_, M> {
    /// Every mistake in the values that are known, with its path.
    pub fn mistakes(self) -> Diags {
        let mut decoder = Decoder::new();
        let _ = M::decode_object(self.object, &mut decoder);
        decoder.into_mistakes()
    }

    /// Reads the struct from the attributes that are wholly known. Every other attribute counts as not set, so nothing
    /// that depends on such an attribute may be used.
    ///
    /// # Errors
    /// Mistakes in the known values, and required attributes that are not wholly known.
    pub fn decode_known(self) -> Result<M, Diags> {
        let known = self.object.iter().filter(|(_, value)| value.is_wholly_known());
        let known = known.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut decoder = Decoder::new();
        M::decode_object(&known, &mut decoder).ok_or_else(|| decoder.into_mistakes())
    }

    /// The struct, if every part of it is known.
    pub fn decode(self) -> Option<M> {
        M::decode_object(self.object, &mut Decoder::new())
    }
}

/// Known attributes of a resource with input `I` and output `O`, such as the result of an import. The others are null.
pub struct Partial<I, O> {
    object: ObjectValue,
    of: PhantomData<fn() -> (I, O)>,
}

impl<I, O> fmt::Debug for Partial<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Partial").field(&self.object).finish()
    }
}

impl<I, O> Default for Partial<I, O> {
    fn default() -> Self {
        Self { object: ObjectValue::new(), of: PhantomData }
    }
}

impl<I, O> Partial<I, O> {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every attribute of `model` set.
    pub fn of<M: ModelOf<I, O>>(model: &M) -> Self {
        Self::new().and(model)
    }

    /// Sets every attribute of `model`.
    #[must_use]
    pub fn and<M: ModelOf<I, O>>(mut self, model: &M) -> Self {
        self.object.extend(model.encode_object());
        self
    }

    /// Sets one attribute.
    #[must_use]
    pub fn with<M: ModelOf<I, O>, T: Field>(mut self, key: Key<M, T>, value: &T) -> Self {
        self.object.insert(key.name().to_owned(), value.encode());
        self
    }

    pub(crate) fn into_object(self) -> ObjectValue {
        self.object
    }
}

pub(crate) fn typed<M, T: Field>(object: &ObjectValue, key: Key<M, T>) -> Attr<T> {
    match object.get(key.name()) {
        None | Some(Value::Null) => Attr::Null,
        Some(value) if !value.is_wholly_known() => Attr::Unknown,
        // A value that cannot be decoded was reported when the configuration was checked.
        Some(value) => {
            let mut decoder = Decoder::new();
            decoder.within(Path::root().attribute(key.name()), value).map_or(Attr::Unknown, Attr::Known)
        }
    }
}
