//! [`Schema`]: attributes and nested blocks of a resource, data source or provider.

use std::collections::{BTreeMap, BTreeSet};

use crate::ty::Type;
use crate::value::Value;

/// Schema of one block: attributes and, rarely, nested blocks.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Version of the schema. Increased when an older state needs [`crate::Resource::upgrade`].
    pub version: i64,
    /// Attributes, in the order of the fields of the struct.
    pub attributes: Vec<Attribute>,
    /// Nested blocks. New providers should prefer nested attributes.
    pub blocks: Vec<Block>,
    /// Markdown for the registry.
    pub description: String,
    /// Deprecation message.
    pub deprecation: Option<String>,
}

/// Presence of an attribute: required, optional or computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Must be set by the user.
    Required,
    /// Can be set by the user; null if not set.
    Optional,
    /// Can be set by the user; set by the provider otherwise.
    OptionalComputed,
    /// Set by the provider only.
    Computed,
}

impl Presence {
    /// True if the provider can set the attribute.
    pub fn is_computed(self) -> bool {
        matches!(self, Self::OptionalComputed | Self::Computed)
    }
}

/// Changes that make a computed attribute unknown in an update, if the plan does not set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Any change.
    Always,
    /// No change: the value is fixed at creation.
    Never,
    /// A change of one of these attributes.
    With(Vec<&'static str>),
}

/// Compares two values of an attribute by meaning, such as `1h` and `60m`.
pub type Equivalent = fn(&Value, &Value) -> bool;

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Name in the configuration.
    pub name: &'static str,
    /// Type of the values.
    pub shape: Shape,
    /// Required, optional or computed.
    pub presence: Presence,
    /// Value if the attribute is not set. An attribute with a default is optional and computed.
    pub default: Option<Value>,
    /// True if a change replaces the object.
    pub replace: bool,
    /// See [`Refreshed`].
    pub refreshed: Refreshed,
    /// True if Terraform hides the value in its output. The state contains it.
    pub sensitive: bool,
    /// True if the value is read from the configuration and never stored.
    pub write_only: bool,
    /// Markdown for the registry.
    pub description: &'static str,
    /// Deprecation message.
    pub deprecation: Option<&'static str>,
    /// Comparison of two values by meaning.
    pub equivalent: Equivalent,
}

/// Type of an attribute, with the documented parts.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A type without documented parts.
    Plain(Type),
    /// An object, or a collection of objects, whose attributes are documented one by one.
    Object {
        /// One object, or a collection of objects.
        nesting: Nesting,
        /// Attributes of each object.
        attributes: Vec<Attribute>,
    },
}

/// Collection of nested objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

/// A nested block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Name in the configuration.
    pub name: &'static str,
    /// One block, or a collection of blocks.
    pub nesting: Nesting,
    /// Schema of each block.
    pub schema: Schema,
    /// Minimum number of blocks.
    pub min: u64,
    /// Maximum number of blocks; 0 for no limit.
    pub max: u64,
}

impl Schema {
    /// Type of the values of this schema: an object.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.shape.ty()));
        let blocks = self.blocks.iter().map(|block| (block.name.to_owned(), block.nesting.ty(block.schema.ty())));
        Type::Object(attributes.chain(blocks).collect())
    }

    /// Attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Object with null for every attribute.
    pub fn empty(&self) -> BTreeMap<String, Value> {
        let attributes = self.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null));
        let blocks = self.blocks.iter().map(|block| {
            let value = match block.nesting {
                Nesting::Single => Value::Null,
                Nesting::List | Nesting::Set => Value::List(Vec::new()),
                Nesting::Map => Value::Map(BTreeMap::new()),
            };
            (block.name.to_owned(), value)
        });
        attributes.chain(blocks).collect()
    }

    /// Returns all violations of Terraform's schema check; Terraform refuses a provider with such a schema.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        attribute_mistakes("", &self.attributes, false, &mut found);
        for attribute in &self.attributes {
            let Refreshed::With(names) = &attribute.refreshed else { continue };
            let absent = names.iter().filter(|name| self.attribute(name).is_none());
            found.extend(
                absent.map(|name| format!("`{}` depends on `{name}`, which is not an attribute", attribute.name)),
            );
        }
        let mut seen: BTreeSet<&str> = self.attributes.iter().map(|attribute| attribute.name).collect();
        for block in &self.blocks {
            if !seen.insert(block.name) {
                found.push(format!("`{}` is declared twice", block.name));
            }
            if block.nesting == Nesting::Map && (block.min, block.max) != (0, 0) {
                found.push(format!("map block `{}` cannot limit its number", block.name));
            }
            found.extend(block.schema.mistakes().into_iter().map(|text| format!("{}: {text}", block.name)));
        }
        if self.version < 0 {
            found.push("the version is negative".to_owned());
        }
        found
    }
}

impl Shape {
    /// Type of the values of this shape.
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Object { nesting, attributes } => nesting
                .ty(Type::Object(attributes.iter().map(|part| (part.name.to_owned(), part.shape.ty())).collect())),
        }
    }
}

impl Nesting {
    fn ty(self, object: Type) -> Type {
        match self {
            Self::Single => object,
            Self::List => Type::List(Box::new(object)),
            Self::Set => Type::Set(Box::new(object)),
            Self::Map => Type::Map(Box::new(object)),
        }
    }
}

impl Attribute {
    /// True if the two values are equal for Terraform.
    pub(crate) fn same(&self, a: &Value, b: &Value) -> bool {
        // Most attributes do not change, and then their type is not built.
        a == b || a.same(b, &self.shape.ty())
    }

    /// Converts the attribute to a computed one, for an output with a type that is also used for arguments.
    #[must_use]
    pub fn into_computed(mut self) -> Self {
        self.presence = Presence::Computed;
        self.default = None;
        self.replace = false;
        self.write_only = false;
        if let Shape::Object { nesting, attributes } = self.shape {
            let attributes = attributes.into_iter().map(Self::into_computed).collect();
            self.shape = Shape::Object { nesting, attributes };
        }
        self
    }
}

fn attribute_mistakes(prefix: &str, attributes: &[Attribute], in_set: bool, found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for attribute in attributes {
        let name = format!("{prefix}{}", attribute.name);
        if !seen.insert(attribute.name) {
            found.push(format!("`{name}` is declared twice"));
        }
        if !is_identifier(attribute.name) {
            found.push(format!("`{name}` is not a name: a lower-case letter or `_`, then letters, digits and `_`"));
        }
        if prefix.is_empty() && RESERVED.contains(&attribute.name) {
            found.push(format!("`{name}` is reserved by Terraform"));
        }
        if attribute.write_only && (attribute.presence.is_computed() || in_set) {
            found.push(format!("write-only `{name}` cannot be computed, and is not supported inside a set"));
        }
        if attribute.default.is_some() && attribute.presence != Presence::OptionalComputed {
            found.push(format!("`{name}` has a default and must be optional and computed"));
        }
        match &attribute.shape {
            Shape::Plain(ty) if has_dynamic_in_collection(ty, false) => {
                found.push(format!("`{name}` has a dynamic type inside a collection, which crashes Terraform"));
            }
            Shape::Plain(_) => {}
            Shape::Object { nesting, attributes } => {
                attribute_mistakes(&format!("{name}."), attributes, in_set || *nesting == Nesting::Set, found);
            }
        }
    }
}

/// Meta-arguments, which Terraform reserves.
const RESERVED: [&str; 7] = ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

fn is_identifier(name: &str) -> bool {
    name.bytes().enumerate().all(|(at, byte)| matches!(byte, b'a'..=b'z' | b'_') || at > 0 && byte.is_ascii_digit())
        && !name.is_empty()
}

fn has_dynamic_in_collection(ty: &Type, inside: bool) -> bool {
    match ty {
        Type::Dynamic => inside,
        Type::List(of) | Type::Set(of) | Type::Map(of) => has_dynamic_in_collection(of, true),
        Type::Tuple(parts) => parts.iter().any(|part| has_dynamic_in_collection(part, inside)),
        Type::Object(parts) => parts.values().any(|part| has_dynamic_in_collection(part, inside)),
        Type::String | Type::Number | Type::Bool => false,
    }
}
