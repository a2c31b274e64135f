//! Ownership TXT records in the format of ExternalDNS's TXT registry.
//!
//! Source: the page "TXT registry" of the ExternalDNS documentation, and its packages `registry/mapper` and `endpoint` (0.18
//! and newer: one TXT record per record, with the type in its name). An ExternalDNS with another owner id does not change
//! records with such a TXT record, so EoD and ExternalDNS can use one zone.

use std::collections::BTreeMap;

use crate::dns::record::{RecordSet, RecordType};
use crate::dns::record_name::{RecordName, RecordNameError};
use crate::installation::Installation;
use crate::name::EnvironmentName;
use crate::text::text_type;

text_type! {
    /// Prefix of the names of TXT records, as the flag `--txt-prefix` of ExternalDNS, in lower case. `%{record_type}` is
    /// replaced by the type of the record.
    pub struct TxtPrefix, parse = parse_prefix, error = TxtPrefixError
}

/// Reasons to refuse a prefix of TXT names.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TxtPrefixError {
    /// A character that is not allowed.
    #[error(
        "txt_prefix `{text}` contains {character:?}: allowed are letters, digits, `-`, `_`, `.` and `%{{record_type}}`"
    )]
    Character {
        /// Input text.
        text: String,
        /// First character that is not allowed.
        character: char,
    },
    /// An empty label.
    #[error("txt_prefix `{0}` has an empty part before a dot")]
    EmptyPart(String),
    /// Nothing separates the type from the host, so the name of a TXT record could be read in two ways.
    #[error("txt_prefix `{0}` must have `-`, `_` or `.` after `%{{record_type}}`")]
    NoSeparator(String),
}

/// Owner of the records of an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordOwner {
    /// Installation.
    pub installation: Installation,
    /// Environment.
    pub environment: EnvironmentName,
}

/// Labels of an ownership TXT record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnershipTxt {
    /// Owner id: `eod-<installation>`, or the id of an ExternalDNS.
    pub owner: String,
    /// Object that needs the record, `<kind>/<namespace>/<name>`.
    pub resource: Option<String>,
    /// All other labels.
    pub others: BTreeMap<String, String>,
}

/// Relation of a TXT record to an owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TxtState {
    /// No TXT record.
    Absent,
    /// Owned by this environment.
    Ours,
    /// Owned by another environment of this installation, or by a resource that is not an environment.
    OtherEnvironment(OwnershipTxt),
    /// Owned by another installation of EoD.
    OtherInstallation(OwnershipTxt),
    /// Owned by an ExternalDNS.
    ExternalDns(OwnershipTxt),
    /// A TXT record without readable labels: encrypted, written by other software, or changed by hand.
    Unreadable,
}

/// TTL of ownership TXT records in seconds. Only EoD and ExternalDNS read them, through the API.
pub const OWNERSHIP_TTL: u32 = 300;

const HERITAGE: &str = "external-dns";
const OWNER_PREFIX: &str = "eod-";
const RESOURCE_KIND: &str = "eod";
const TYPE_TEMPLATE: &str = "%{record_type}";
/// Maximum length of one string of a TXT value in bytes (RFC 1035, 3.3).
const CHUNK_MAX: usize = 255;

impl Default for TxtPrefix {
    fn default() -> Self {
        Self(String::new())
    }
}

impl RecordOwner {
    /// Labels of the TXT records of the environment.
    pub fn labels(&self) -> OwnershipTxt {
        OwnershipTxt {
            owner: format!("{OWNER_PREFIX}{}", self.installation),
            resource: Some(format!("{RESOURCE_KIND}/{environment}/{environment}", environment = self.environment)),
            others: BTreeMap::new(),
        }
    }

    /// Relation of a TXT record to this owner.
    pub fn state_of(&self, txt: Option<&RecordSet>) -> TxtState {
        let Some(txt) = txt else { return TxtState::Absent };
        let mut values = txt.values();
        let (Some(value), None, None) = (values.next(), values.next(), &txt.routing) else {
            return TxtState::Unreadable;
        };
        let Some(found) = OwnershipTxt::parse(value) else { return TxtState::Unreadable };
        let ours = self.labels();
        if found.owner == ours.owner {
            return if found.resource == ours.resource { TxtState::Ours } else { TxtState::OtherEnvironment(found) };
        }
        if found.owner.starts_with(OWNER_PREFIX) && found.environment().is_some() {
            TxtState::OtherInstallation(found)
        } else {
            TxtState::ExternalDns(found)
        }
    }
}

impl OwnershipTxt {
    /// Reads a TXT value; none if it has no labels of ExternalDNS's registry, has no owner, or has a label twice.
    pub fn parse(value: &str) -> Option<Self> {
        let text = unquote(value)?;
        let mut labels = BTreeMap::new();
        for (key, value) in text.split(',').map(|label| label.split_once('=')).collect::<Option<Vec<_>>>()? {
            if labels.insert(key, value).is_some() || value.contains('=') {
                return None;
            }
        }
        if labels.remove("heritage") != Some(HERITAGE) {
            return None;
        }
        let own = |(key, value): (&str, &str)| {
            let key = key.strip_prefix(HERITAGE)?.strip_prefix('/')?;
            Some((key.to_owned(), value.to_owned()))
        };
        let mut others: BTreeMap<String, String> = labels.into_iter().filter_map(own).collect();
        let owner = others.remove("owner").filter(|owner| !owner.is_empty())?;
        Some(Self { owner, resource: others.remove("resource"), others })
    }

    /// TXT value: labels sorted by key, in quoted strings of at most 255 bytes.
    ///
    /// The owner is always in the first string, which is the part that ExternalDNS needs.
    pub fn value(&self) -> String {
        let own = [("owner", Some(&self.owner)), ("resource", self.resource.as_ref())];
        let mut labels: BTreeMap<&str, &str> =
            self.others.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        labels.extend(own.into_iter().filter_map(|(key, value)| Some((key, value?.as_str()))));
        let labels: String = labels.into_iter().map(|(key, value)| format!(",{HERITAGE}/{key}={value}")).collect();
        quote(&format!("heritage={HERITAGE}{labels}"))
    }

    /// Name of the environment, if the resource is one.
    pub fn environment(&self) -> Option<&str> {
        let (kind, rest) = self.resource.as_deref()?.split_once('/')?;
        let (namespace, name) = rest.split_once('/')?;
        (kind == RESOURCE_KIND && namespace == name && !name.is_empty()).then_some(name)
    }

    /// Owner and resource in words, for an error.
    pub fn describe(&self) -> String {
        match &self.resource {
            Some(resource) => format!("owner `{}`, resource `{resource}`", self.owner),
            None => format!("owner `{}`", self.owner),
        }
    }
}

/// Name of the TXT record of a record: `<prefix><type>-<first label>.<rest>`, the type in lower case. A prefix with
/// `%{record_type}` has the type in its place: `<prefix><first label>.<rest>`.
///
/// An alias has the name of its own type (`a-`, `aaaa-`). ExternalDNS before 0.22 used `cname-` for an alias of type A: such a
/// TXT record is understood, and never written.
///
/// # Errors
///
/// The name is too long.
pub fn txt_name(
    host: &RecordName,
    record_type: &RecordType,
    prefix: &TxtPrefix,
) -> Result<RecordName, RecordNameError> {
    txt_text(host, record_type, prefix).parse()
}

/// Name of the TXT record of a record that exists, so its length is not checked.
pub(crate) fn listed_txt_name(host: &RecordName, record_type: &RecordType, prefix: &TxtPrefix) -> RecordName {
    RecordName::listed(&txt_text(host, record_type, prefix))
}

/// Record with a TXT record of this name; none if the name does not have the form of a TXT name.
pub fn record_of_txt_name(name: &RecordName, prefix: &TxtPrefix) -> Option<(RecordName, RecordType)> {
    RecordType::OF_HOSTS.into_iter().find_map(|record_type| {
        let host = name.as_str().strip_prefix(&before_host(&record_type, prefix))?;
        (!host.is_empty()).then(|| (RecordName::listed(host), record_type))
    })
}

/// TXT record of a record.
///
/// # Errors
///
/// The name is too long.
pub fn ownership_record(
    record: &RecordSet,
    owner: &RecordOwner,
    prefix: &TxtPrefix,
) -> Result<RecordSet, RecordNameError> {
    let name = txt_name(&record.name, &record.record_type, prefix)?;
    Ok(RecordSet::of_values(name, RecordType::Txt, OWNERSHIP_TTL, [owner.labels().value()]))
}

fn txt_text(host: &RecordName, record_type: &RecordType, prefix: &TxtPrefix) -> String {
    format!("{}{host}", before_host(record_type, prefix))
}

fn before_host(record_type: &RecordType, prefix: &TxtPrefix) -> String {
    let name = record_type.as_str().to_ascii_lowercase();
    match prefix.as_str() {
        template if template.contains(TYPE_TEMPLATE) => template.replace(TYPE_TEMPLATE, &name),
        fixed => format!("{fixed}{name}-"),
    }
}

/// TXT value of a text: quoted strings of at most 255 bytes, separated by spaces.
fn quote(text: &str) -> String {
    let chunks: Vec<String> = text.as_bytes().chunks(CHUNK_MAX).map(|chunk| format!("\"{}\"", escape(chunk))).collect();
    chunks.join(" ")
}

fn escape(chunk: &[u8]) -> String {
    chunk
        .iter()
        .map(|&byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            _ if byte.is_ascii_graphic() || byte == b' ' => char::from(byte).to_string(),
            _ => format!("\\{byte:03o}"),
        })
        .collect()
}

/// Text of a TXT value; none if it is not a list of quoted strings.
fn unquote(value: &str) -> Option<String> {
    let mut text = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        rest = rest.strip_prefix('"')?;
        loop {
            let mut characters = rest.chars();
            match characters.next()? {
                '"' => {
                    rest = characters.as_str();
                    break;
                }
                '\\' => rest = unescape(characters.as_str(), &mut text)?,
                character => {
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = characters.as_str();
                }
            }
        }
        rest = match rest.trim_start() {
            "" => "",
            // Two strings without a space between them are not valid.
            next if next.len() < rest.len() => next,
            _ => return None,
        };
    }
    String::from_utf8(text).ok()
}

/// Reads an escape after its backslash: three octal digits, or one character. Returns the rest.
fn unescape<'a>(rest: &'a str, text: &mut Vec<u8>) -> Option<&'a str> {
    let octal = rest.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
        text.push(byte);
        return rest.get(3..);
    }
    let mut characters = rest.chars();
    text.extend_from_slice(characters.next()?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(characters.as_str())
}

fn parse_prefix(text: &str) -> Result<String, TxtPrefixError> {
    let prefix = text.to_ascii_lowercase();
    let fixed = prefix.replace(TYPE_TEMPLATE, "x");
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if let Some(character) = fixed.chars().find(|c| !allowed(c)) {
        return Err(TxtPrefixError::Character { text: text.to_owned(), character });
    }
    if fixed.starts_with('.') || fixed.contains("..") {
        return Err(TxtPrefixError::EmptyPart(text.to_owned()));
    }
    if prefix.split(TYPE_TEMPLATE).skip(1).any(|after| !after.starts_with(['-', '_', '.'])) {
        return Err(TxtPrefixError::NoSeparator(text.to_owned()));
    }
    Ok(prefix)
}

#[cfg(test)]
mod tests;
