//! Masking of databases: replaces personal values consistently, and decides which columns and tables need it.
//!
//! The crate has no I/O, no async code and no database client. Its caller reads the catalogue and the rows.
//!
//! - [`MaskFunction`] and [`Masker`]: deterministic functions under a [`MaskingKey`]. Equal input gives equal output in
//!   all columns of a domain.
//! - [`parse_masking_policy`]: a policy file to a [`MaskingPolicy`], or to all mistakes with line, column and remedy.
//! - [`classify()`]: a policy and a [`Catalogue`] to the decision about each column, and to a [`ColumnMasker`] with a key.
//! - [`suggest_policy`]: a whole policy for a [`Catalogue`], from names, types and samples of values.
//! - [`touched_tables`]: the tables that migrations touch, with file and line, or the reasons to touch all tables.
//!
//! # Guarantees
//!
//! - NULL stays NULL, and an empty value stays empty.
//! - Outputs depend on the key, the domain and the value only. Another key or another domain gives other outputs.
//! - An output is not longer than its column, in characters.
//! - Functions for unique columns either are permutations, or their outputs have at least 80 bits of a keyed hash.
//! - No input causes a panic.
//!
//! Masked data is pseudonymous, not anonymous: a person with the key can check guesses, and values that are kept, counts and
//! relations between rows remain.

mod catalogue;
mod classify;
mod column_masker;
mod filler;
mod function;
mod integer;
mod json;
mod key;
mod locale;
mod permutation;
mod policy;
mod scope;
mod shape;
mod stream;
mod table_name;
mod words;

pub use crate::catalogue::{Catalogue, CatalogueColumn, CatalogueForeignKey, ColumnEquality, ColumnName};
pub use crate::classify::{
    Classification, ColumnDecision, ColumnSamples, MaskDomain, PolicySuggestion, RefusedRule, SuggestedColumn,
    SuggestionReason, UncoveredColumn, classify, suggest_policy, suggested_rule, uncovered_columns,
};
pub use crate::column_masker::{ColumnMasker, FixedOutput};
pub use crate::function::{MaskFunction, MaskKind, Masker, Room, RoomError, TypeClass, Uniqueness, ValueForm};
pub use crate::json::{InvalidJson, JsonLeaf, JsonStep, rewrite_json};
pub use crate::key::{DomainKey, MIN_KEY_BYTES, MaskingKey, MaskingKeyError};
pub use crate::locale::Locale;
pub use crate::policy::{
    ColumnRule, DomainFunction, JsonPath, JsonPathError, JsonStrings, LargeObjects, LeafRule, MaskingPolicy,
    PolicyMistake, PolicyMistakes, RulePlace, TableRule, Unclassified, masking_policy_schema, parse_masking_policy,
    stricter_parts,
};
pub use crate::scope::{
    AddedColumn, MigrationScope, RenamedTable, ResolvedScope, RoutineTexts, SchemaRelations, SqlFile, SqlName,
    SqlPlace, Widening, WideningReason, touched_tables,
};
pub use crate::table_name::{TableName, TableNameError};
