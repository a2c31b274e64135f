//! Missing privileges, read from the English messages of the server. The server names the object but not the privilege,
//! which follows from the statement.

/// A privilege that the role needs for a statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingPrivilege {
    /// The privilege.
    pub privilege: PostgresPrivilege,
    /// Kind of the object in the words of SQL, for example `table`; empty for an attribute of the role.
    pub object_kind: String,
    /// Name of the object without schema, as the server wrote it; empty for an attribute of the role.
    pub object: String,
}

/// Privileges and attributes of roles.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PostgresPrivilege {
    /// CONNECT on a database.
    Connect,
    /// CREATE on a database or schema.
    Create,
    /// The attribute CREATEDB of the role.
    CreateDatabase,
    /// The attribute CREATEROLE of the role.
    CreateRole,
    /// DELETE on a table.
    Delete,
    /// EXECUTE on a function or procedure.
    Execute,
    /// INSERT on a table.
    Insert,
    /// Membership in the role.
    Membership,
    /// Ownership of the object.
    Owner,
    /// SELECT on a table or sequence.
    Select,
    /// The attribute SUPERUSER of the role, or membership in a predefined role.
    Superuser,
    /// TRUNCATE on a table.
    Truncate,
    /// UPDATE on a table.
    Update,
    /// USAGE on a schema, type, language or foreign server.
    Usage,
}

impl MissingPrivilege {
    /// The missing privilege that a message names; `None` for other errors and for messages in another language.
    pub(super) fn of(sqlstate: &str, message: &str, sql: &str) -> Option<Self> {
        if sqlstate != "42501" {
            return None;
        }
        let role = |privilege| Self { privilege, object_kind: String::new(), object: String::new() };
        if let Some(rest) = message.strip_prefix("permission denied for ") {
            let (kind, object) = split(rest)?;
            let privilege = needed(kind, sql);
            return Some(Self { privilege, object_kind: kind.to_owned(), object: object.to_owned() });
        }
        if let Some(rest) = message.strip_prefix("must be owner of ") {
            let (kind, object) = split(rest)?;
            return Some(Self {
                privilege: PostgresPrivilege::Owner,
                object_kind: kind.to_owned(),
                object: object.to_owned(),
            });
        }
        let member = ["must be member of role ", "must be able to SET ROLE ", "permission denied to set role "];
        if let Some(name) = member.iter().find_map(|begin| message.strip_prefix(begin)) {
            let object = name.trim_matches('"').to_owned();
            return Some(Self { privilege: PostgresPrivilege::Membership, object_kind: "role".to_owned(), object });
        }
        if message.starts_with("permission denied to create database") {
            Some(role(PostgresPrivilege::CreateDatabase))
        } else if message.starts_with("permission denied to create role") || message.starts_with("must have CREATEROLE")
        {
            Some(role(PostgresPrivilege::CreateRole))
        } else if message.starts_with("must be superuser") {
            Some(role(PostgresPrivilege::Superuser))
        } else {
            None
        }
    }
}

/// Splits `foreign server "x"` or `table x`.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    // Names in quotes may contain spaces; older servers write some names without quotes.
    let at = if text.ends_with('"') { text.find(" \"")? } else { text.rfind(' ')? };
    let (kind, object) = text.split_at(at);
    Some((kind, object.trim().trim_matches('"')))
}

fn needed(kind: &str, sql: &str) -> PostgresPrivilege {
    let sql = sql.trim_start().to_ascii_uppercase();
    let begins = |word: &str| sql.starts_with(word);
    match kind {
        "database" if begins("CREATE") => PostgresPrivilege::Create,
        "database" => PostgresPrivilege::Connect,
        "schema" if begins("CREATE") || begins("ALTER") => PostgresPrivilege::Create,
        "function" | "procedure" | "routine" | "aggregate" => PostgresPrivilege::Execute,
        "table" | "view" | "materialized view" | "sequence" | "column" | "foreign table" => {
            if begins("INSERT") || (begins("COPY") && sql.contains(" FROM ")) {
                PostgresPrivilege::Insert
            } else if begins("UPDATE") {
                PostgresPrivilege::Update
            } else if begins("DELETE") {
                PostgresPrivilege::Delete
            } else if begins("TRUNCATE") {
                PostgresPrivilege::Truncate
            } else {
                PostgresPrivilege::Select
            }
        }
        _ => PostgresPrivilege::Usage,
    }
}

#[cfg(test)]
mod tests;
