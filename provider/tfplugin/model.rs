//! [`Model`] and [`Field`]: Rust types as Terraform values.
//!
//! `#[derive(Model)]` makes a struct a schema. A field's type says what may stand there: `T` must be set, `Option<T>`
//! may be, and any type becomes an attribute by implementing [`Field`]. Decoding walks the whole value and reports
//! every mistake with its path, not just the first.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::diag::{Diag, Diags};
use crate::path::Path;
use crate::schema::{Attribute, Nesting, Presence, Refreshed, Shape};
use crate::value::Value;

/// A struct that is a schema. Implemented by `#[derive(Model)]`.
pub trait Model: Sized {
    /// The attributes, in the order of the fields.
    fn attributes() -> Vec<Attribute>;

    /// Reads the struct from an object. `None` if a part is wrong or unknown; the decoder knows which.
    fn decode_object(object: &BTreeMap<String, Value>, decoder: &mut Decoder) -> Option<Self>;

    /// The struct as an object with every attribute present.
    fn encode_object(&self) -> BTreeMap<String, Value>;
}

/// The schema without attributes, for resources that have no identity and providers without arguments.
impl Model for () {
    fn attributes() -> Vec<Attribute> {
        Vec::new()
    }

    fn decode_object(_: &BTreeMap<String, Value>, _: &mut Decoder) -> Option<Self> {
        Some(())
    }

    fn encode_object(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
}

/// A type that can stand as the value of an attribute.
pub trait Field: Sized {
    /// The type of the attribute in Terraform.
    fn shape() -> Shape;

    /// Whether the attribute may be left out.
    const OPTIONAL: bool = false;

    /// Reads a value. `None` if it is wrong or unknown; the decoder is told which.
    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self>;

    /// The value as Terraform sees it.
    fn encode(&self) -> Value;

    /// Whether two values mean the same although they are written differently. Both are known and not null.
    fn equivalent(a: &Value, b: &Value) -> bool {
        a.same(b, &Self::shape().ty())
    }
}

impl<M: Model> Field for M {
    fn shape() -> Shape {
        Shape::Object { nesting: Nesting::Single, attributes: M::attributes() }
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::Map(object) => M::decode_object(object, decoder),
            other => decoder.mismatch(other, "an object"),
        }
    }

    fn encode(&self) -> Value {
        Value::Map(self.encode_object())
    }
}

/// The typed name of an attribute, made by the derive as an associated constant, so that no resource spells a path.
#[derive(Debug)]
pub struct Key<T> {
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> Key<T> {
    /// Used by the derive.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The path of the attribute at the top of its schema.
    pub fn path(self) -> Path {
        Path::root().attribute(self.name)
    }
}

impl<T> From<Key<T>> for Path {
    fn from(key: Key<T>) -> Self {
        key.path()
    }
}

/// Where decoding stands and what it has found wrong.
#[derive(Debug, Default)]
pub struct Decoder {
    path: Path,
    mistakes: Diags,
    unknown: bool,
}

impl Decoder {
    /// A decoder at the root.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes one attribute of an object. Used by the derive.
    pub fn field<T: Field>(&mut self, object: &BTreeMap<String, Value>, name: &str) -> Option<T> {
        self.within(self.path.clone().attribute(name), object.get(name).unwrap_or(&Value::Null))
    }

    /// Decodes `value`, which stands at `path`.
    pub fn within<T: Field>(&mut self, path: Path, value: &Value) -> Option<T> {
        let outer = std::mem::replace(&mut self.path, path);
        let decoded = T::decode(value, self);
        self.path = outer;
        decoded
    }

    /// Where decoding stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records that the value here is wrong.
    pub fn mistake<T>(&mut self, diag: Diag) -> Option<T> {
        self.mistakes.push(diag.at(self.path.clone()));
        None
    }

    /// Records that the value here is not of the expected type, or only known later.
    pub fn mismatch<T>(&mut self, got: &Value, expected: &str) -> Option<T> {
        match got {
            Value::Unknown(_) => {
                self.unknown = true;
                None
            }
            Value::Null => self.mistake(Diag::error("Missing value").detail(format!("Expected {expected}, got null."))),
            _ => self.mistake(Diag::error("Wrong type").detail(format!("Expected {expected}."))),
        }
    }

    /// Whether a part was unknown.
    pub fn saw_unknown(&self) -> bool {
        self.unknown
    }

    /// Every mistake found.
    pub fn into_mistakes(self) -> Diags {
        self.mistakes
    }
}

impl Attribute {
    /// An attribute for a field of type `T`. Used by the derive.
    pub fn of<T: Field>(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            shape: T::shape(),
            presence: if T::OPTIONAL { Presence::Optional } else { Presence::Required },
            default: None,
            replace: false,
            refreshed: Refreshed::Always,
            sensitive: false,
            write_only: false,
            description,
            deprecation: None,
            equivalent: T::equivalent,
        }
    }
}
