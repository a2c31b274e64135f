//! Table of contents of an archive of `pg_dump`: the entries that a golden database gets.

use std::collections::BTreeSet;

/// Object of a database: the catalogue and the object id in it.
pub(crate) type ObjectId = (u32, u32);

/// Entries of an archive, as lists for `pg_restore --use-list`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ArchiveEntries {
    /// Entries to restore.
    pub(crate) structure: String,
    /// Entries that only a superuser can restore.
    pub(crate) superuser: String,
    /// Entries with privileges.
    pub(crate) privileges: String,
    /// Descriptions of entries that are left out and are not objects on the list of the caller.
    pub(crate) left_out: Vec<String>,
}

/// Entries that a golden database never has: they connect to other servers, run by themselves or belong to the server.
const NEVER: [&str; 11] = [
    "EVENT TRIGGER ",
    "USER MAPPING ",
    "SERVER ",
    "FOREIGN DATA WRAPPER ",
    "FOREIGN TABLE ",
    "SUBSCRIPTION ",
    "SUBSCRIPTION TABLE ",
    "SECURITY LABEL ",
    "DATABASE ",
    "DATABASE PROPERTIES ",
    // The build creates them, each in its schema.
    "EXTENSION ",
];
/// Entry that only a superuser can restore.
const WIDE: &str = "PUBLICATION TABLES IN SCHEMA ";
/// Comments on such objects, after the schema.
const NEVER_COMMENTED: [&str; 7] = [
    "EVENT TRIGGER ",
    "SERVER ",
    "FOREIGN DATA WRAPPER ",
    "FOREIGN TABLE ",
    "SUBSCRIPTION ",
    "DATABASE ",
    "EXTENSION ",
];

impl ArchiveEntries {
    /// Chooses from the output of `pg_restore --list`. Objects of `removed` are left out, with their comments; objects of
    /// `existing` without them. Objects of `wide` need a superuser.
    pub(crate) fn choose(
        list: &str,
        removed: &BTreeSet<ObjectId>,
        existing: &BTreeSet<ObjectId>,
        wide: &BTreeSet<ObjectId>,
    ) -> Self {
        let entries: Vec<_> = list.lines().filter_map(TocLine::parse).collect();
        let (mut gone, mut wide_entries) = (Vec::new(), Vec::new());
        for entry in &entries {
            if wide.contains(&entry.object) {
                wide_entries.push(entry.text);
            }
            if removed.contains(&entry.object) || NEVER.iter().any(|kind| entry.text.starts_with(kind)) {
                gone.push(entry.text);
            }
        }
        let mut found = Self::default();
        for entry in entries {
            let comment = entry.text.strip_prefix("COMMENT ");
            let is_gone = removed.contains(&entry.object)
                || NEVER.iter().any(|kind| entry.text.starts_with(kind))
                || comment.is_some_and(|comment| belongs_to(comment, &gone));
            if ["ACL ", "DEFAULT ACL "].iter().any(|kind| entry.text.starts_with(kind)) {
                push(&mut found.privileges, entry.line);
            } else if existing.contains(&entry.object) {
                continue;
            } else if wide.contains(&entry.object)
                || entry.text.starts_with(WIDE)
                || comment.is_some_and(|comment| !is_gone && belongs_to(comment, &wide_entries))
            {
                push(&mut found.superuser, entry.line);
            } else if !is_gone {
                push(&mut found.structure, entry.line);
            } else if comment.is_none() && !removed.contains(&entry.object) && !entry.text.starts_with("EXTENSION ") {
                found.left_out.push(entry.text.to_owned());
            }
        }
        found
    }
}

/// A line of the list: `dump id; catalogue, object id, description`.
struct TocLine<'a> {
    line: &'a str,
    object: ObjectId,
    /// Kind, schema, name and owner.
    text: &'a str,
}

impl<'a> TocLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (number, rest) = line.split_once("; ")?;
        number.parse::<u32>().ok()?;
        let (catalogue, rest) = rest.split_once(' ')?;
        let (object, text) = rest.split_once(' ')?;
        Some(Self { line, object: (catalogue.parse().ok()?, object.parse().ok()?), text })
    }
}

/// True if a comment is that of an entry, or of a column of its table. `comment` is the schema, the kind, the name and the
/// owner.
fn belongs_to(comment: &str, entries: &[&str]) -> bool {
    let Some((schema, commented)) = comment.split_once(' ') else { return false };
    if NEVER_COMMENTED.iter().any(|kind| commented.starts_with(kind)) {
        return true;
    }
    entries.iter().any(|entry| {
        // The kind has capital letters and spaces, and the schema is the first word after it.
        let separator = format!(" {schema} ");
        let Some((kind, name)) = entry.split_once(&separator) else { return false };
        if commented.strip_prefix(kind).is_some_and(|rest| rest.strip_prefix(' ') == Some(name)) {
            return true;
        }
        let table = name.rsplit_once(' ').map_or(name, |(name, _)| name);
        commented.strip_prefix("COLUMN ").is_some_and(|column| column.starts_with(&format!("{table}.")))
    })
}

fn push(list: &mut String, line: &str) {
    list.push_str(line);
    list.push('\n');
}

#[cfg(test)]
mod tests;
