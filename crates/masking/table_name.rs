//! Names of tables, as SQL writes them.

use std::fmt;
use std::str::FromStr;

/// A table with its schema, as in the catalogue: case counts, and no quotes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TableName {
    /// Schema.
    pub schema: String,
    /// Table.
    pub name: String,
}

impl TableName {
    /// Name from its parts.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

/// Text that is not a name of a table.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TableNameError {
    /// Name without a schema.
    #[error("`{0}` has no schema; expected `<schema>.<table>`")]
    NoSchema(String),
    /// More than two parts, an empty part, or wrong quotes.
    #[error("invalid table name `{0}`; expected `<schema>.<table>`, with double quotes around a part that has a dot")]
    Invalid(String),
}

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = parts(text).ok_or_else(|| TableNameError::Invalid(text.to_owned()))?;
        match parts.as_slice() {
            [schema, name] => Ok(Self::new(schema, name)),
            [_] => Err(TableNameError::NoSchema(text.to_owned())),
            _ => Err(TableNameError::Invalid(text.to_owned())),
        }
    }
}

/// Parts of a name between its dots, without quotes; none if a part is empty or has wrong quotes.
fn parts(text: &str) -> Option<Vec<String>> {
    let (mut found, mut rest) = (Vec::new(), text);
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                // Two quotes in a row are one quote of the name.
                let mut part = String::new();
                let mut rest = quoted;
                loop {
                    let (before, after) = rest.split_once('"')?;
                    part.push_str(before);
                    match after.strip_prefix('"') {
                        Some(after) => {
                            part.push('"');
                            rest = after;
                        }
                        None => break (part, after),
                    }
                }
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let (part, after) = rest.split_at_checked(end)?;
                (part.to_owned(), after)
            }
        };
        if part.is_empty() || (!rest.starts_with('"') && part.contains('"')) {
            return None;
        }
        found.push(part);
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None => return after.is_empty().then_some(found),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &str| {
            if part.contains(['.', '"', '*']) { format!("\"{}\"", part.replace('"', "\"\"")) } else { part.to_owned() }
        };
        write!(f, "{}.{}", part(&self.schema), part(&self.name))
    }
}

#[cfg(test)]
mod tests;
