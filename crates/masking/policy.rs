//! Masking policy: rules for tables and columns, written by a team in one YAML file.

mod mistake;
mod parse;
mod path;
mod reader;
mod schema;
mod settings;
mod stricter;

use std::collections::BTreeMap;

pub use self::mistake::{PolicyMistake, PolicyMistakes};
pub use self::parse::parse_masking_policy;
pub use self::path::{JsonPath, JsonPathError};
pub use self::schema::masking_policy_schema;
pub use self::stricter::stricter_parts;

use crate::{function::MaskFunction, table_name::TableName};

/// A parsed policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MaskingPolicy {
    /// Handling of columns without a rule.
    pub unclassified: Unclassified,
    /// Handling of strings in JSON documents without a rule.
    pub json_strings: JsonStrings,
    /// Handling of large objects.
    pub large_objects: LargeObjects,
    /// Roles that grants and migrations expect.
    pub roles: Vec<String>,
    /// Domains by name.
    pub domains: BTreeMap<String, DomainFunction>,
    /// Rules of tables by their exact names.
    pub tables: BTreeMap<TableName, TableRule>,
    /// Rules of all other tables of a schema, by the name of the schema.
    pub schemas: BTreeMap<String, TableRule>,
}

/// Handling of columns that need a rule and have none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Unclassified {
    /// The policy is refused.
    #[default]
    Refuse,
    /// The column is masked by the default function of its type.
    Mask,
}

/// Handling of strings in JSON documents that no path matches.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum JsonStrings {
    /// Strings become filler text.
    #[default]
    Mask,
    /// Strings stay.
    Keep,
}

/// Handling of large objects.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LargeObjects {
    /// Large objects are removed.
    #[default]
    Drop,
    /// Large objects stay as they are.
    Keep,
}

/// Position of a rule in the policy file.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RulePlace {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Function of a domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DomainFunction {
    /// Function.
    pub function: MaskFunction,
    /// True if letters of different case are equal (`fold: lower`).
    pub fold_case: bool,
    /// Position in the file.
    pub place: RulePlace,
}

/// Rule of a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TableRule {
    /// All columns stay.
    Keep,
    /// The table has no rows.
    Empty,
    /// Rules of columns by name, each with its position.
    Columns(BTreeMap<String, (ColumnRule, RulePlace)>),
}

/// Rule of a column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ColumnRule {
    /// The column stays.
    Keep,
    /// The function and the key of a domain.
    Domain(String),
    /// A function with the column's own key.
    Function {
        /// Function.
        function: MaskFunction,
        /// True if letters of different case are equal (`fold: lower`).
        fold_case: bool,
    },
    /// Rules for the leaves of JSON documents, in the order of the file.
    Json(Vec<(JsonPath, LeafRule)>),
}

/// Rule for the leaves of JSON documents that a path matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LeafRule {
    /// The leaves stay.
    Keep,
    /// The function and the key of a domain.
    Domain(String),
    /// A function with the key of the column and the path.
    Function {
        /// Function.
        function: MaskFunction,
        /// True if letters of different case are equal (`fold: lower`).
        fold_case: bool,
    },
}

impl MaskingPolicy {
    /// Rule of a table: that of its exact name, else that of its schema.
    pub fn table(&self, name: &TableName) -> Option<&TableRule> {
        self.tables.get(name).or_else(|| self.schemas.get(&name.schema))
    }
}
