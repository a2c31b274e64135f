//! Scope of SQL: the tables that migrations touch, found by a walk over their syntax.
//!
//! # Guarantees
//!
//! - Statements that the walk cannot analyse widen the scope to all tables ([`Widening`]), each with file, line and
//!   reason: dynamic SQL, calls of unknown routines, text that does not parse, templates, meta-commands of psql.
//! - No text ends the process: size, tokens per statement and nesting are bounded before the parser runs, and the parser
//!   runs on a thread with a large stack.
//!
//! # Caveats
//!
//! - Names are those of the text. [`MigrationScope::resolve`] finds the tables of views, partitions and sequences.
//! - A table can be named too many: names of transition tables and of temporary tables are listed, too.

mod builtin;
mod into_clause;
mod prepare;
mod relations;
mod resolve;
mod routine;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::resolve::{ResolvedScope, SchemaRelations};

use self::prepare::prepared;
use self::walk::ScopeWalk;

/// Stack of the parser's thread. A statement of [`prepare::TOKENS`] tokens needs a tenth of it.
const STACK: usize = 256 << 20;

/// Maximum number of routines that are followed.
const ROUTINES: usize = 1000;

/// A file with SQL.
#[derive(Clone, Copy, Debug)]
pub struct SqlFile<'a> {
    /// Name for messages.
    pub name: &'a str,
    /// Content.
    pub content: &'a [u8],
}

/// A name in SQL: lower case unless it was quoted. The schema is none if the text has none.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SqlName {
    /// Schema.
    pub schema: Option<String>,
    /// Name.
    pub name: String,
}

/// A position in a file.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SqlPlace {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// A column that a migration adds or whose type it changes. It has no rule in a policy yet.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct AddedColumn {
    /// Table.
    pub table: SqlName,
    /// Column.
    pub column: String,
    /// Type as written.
    pub type_name: String,
    /// Position.
    pub place: SqlPlace,
}

/// A table that gets another name or schema.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RenamedTable {
    /// Old name.
    pub from: SqlName,
    /// New name.
    pub to: SqlName,
    /// Position.
    pub place: SqlPlace,
}

/// Reason for a migration to touch all tables.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub enum WideningReason {
    /// SQL that is built at run time.
    #[error("SQL is built at run time")]
    Dynamic,
    /// Routine that no file defines.
    #[error("routine `{0}` is not defined in these files")]
    UnknownRoutine(SqlName),
    /// Routine in a language other than SQL and PL/pgSQL.
    #[error("a body in language `{0}` cannot be read")]
    Language(String),
    /// Prepared statement that no file prepares.
    #[error("prepared statement `{0}` is not prepared in these files")]
    UnknownPrepared(String),
    /// Text that does not parse.
    #[error("text does not parse as PostgreSQL: {0}")]
    Syntax(String),
    /// Template that is not rendered.
    #[error("`{0}` is a part of a template that is not rendered; print the SQL of the migration first")]
    Template(String),
    /// Meta-command of psql.
    #[error("`{0}` is a meta-command of psql")]
    MetaCommand(String),
    /// Data block without its end.
    #[error("the data of COPY must end with `\\.`")]
    CopyData,
    /// Statement that concerns objects of unknown tables.
    #[error("`{0}` can change any table")]
    Unnamed(String),
    /// Text above a limit.
    #[error("the text has more than {limit} {unit}")]
    TooLarge {
        /// Maximum.
        limit: usize,
        /// Unit of the maximum.
        unit: &'static str,
    },
    /// Bytes that are not UTF-8.
    #[error("the file is not UTF-8")]
    NotText,
    /// Parser that failed.
    #[error("the parser failed on this file")]
    Parser,
}

/// A statement that widens the scope to all tables.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Widening {
    /// Position.
    pub place: SqlPlace,
    /// Begin of the statement, at most 80 characters.
    pub statement: String,
    /// Reason.
    pub reason: WideningReason,
}

/// Definitions of existing routines by name, as `pg_get_functiondef` prints them. Calls of these are followed.
pub type RoutineTexts = BTreeMap<SqlName, Vec<String>>;

/// Tables that SQL touches.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MigrationScope {
    /// Tables and views that are named, with their first positions. New tables are in here, too.
    pub tables: BTreeMap<SqlName, SqlPlace>,
    /// Tables and views that are created.
    pub created: BTreeSet<SqlName>,
    /// Sequences that are named.
    pub sequences: BTreeMap<SqlName, SqlPlace>,
    /// Columns that are added, or get another type.
    pub added_columns: Vec<AddedColumn>,
    /// Tables that get another name.
    pub renamed: Vec<RenamedTable>,
    /// Statements that touch all tables. Empty if all statements were understood.
    pub all_tables: Vec<Widening>,
}

impl MigrationScope {
    fn widen(&mut self, file: &str, line: u32, text: &str, reason: WideningReason) {
        let statement: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect();
        let widening = Widening { place: SqlPlace { file: file.to_owned(), line }, statement, reason };
        if !self.all_tables.contains(&widening) {
            self.all_tables.push(widening);
        }
    }
}

/// Finds the tables that files touch, in the order of the files. `routines` are existing routines that they can call.
pub fn touched_tables(files: &[SqlFile<'_>], routines: &RoutineTexts) -> MigrationScope {
    let run = || walk(files, routines);
    let result = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sql-scope".to_owned()).stack_size(STACK);
        thread.spawn_scoped(scope, run).map(std::thread::ScopedJoinHandle::join)
    });
    match result {
        Ok(Ok(scope)) => scope,
        // A thread that does not start, or a panic of the parser.
        Ok(Err(_)) | Err(_) => {
            let mut scope = MigrationScope::default();
            for file in files {
                scope.widen(file.name, 1, "", WideningReason::Parser);
            }
            scope
        }
    }
}

fn walk(files: &[SqlFile<'_>], routines: &RoutineTexts) -> MigrationScope {
    let mut walk = ScopeWalk::default();
    for file in files {
        match std::str::from_utf8(file.content) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                let ready = prepared(file.name, text, &mut walk.scope);
                walk.file(file.name, &ready);
            }
            Err(_) => walk.scope.widen(file.name, 1, "", WideningReason::NotText),
        }
    }
    // Routines of the database that the files call, and those that these call.
    let mut followed = BTreeSet::new();
    while let Some((name, texts)) = walk.next_routine(routines, &followed) {
        followed.insert(name.clone());
        if followed.len() > ROUTINES {
            walk.scope.widen(&name.to_string(), 1, "", WideningReason::TooLarge { limit: ROUTINES, unit: "routines" });
            break;
        }
        for text in texts {
            let file = format!("routine {name}");
            let ready = prepared(&file, text, &mut walk.scope);
            walk.file(&file, &ready);
        }
    }
    walk.finish()
}

impl SqlName {
    /// Name from its parts, the last one first found: `a.b.c` has the schema `b`, because a database must be the own one.
    pub(crate) fn from_parts(mut parts: Vec<String>) -> Option<Self> {
        let name = parts.pop()?;
        Some(Self { schema: parts.pop(), name })
    }

    /// True if both can mean one object: a name without a schema can be in any.
    pub fn can_be(&self, other: &Self) -> bool {
        let schemas = (&self.schema, &other.schema);
        self.name == other.name && !matches!(schemas, (Some(one), Some(other)) if one != other)
    }
}

impl fmt::Display for SqlName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place: SqlPlace { file, line }, statement, reason } = self;
        write!(f, "{file}:{line}: {reason}")?;
        if statement.is_empty() { Ok(()) } else { write!(f, ": {statement}") }
    }
}

#[cfg(test)]
mod tests;
