//! Rules for single record sets and for batches, with the messages of the real service.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    change::{ChangeVerb, SubmittedChange},
    record::FakeRecord,
};

/// Maximum number of values in a batch; those of an UPSERT count twice.
const VALUES_MAX: usize = 1_000;

/// Maximum number of characters of all values in a batch; those of an UPSERT count twice.
const CHARACTERS_MAX: usize = 32_000;

/// Maximum TTL in seconds.
const TTL_MAX: i64 = 2_147_483_647;

/// Violation of a limit of a batch.
pub(super) fn batch_fault(changes: &[SubmittedChange]) -> Option<String> {
    let weighted = |measure: &dyn Fn(&str) -> usize| -> usize {
        let of_change = |change: &SubmittedChange| {
            let factor = if change.verb == ChangeVerb::Upsert { 2 } else { 1 };
            change.record.values.iter().map(|value| measure(value)).sum::<usize>() * factor
        };
        changes.iter().map(of_change).sum()
    };
    if weighted(&|_| 1) > VALUES_MAX {
        return Some(format!("Number of records limit of {VALUES_MAX} exceeded."));
    }
    let is_too_long = weighted(&|value| value.chars().count()) > CHARACTERS_MAX;
    is_too_long.then(|| format!("Number of characters limit of {CHARACTERS_MAX} exceeded."))
}

/// Violation of the form of a record set: the code of the error is `InvalidInput`.
pub(super) fn form_fault(record: &FakeRecord) -> Option<String> {
    let is_alias = record.alias.is_some();
    let is_complete = record.ttl.is_some() && !record.values.is_empty();
    let is_empty = record.ttl.is_none() && record.values.is_empty();
    let found = match (is_alias, is_complete, is_empty) {
        (true, _, true) | (false, true, _) => return ttl_fault(record),
        (true, ..) => "more than one",
        (false, false, _) => "none",
    };
    let name = &record.name;
    Some(format!(
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
         TrafficPolicyInstanceId], but found {found} in Change with [Name={name}, Type={}]",
        record.record_type
    ))
}

fn ttl_fault(record: &FakeRecord) -> Option<String> {
    let ttl = record.ttl.filter(|ttl| !(0..=TTL_MAX).contains(ttl))?;
    Some(format!("Invalid TTL {ttl}: expected a value from 0 to {TTL_MAX}"))
}

/// Violations of the rules for names and values. `zone` is the name of the zone as listed.
pub(super) fn record_faults(change: &SubmittedChange, zone: &str) -> Vec<String> {
    let SubmittedChange { record, sent_name, .. } = change;
    let name = &record.name;
    let mut faults = Vec::new();
    if name != zone && !name.ends_with(&format!(".{zone}")) {
        faults.push(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    faults.extend(name_fault(sent_name));
    if record.record_type == "CNAME" && name == zone {
        faults.push(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"));
    }
    faults.extend(record.values.iter().filter_map(|value| value_fault(&record.record_type, value)));
    let mut seen = BTreeSet::new();
    let repeated = record.values.iter().filter(|value| !seen.insert(value.as_str()));
    faults.extend(repeated.map(|value| format!("Duplicate Resource Record: '{value}'")));
    if record.record_type == "CNAME" && record.values.len() > 1 {
        faults.push("A CNAME resource record set can have only one value".to_owned());
    }
    faults
}

fn name_fault(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let problem = |kind: &str, explained: &str| {
        Some(format!("Invalid Resource Record: 'FATAL problem: {kind} ({explained}) encountered with '{name}''"))
    };
    // An escape is one character.
    let length = |label: &str| label.len() - 3 * label.matches('\\').count();
    if name.split('.').any(|label| length(label) == 0) {
        return problem("DomainLabelEmpty", "Domain label is empty");
    }
    if name.split('.').any(|label| length(label) > 63) {
        return problem("DomainLabelTooLong", "Domain label is too long");
    }
    if length(name) > 253 { problem("DomainNameTooLong", "Domain name is too long") } else { None }
}

fn value_fault(record_type: &str, value: &str) -> Option<String> {
    let problem = |kind: &str, explained: &str| {
        Some(format!("Invalid Resource Record: 'FATAL problem: {kind} ({explained}) encountered with '{value}''"))
    };
    match record_type {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            problem("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address")
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            problem("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address")
        }
        "CNAME" => name_fault(value),
        "TXT" => match quoted_strings(value) {
            None => problem("InvalidCharacterString", "Value should be enclosed in quotation marks"),
            Some(strings) if strings.iter().any(|string| string.len() > 255) => {
                problem("CharacterStringTooLong", "Value is too long")
            }
            Some(_) => None,
        },
        _ => None,
    }
}

/// Strings of a TXT value: `"one" "two"`, with `\"` and `\\` inside.
fn quoted_strings(value: &str) -> Option<Vec<String>> {
    let (mut strings, mut rest) = (Vec::new(), value);
    loop {
        rest = rest.strip_prefix('"')?;
        let (mut string, mut is_escaped, mut end) = (String::new(), false, None);
        for (at, character) in rest.char_indices() {
            match character {
                '\\' if !is_escaped => is_escaped = true,
                '"' if !is_escaped => {
                    end = Some(at);
                    break;
                }
                other => {
                    string.push(other);
                    is_escaped = false;
                }
            }
        }
        strings.push(string);
        rest = rest[end? + 1..].trim_start_matches(' ');
        if rest.is_empty() {
            return Some(strings);
        }
    }
}
