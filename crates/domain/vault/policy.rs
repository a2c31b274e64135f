//! Vault policies for copies: one for the writer of copies, one for their readers, one for the reaper.
//!
//! The writer's policy has `create` but not `update` on values below the targets, so the server refuses to overwrite a
//! value. A Vault policy cannot express every pattern: `*` is valid only at the end. A target pattern that cannot be
//! expressed is omitted, and a sensitive pattern is named in a comment. EoD enforces both independently of the policy.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::vault::globs::Globs;
use crate::vault::path::{MountPath, SecretPath};
use crate::vault::provenance::EnvironmentLabel;

/// Maximum depth of a denied sensitive folder below a source. Vault has no pattern for any depth that has
/// precedence over a right.
const DENIED_DEPTH: usize = 6;

/// Content of the writer's policy.
#[derive(Clone, Debug)]
pub struct CloneRights {
    /// Mount of the sources.
    pub mount: MountPath,
    /// Folders or secrets that may be copied.
    pub sources: Vec<SecretPath>,
    /// Mount of the targets.
    pub target_mount: MountPath,
    /// Patterns of allowed targets.
    pub targets: Globs,
    /// Patterns of sensitive secrets.
    pub sensitive: Globs,
    /// True if new overrides may be written to copies without edits.
    pub update: bool,
}

/// Reader of the policy.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Reader of one environment's copies.
    Environment(EnvironmentLabel),
    /// Reader in any environment: a pod reads the copies of the environment of its own namespace.
    Namespace {
        /// Accessor of the kubernetes auth mount (`vault auth list`).
        accessor: String,
    },
}

/// Form of a pattern on one mount.
#[derive(Debug, PartialEq)]
enum PatternForm<'a> {
    /// Folder directly below the mount.
    Below(&'a str),
    /// Folder at any depth.
    Anywhere(&'a str),
    /// Pattern of another mount.
    Elsewhere,
    /// Pattern that a policy cannot express.
    Inexpressible,
}

/// Policy of the token that writes copies, as HCL.
pub fn cloner_policy(rights: &CloneRights) -> String {
    let mut text = String::from(
        "# EoD: creates and deletes copies. Cannot overwrite a value and cannot read sensitive secrets.\n",
    );
    let (mount, target_mount) = (&rights.mount, &rights.target_mount);
    for source in &rights.sources {
        comment(&mut text, "Sources");
        rule(&mut text, &format!("{mount}/data/{source}"), &["read"]);
        rule(&mut text, &format!("{mount}/data/{source}/*"), &["read"]);
        rule(&mut text, &format!("{mount}/metadata/{source}"), &["list"]);
        rule(&mut text, &format!("{mount}/metadata/{source}/*"), &["list"]);
    }
    let write: &[&str] = if rights.update { &["create", "read", "update"] } else { &["create", "read"] };
    for pattern in rights.targets.patterns() {
        match pattern_form(pattern, target_mount) {
            PatternForm::Below(folder) | PatternForm::Anywhere(folder) => {
                comment(&mut text, &format!("Targets: `{pattern}`"));
                rule(&mut text, &format!("{target_mount}/data/{folder}/*"), write);
                let all = ["create", "read", "update", "delete", "list"];
                rule(&mut text, &format!("{target_mount}/metadata/{folder}/*"), &all);
            }
            PatternForm::Elsewhere => {}
            PatternForm::Inexpressible => {
                comment(&mut text, &format!("A policy cannot express the target `{pattern}`; write its rules by hand"));
            }
        }
    }
    for pattern in rights.sensitive.patterns() {
        deny(&mut text, rights, pattern);
    }
    comment(&mut text, "The token itself");
    rule(&mut text, "auth/token/lookup-self", &["read"]);
    rule(&mut text, "auth/token/renew-self", &["update"]);
    text
}

/// Policy of the applications that read the copies, as HCL.
pub fn reader_policy(mount: &MountPath, reader: &Reader) -> String {
    let mut text = String::from("# EoD: reads the copies of one environment only.\n\n");
    let environment = match reader {
        Reader::Environment(environment) => environment.to_string(),
        Reader::Namespace { accessor } => {
            format!("{{{{identity.entity.aliases.{accessor}.metadata.service_account_namespace}}}}")
        }
    };
    rule(&mut text, &format!("{mount}/data/preview/{environment}"), &["read"]);
    rule(&mut text, &format!("{mount}/data/preview/{environment}/*"), &["read"]);
    text
}

/// Policy of the reaper, as HCL: it lists, reads and deletes the metadata below the targets. It has no right to a value.
///
/// A list of a target's own folder needs no rule of its own: Vault appends a slash to it, which `/*` matches.
pub fn reaper_policy(target_mount: &MountPath, targets: &Globs) -> String {
    let mut text = String::from("# EoD: finds and deletes the copies of ended environments. Cannot read a value.\n");
    for pattern in targets.patterns() {
        match pattern_form(pattern, target_mount) {
            PatternForm::Below(folder) | PatternForm::Anywhere(folder) => {
                comment(&mut text, &format!("Targets: `{pattern}`"));
                rule(&mut text, &format!("{target_mount}/metadata/{folder}/*"), &["list", "read", "delete"]);
            }
            PatternForm::Elsewhere => {}
            PatternForm::Inexpressible => {
                comment(&mut text, &format!("A policy cannot express the target `{pattern}`; write its rules by hand"));
            }
        }
    }
    comment(&mut text, "The token itself");
    rule(&mut text, "auth/token/lookup-self", &["read"]);
    rule(&mut text, "auth/token/renew-self", &["update"]);
    text
}

fn deny(text: &mut String, rights: &CloneRights, pattern: &str) {
    let mut paths = BTreeSet::new();
    let mut inexpressible = false;
    for mount in BTreeSet::from([&rights.mount, &rights.target_mount]) {
        match pattern_form(pattern, mount) {
            PatternForm::Elsewhere => {}
            PatternForm::Inexpressible => inexpressible = true,
            PatternForm::Below(folder) => paths.extend(folder_rules(&format!("{mount}/data"), folder)),
            PatternForm::Anywhere(folder) => {
                paths.extend(folder_rules(&format!("{mount}/data"), folder));
                for source in rights.sources.iter().filter(|_| *mount == rights.mount) {
                    paths.extend(deep_rules(&format!("{mount}/data/{source}"), folder));
                }
            }
        }
    }
    let what = if inexpressible { "a policy cannot express all of it" } else { "below a source down to six folders" };
    comment(text, &format!("Sensitive: `{pattern}`, {what}; EoD refuses it at any depth"));
    for path in paths {
        rule(text, &path, &["deny"]);
    }
}

/// Rules for a folder and everything below it.
fn folder_rules(parent: &str, folder: &str) -> [String; 2] {
    [format!("{parent}/{folder}"), format!("{parent}/{folder}/*")]
}

/// Rules for a folder at every depth below a source. Of two matching rules Vault uses the one without `*`, so with a right
/// on `<source>/*` only rules with a fixed number of segments deny.
fn deep_rules(source: &str, folder: &str) -> Vec<String> {
    let mut rules = folder_rules(source, folder).to_vec();
    for above in 1..DENIED_DEPTH {
        for below in 0..=(DENIED_DEPTH - above) {
            rules.push(format!("{source}{}/{folder}{}", "/+".repeat(above), "/+".repeat(below)));
        }
    }
    rules
}

/// Classifies a pattern. A policy can express `<mount>/<folder>/*` and `*/<folder>/*`.
fn pattern_form<'a>(pattern: &'a str, mount: &MountPath) -> PatternForm<'a> {
    let Some(before) = pattern.strip_suffix("/*") else { return PatternForm::Inexpressible };
    let expressible = |folder: &str| !folder.contains(['*', '+', '"', '\\', '{']);
    if let Some(folder) = before.strip_prefix("*/") {
        return if expressible(folder) { PatternForm::Anywhere(folder) } else { PatternForm::Inexpressible };
    }
    match before.strip_prefix(mount.as_str()).and_then(|rest| rest.strip_prefix('/')) {
        Some(folder) if expressible(folder) => PatternForm::Below(folder),
        Some(_) => PatternForm::Inexpressible,
        None if before.contains('*') => PatternForm::Inexpressible,
        None => PatternForm::Elsewhere,
    }
}

fn comment(text: &mut String, words: &str) {
    // Writing to a String does not fail.
    let _written = writeln!(text, "\n# {words}");
}

fn rule(text: &mut String, path: &str, capabilities: &[&str]) {
    let capabilities: Vec<_> = capabilities.iter().map(|capability| format!("\"{capability}\"")).collect();
    let path = path.replace('\\', "\\\\").replace('"', "\\\"");
    // Writing to a String does not fail.
    let _written = writeln!(text, "path \"{path}\" {{ capabilities = [{}] }}", capabilities.join(", "));
}

#[cfg(test)]
mod tests;
