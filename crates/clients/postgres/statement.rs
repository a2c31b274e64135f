//! A statement with its name for errors.

/// Name of the system in errors.
pub(super) const SYSTEM: &str = "PostgreSQL";

/// A statement of SQL. Errors name its operation and its target, and never its text, which may contain a secret.
#[derive(Clone, Copy)]
pub struct SqlStatement<'a> {
    pub(super) operation: &'static str,
    pub(super) target: &'a str,
    pub(super) sql: &'a str,
}

impl<'a> SqlStatement<'a> {
    /// A statement: a verb and a noun for errors, such as `create` and ``database `shop` ``, and its text.
    pub fn new(operation: &'static str, target: &'a str, sql: &'a str) -> Self {
        Self { operation, target, sql }
    }
}
