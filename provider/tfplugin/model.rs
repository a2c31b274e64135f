//! [`Model`] and [`Field`]: Rust types as Terraform values.
//!
//! `#[derive(Model)]` makes a struct a schema. A field of type `T` is a required attribute, one of type `Option<T>` an
//! optional one. Any type becomes an attribute by implementing [`Field`]. Decoding reads the whole value and reports
//! every mistake with its path, not just the first.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use crate::diag::{Diag, Diags};
use crate::path::Path;
use crate::schema::{Attribute, Nesting, Presence, Refreshed, Shape};
use crate::value::Value;

/// A struct that is a schema. Implemented by `#[derive(Model)]`.
pub trait Model: Sized {
    /// [`InputRole`] or, with `#[tf(output)]`, [`OutputRole`].
    type Role;

    /// The attributes, in the order of the fields.
    fn attributes() -> Vec<Attribute>;

    /// Reads the struct from an object. `None` if a part is wrong or unknown, which the decoder has recorded.
    fn decode_object(object: &BTreeMap<String, Value>, decoder: &mut Decoder) -> Option<Self>;

    /// The struct as an object with every attribute present.
    fn encode_object(&self) -> BTreeMap<String, Value>;
}

/// The schema without attributes, for resources without identity and providers without arguments.
impl Model for () {
    type Role = InputRole;

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

/// Role of a model with arguments, which the configuration may set.
#[derive(Debug)]
pub enum InputRole {}

/// Role of a model with computed attributes, which only the provider sets.
#[derive(Debug)]
pub enum OutputRole {}

/// The model with this role in a resource with input `I` and output `O`.
pub trait Role<I, O> {
    /// `I` or `O`.
    type Model;
}

impl<I, O> Role<I, O> for InputRole {
    type Model = I;
}

impl<I, O> Role<I, O> for OutputRole {
    type Model = O;
}

/// The input `I` or the output `O` of a resource. Only keys of these two models are valid in a plan of the resource.
pub trait ModelOf<I, O>: Model {}

impl<I, O, M> ModelOf<I, O> for M
where
    M: Model,
    M::Role: Role<I, O, Model = M>,
{
}

/// A model with all attributes of model `M`: it has a field `#[tf(flatten)]` of this type. Implemented by the derive.
pub trait Flattens<M> {}

/// A type that can be the value of an attribute.
pub trait Field: Sized {
    /// The type of the attribute in Terraform.
    fn shape() -> Shape;

    /// True if the attribute may be left out.
    const OPTIONAL: bool = false;

    /// Reads a value. `None` if it is wrong or unknown, which the decoder has recorded.
    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self>;

    /// The value in Terraform.
    fn encode(&self) -> Value;

    /// Reports if two values have the same meaning, such as `1h` and `60m`. Both are known and not null.
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

/// The typed name of an attribute of model `M` with values of type `T`.
///
/// The derive makes one as an associated constant per attribute, so that no resource writes a name as a string.
pub struct Key<M, T> {
    name: &'static str,
    of: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Clone for Key<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Key<M, T> {}

impl<M, T> fmt::Debug for Key<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

impl<M, T> Key<M, T> {
    /// Used by the derive.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Key of model `Outer` for this attribute. `Outer` flattens `M` as a whole:
    ///
    /// ```
    /// # use tfplugin::{Key, Model};
    /// # #[derive(Model)] struct Inner { name: Option<String>, label: Option<String> }
    /// #[derive(Model)]
    /// struct Outer {
    ///     #[tf(flatten)]
    ///     inner: Inner,
    /// }
    /// const NAME: Key<Outer, String> = Inner::NAME.flattened();
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use tfplugin::{Key, Model};
    /// # #[derive(Model)] struct Inner { name: Option<String>, label: Option<String> }
    /// #[derive(Model)]
    /// struct Outer {
    ///     #[tf(flatten(except = "label"))]
    ///     inner: Inner,
    /// }
    /// const LABEL: Key<Outer, String> = Inner::LABEL.flattened();
    /// ```
    pub const fn flattened<Outer: Flattens<M>>(self) -> Key<Outer, T> {
        Key::new(self.name)
    }

    /// The path of the attribute at the top of its schema.
    pub fn path(self) -> Path {
        Path::root().attribute(self.name)
    }
}

impl<M, T> From<Key<M, T>> for Path {
    fn from(key: Key<M, T>) -> Self {
        key.path()
    }
}

/// Position and findings of a decoding.
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

    /// Decodes the `value` at `path`.
    pub fn within<T: Field>(&mut self, path: Path, value: &Value) -> Option<T> {
        let outer = std::mem::replace(&mut self.path, path);
        let decoded = T::decode(value, self);
        self.path = outer;
        decoded
    }

    /// Path of the value that is being decoded.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records that the value here is wrong.
    pub fn mistake<T>(&mut self, diag: Diag) -> Option<T> {
        self.mistakes.push(diag.at(self.path.clone()));
        None
    }

    /// Records that the value here is not of the expected type, or is unknown.
    pub fn mismatch<T>(&mut self, got: &Value, expected: &str) -> Option<T> {
        match got {
            Value::Unknown(_) => {
                self.unknown = true;
                None
            }
            Value::Null => self.mistake(Diag::error("Missing value").detail(format!("Expected {expected}, got null."))),
            _ => {
                let detail = format!("Expected {expected}, got {}.", got.noun());
                self.mistake(Diag::error("Wrong type").detail(detail))
            }
        }
    }

    /// True if a part was unknown.
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
