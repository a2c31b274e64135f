//! Privileges as statements of `pg_restore`, with the role that each of them is for.

use crate::sql::quoted_name;

/// A statement that grants or revokes privileges.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PrivilegeStatement {
    /// Statement without a semicolon.
    pub(crate) sql: String,
    /// Role that gets or loses the privileges; none for PUBLIC.
    pub(crate) role: Option<String>,
}

/// Begin of a statement about later objects of a role.
const LATER: &str = "ALTER DEFAULT PRIVILEGES FOR ROLE ";

/// Statements of a script. `pg_dump` writes each of them on one line and for one role. Privileges of later objects become
/// those of `objects_role`, which creates them in a golden database.
pub(crate) fn privilege_statements(script: &str, objects_role: &str) -> Vec<PrivilegeStatement> {
    script.lines().filter_map(|line| statement(line.trim(), objects_role)).collect()
}

fn statement(line: &str, objects_role: &str) -> Option<PrivilegeStatement> {
    let sql = line.strip_suffix(';')?;
    let mut sql = sql.to_owned();
    if let Some(rest) = sql.strip_prefix(LATER) {
        let end = end_of_name(rest)?;
        let rest = rest.get(end..)?;
        sql = format!("{LATER}{}{rest}", quoted_name(objects_role));
    } else if !["GRANT ", "REVOKE "].iter().any(|word| sql.starts_with(word)) {
        return None;
    }
    let at = last_keyword(&sql, &[" TO ", " FROM "])?;
    let name = sql.get(at..)?;
    let name = name.get(..end_of_name(name)?)?;
    let role = match name.strip_prefix('"') {
        None if name == "PUBLIC" => None,
        None => Some(name.to_owned()),
        Some(quoted) => Some(quoted.strip_suffix('"')?.replace("\"\"", "\"")),
    };
    Some(PrivilegeStatement { sql, role })
}

/// Index after the last of the keywords that is not inside of double quotes.
fn last_keyword(sql: &str, keywords: &[&str]) -> Option<usize> {
    let mut found = None;
    let mut is_quoted = false;
    for (at, character) in sql.char_indices() {
        if character == '"' {
            is_quoted = !is_quoted;
        }
        if !is_quoted {
            let keyword = keywords.iter().find(|keyword| sql.get(at..).is_some_and(|rest| rest.starts_with(**keyword)));
            found = keyword.map(|keyword| at + keyword.len()).or(found);
        }
    }
    found
}

/// Length of the name at the beginning of a text, with its quotes.
fn end_of_name(text: &str) -> Option<usize> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Some(text.find(' ').unwrap_or(text.len()));
    };
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '"' && characters.next_if(|(_, next)| *next == '"').is_none() {
            return Some(at + 2);
        }
    }
    None
}

#[cfg(test)]
mod tests;
