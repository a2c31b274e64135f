//! Tables, columns and foreign keys of a database, as its catalogue lists them.

use std::collections::BTreeMap;
use std::fmt;

use crate::{function::TypeClass, table_name::TableName};

/// A column with its table.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ColumnName {
    /// Table.
    pub table: TableName,
    /// Column.
    pub name: String,
}

impl ColumnName {
    /// Name from its parts.
    pub fn new(table: TableName, name: impl Into<String>) -> Self {
        Self { table, name: name.into() }
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.name)
    }
}

/// Equality of the values of a column.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ColumnEquality {
    /// Equal values have equal texts.
    #[default]
    Exact,
    /// Case does not count: type `citext`.
    IgnoreCase,
    /// Spaces at the end do not count: type `char(n)`.
    TrimEnd,
    /// A nondeterministic collation decides.
    Collation,
}

/// A column of an ordinary table or of a leaf partition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CatalogueColumn {
    /// Name.
    pub name: ColumnName,
    /// Type as SQL writes it, for messages.
    pub type_name: String,
    /// Class of the type, or of the items of an array.
    pub class: TypeClass,
    /// Maximum number of characters of `varchar(n)` and `char(n)`.
    pub limit: Option<u32>,
    /// Equality.
    pub equality: ColumnEquality,
    /// True if the column must not be NULL.
    pub not_null: bool,
    /// True if the column is in a unique index, a primary key or an exclusion constraint.
    pub unique: bool,
    /// True if the database computes the column: `GENERATED ALWAYS AS (...)`.
    pub generated: bool,
}

/// A foreign key. Both lists have the same length.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CatalogueForeignKey {
    /// Name of the constraint.
    pub name: String,
    /// Table with the constraint.
    pub table: TableName,
    /// Columns of the table.
    pub columns: Vec<String>,
    /// Table that is referenced.
    pub referenced_table: TableName,
    /// Columns that are referenced.
    pub referenced_columns: Vec<String>,
}

/// The parts of a database that a policy decides about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Catalogue {
    /// Columns of all tables with rows.
    pub columns: Vec<CatalogueColumn>,
    /// Foreign keys between them.
    pub foreign_keys: Vec<CatalogueForeignKey>,
    /// Parents of partitions and of tables that inherit. A table without a rule has the rule of its parent.
    pub parents: BTreeMap<TableName, TableName>,
}
