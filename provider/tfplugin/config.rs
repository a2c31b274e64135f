//! [`Config`] and [`Partial`]: typed views of objects that need not be complete.

use std::collections::BTreeMap;

use crate::attr::Attr;
use crate::diag::Diags;
use crate::model::{Decoder, Field, Key, Model};
use crate::path::Path;
use crate::value::Value;

/// An object as it travels: every attribute by name.
pub type Object = BTreeMap<String, Value>;

/// A configuration as the user wrote it, in which anything may still be unknown.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a>(&'a Object);

impl<'a> Config<'a> {
    /// A view of `object`.
    pub fn new(object: &'a Object) -> Self {
        Self(object)
    }

    /// The value of an attribute. It is unknown as long as any part of it is.
    pub fn get<T: Field>(self, key: Key<T>) -> Attr<T> {
        typed(self.0, key)
    }

    /// A view of a nested object, which may be partly unknown. `None` where it is null or wholly unknown.
    pub fn nested<T: Model>(self, key: Key<T>) -> Option<Config<'a>> {
        match self.0.get(key.name()) {
            Some(Value::Map(object)) => Some(Config(object)),
            _ => None,
        }
    }

    /// The values themselves.
    pub fn object(self) -> &'a Object {
        self.0
    }

    /// Every mistake in the values that are known, with its path.
    pub fn mistakes<M: Model>(self) -> Diags {
        let mut decoder = Decoder::new();
        let _ = M::decode_object(self.0, &mut decoder);
        decoder.into_mistakes()
    }

    /// Reads the struct from the attributes that are wholly known. Every other attribute counts as not set, so nothing
    /// that depends on such an attribute may be used.
    ///
    /// # Errors
    /// Mistakes in the known values, and required attributes that are not wholly known.
    pub fn decode_known<M: Model>(self) -> Result<M, Diags> {
        let known = self.0.iter().filter(|(_, value)| value.is_wholly_known());
        let known = known.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut decoder = Decoder::new();
        M::decode_object(&known, &mut decoder).ok_or_else(|| decoder.into_mistakes())
    }

    /// The struct, if every part of it is known.
    pub fn decode<M: Model>(self) -> Option<M> {
        M::decode_object(self.0, &mut Decoder::new())
    }
}

/// An object that is being put together, such as what an import knows. What is not set is null.
#[derive(Clone, Debug, Default)]
pub struct Partial(Object);

impl Partial {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that `model` has.
    pub fn of<M: Model>(model: &M) -> Self {
        Self(model.encode_object())
    }

    /// The same with everything that `model` has, too.
    #[must_use]
    pub fn and<M: Model>(mut self, model: &M) -> Self {
        self.0.extend(model.encode_object());
        self
    }

    /// Sets one attribute.
    #[must_use]
    pub fn with<T: Field>(mut self, key: Key<T>, value: &T) -> Self {
        self.0.insert(key.name().to_owned(), value.encode());
        self
    }

    pub(crate) fn into_object(self) -> Object {
        self.0
    }
}

pub(crate) fn typed<T: Field>(object: &Object, key: Key<T>) -> Attr<T> {
    match object.get(key.name()) {
        None | Some(Value::Null) => Attr::Null,
        Some(value) if !value.is_wholly_known() => Attr::Unknown,
        // A value that does not decode was reported when the configuration was checked.
        Some(value) => {
            let mut decoder = Decoder::new();
            decoder.within(Path::root().attribute(key.name()), value).map_or(Attr::Unknown, Attr::Known)
        }
    }
}
