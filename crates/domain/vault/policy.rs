//! The two policies for Vault that go with the copies: one for whoever makes them, one for whoever reads them.
//!
//! The cloner's has `create` and no `update` on the values below the targets, so the server itself refuses to
//! overwrite anything. A Vault policy cannot say all that a pattern says: a `*` stands only at its end. What cannot be
//! said is left out where it would allow, and named in a comment where it would deny; EoD refuses it in any case.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::vault::globs::Globs;
use crate::vault::path::{MountPath, SecretPath};
use crate::vault::provenance::EnvironmentLabel;

/// How deep below a source a folder named by a pattern is denied; Vault has no "at any depth" that beats a right.
const DENIED_DEPTH: usize = 6;

/// What the cloner's policy is made of.
#[derive(Clone, Debug)]
pub struct CloneRights {
    /// Where the sources are.
    pub mount: MountPath,
    /// Folders or secrets that may be copied.
    pub sources: Vec<SecretPath>,
    /// Where the copies go.
    pub target_mount: MountPath,
    /// Patterns of the targets.
    pub targets: Globs,
    /// Patterns of what must never be read.
    pub sensitive: Globs,
    /// Whether raised overrides may be written into copies that nobody edited.
    pub update: bool,
}

/// Whose reader's policy it is.
#[derive(Clone, Debug)]
pub enum Reader {
    /// One environment's copies.
    Environment(EnvironmentLabel),
    /// For every environment at once: the copies of the environment whose namespace the pod runs in. The text is the
    /// accessor of the kubernetes auth mount (`vault auth list`).
    Namespace {
        /// The accessor.
        accessor: String,
    },
}

/// What a pattern comes down to on one mount.
#[derive(Debug, PartialEq)]
enum Place<'a> {
    /// The folder stands right below the mount.
    Below(&'a str),
    /// The folder stands anywhere.
    Anywhere(&'a str),
    /// Another mount.
    Elsewhere,
    /// More than a policy can say.
    Unsayable,
}

/// The policy of the token the provider uses, as HCL.
pub fn cloner_policy(rights: &CloneRights) -> String {
    let mut text =
        String::from("# EoD: makes and removes copies. Cannot overwrite a value and cannot read what is sensitive.\n");
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
        match place(pattern, target_mount) {
            Place::Below(folder) | Place::Anywhere(folder) => {
                comment(&mut text, &format!("Targets: `{pattern}`"));
                rule(&mut text, &format!("{target_mount}/data/{folder}/*"), write);
                let all = ["create", "read", "update", "delete", "list"];
                rule(&mut text, &format!("{target_mount}/metadata/{folder}/*"), &all);
            }
            Place::Elsewhere => {}
            Place::Unsayable => {
                comment(&mut text, &format!("A policy cannot say the target `{pattern}`; write its rules by hand"));
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

/// The policy of the applications that read the copies, as HCL.
pub fn reader_policy(mount: &MountPath, reader: &Reader) -> String {
    let mut text = String::from("# EoD: reads the copies of one environment, and nothing else.\n\n");
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

fn deny(text: &mut String, rights: &CloneRights, pattern: &str) {
    let mut paths = BTreeSet::new();
    let mut unsayable = false;
    for mount in BTreeSet::from([&rights.mount, &rights.target_mount]) {
        match place(pattern, mount) {
            Place::Elsewhere => {}
            Place::Unsayable => unsayable = true,
            Place::Below(folder) => paths.extend(folder_rules(&format!("{mount}/data"), folder)),
            Place::Anywhere(folder) => {
                paths.extend(folder_rules(&format!("{mount}/data"), folder));
                for source in rights.sources.iter().filter(|_| *mount == rights.mount) {
                    paths.extend(deep_rules(&format!("{mount}/data/{source}"), folder));
                }
            }
        }
    }
    let what = if unsayable { "a policy cannot say all of it" } else { "below a source down to six folders" };
    comment(text, &format!("Sensitive: `{pattern}`, {what}; EoD refuses it at any depth"));
    for path in paths {
        rule(text, &path, &["deny"]);
    }
}

/// The folder and all below it.
fn folder_rules(parent: &str, folder: &str) -> [String; 2] {
    [format!("{parent}/{folder}"), format!("{parent}/{folder}/*")]
}

/// The folder at every depth below a source. Of two rules that fit, Vault takes the one without `*`, so beside a
/// right on `<source>/*` only rules with a fixed number of segments deny.
fn deep_rules(source: &str, folder: &str) -> Vec<String> {
    let mut rules = folder_rules(source, folder).to_vec();
    for above in 1..DENIED_DEPTH {
        for below in 0..=(DENIED_DEPTH - above) {
            rules.push(format!("{source}{}/{folder}{}", "/+".repeat(above), "/+".repeat(below)));
        }
    }
    rules
}

/// Patterns that a policy can say: `<mount>/<folder>/*` and `*/<folder>/*`.
fn place<'a>(pattern: &'a str, mount: &MountPath) -> Place<'a> {
    let Some(before) = pattern.strip_suffix("/*") else { return Place::Unsayable };
    let sayable = |folder: &str| !folder.contains(['*', '+', '"', '\\', '{']);
    if let Some(folder) = before.strip_prefix("*/") {
        return if sayable(folder) { Place::Anywhere(folder) } else { Place::Unsayable };
    }
    match before.strip_prefix(mount.as_str()).and_then(|rest| rest.strip_prefix('/')) {
        Some(folder) if sayable(folder) => Place::Below(folder),
        Some(_) => Place::Unsayable,
        None if before.contains('*') => Place::Unsayable,
        None => Place::Elsewhere,
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
