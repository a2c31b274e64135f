//! Parser of the policy file.

use std::collections::BTreeMap;

use eod_yaml::{Content, Fault, FaultKind, YamlLimits, read};
use strum::VariantNames as _;

use super::reader::{Entry, Keys, Located, PolicyReader, listed, nearest};
use super::settings::{FOLDS, JSON, PATHS, SettingValue, kinds, settings};
use super::{
    ColumnRule, DomainFunction, JsonPath, JsonStrings, LargeObjects, LeafRule, MaskingPolicy, PolicyMistake,
    PolicyMistakes, RulePlace, TableRule, Unclassified,
};
use crate::{
    function::{MaskFunction, MaskKind},
    table_name::TableName,
};

/// Limits of a policy file.
const LIMITS: YamlLimits = YamlLimits { bytes: 4 << 20, documents: 16, depth: 16, nodes: 400_000, repeated: 20_000 };

/// Maximum size of a PostgreSQL identifier in bytes.
const IDENTIFIER: usize = 63;

const FILE: &[&str] = &["version", "defaults", "roles", "domains", "tables"];
const DEFAULTS: &[&str] = &["unclassified", "json_strings", "large_objects"];

/// Parses a policy file.
///
/// # Errors
///
/// All mistakes, each with its line, column and remedy.
pub fn parse_masking_policy(bytes: &[u8]) -> Result<MaskingPolicy, PolicyMistakes> {
    let mut reader = PolicyReader::default();
    let documents = match read(bytes, &LIMITS) {
        Ok(documents) => documents,
        Err(faults) => {
            for fault in faults {
                yaml_fault(&mut reader, &fault);
            }
            Vec::new()
        }
    };
    let policy = match documents.as_slice() {
        [document] => file(&mut reader, &Located { node: &document.root, path: String::new() }),
        [_, second, ..] => {
            let place = RulePlace { line: second.root.line, column: second.root.column };
            let message = format!("expected one YAML document, got {}", documents.len());
            reader.mistake(place, "", message, "remove the `---` between the documents");
            None
        }
        [] => None,
    };
    match (PolicyMistakes::collected(reader.into_mistakes()), policy) {
        (None, Some(policy)) => Ok(policy),
        (Some(mistakes), _) => Err(mistakes),
        (None, None) => Err(PolicyMistakes::empty_file()),
    }
}

fn yaml_fault(reader: &mut PolicyReader, fault: &Fault) {
    let remedy = match &fault.kind {
        FaultKind::Syntax(_) => "correct the line",
        FaultKind::TooLarge { .. } => "shorten the file",
        kind => kind.remedy(),
    };
    reader.mistake(RulePlace { line: fault.line, column: fault.column }, "", fault.kind.to_string(), remedy);
}

fn file(reader: &mut PolicyReader, at: &Located<'_>) -> Option<MaskingPolicy> {
    let mut keys = reader.keys(at)?;
    if let Some(version) = keys.take_required("version", "add `version: 1`", reader)
        && !matches!(&version.node.content, Content::Number(number) if number.as_u64() == Some(1))
    {
        let got = version.node.clone().into_json();
        let message = format!("unsupported version {got}; the supported version is 1");
        reader.mistake(version.place(), &version.path, message, "write `version: 1`");
    }
    let (unclassified, json_strings, large_objects) =
        keys.take("defaults").and_then(|at| defaults(reader, &at)).unwrap_or_default();
    let roles = keys.take("roles").map(|at| roles(reader, &at)).unwrap_or_default();
    let domains = keys.take("domains").map(|at| domains(reader, &at)).unwrap_or_default();
    let tables_at = keys.take_required("tables", "add `tables` with a rule for each table", reader);
    let mut policy = MaskingPolicy {
        unclassified,
        json_strings,
        large_objects,
        roles,
        domains: domains.known,
        tables: BTreeMap::new(),
        schemas: BTreeMap::new(),
    };
    if let Some(at) = tables_at {
        tables(reader, &at, &domains.names, &mut policy);
    }
    keys.finish(FILE, reader);
    Some(policy)
}

fn defaults(reader: &mut PolicyReader, at: &Located<'_>) -> Option<(Unclassified, JsonStrings, LargeObjects)> {
    let mut keys = reader.keys(at)?;
    let mut word = |key, words| {
        let at = keys.take(key)?;
        reader.word(&at, words)
    };
    let found = (
        word("unclassified", Unclassified::VARIANTS).and_then(|word| word.parse().ok()).unwrap_or_default(),
        word("json_strings", JsonStrings::VARIANTS).and_then(|word| word.parse().ok()).unwrap_or_default(),
        word("large_objects", LargeObjects::VARIANTS).and_then(|word| word.parse().ok()).unwrap_or_default(),
    );
    keys.finish(DEFAULTS, reader);
    Some(found)
}

fn roles(reader: &mut PolicyReader, at: &Located<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for item in reader.list(at).unwrap_or_default() {
        let Some(role) = reader.text(&item) else { continue };
        let place = item.place();
        if role.is_empty() || role.len() > IDENTIFIER {
            let message = format!("a role name must have 1 to {IDENTIFIER} bytes, got {}", role.len());
            reader.mistake(place, &item.path, message, "write the name of a role");
        } else if role.starts_with("pg_") {
            let message = format!("role names with the prefix `pg_` are reserved by PostgreSQL, got `{role}`");
            reader.mistake(place, &item.path, message, format!("remove `{role}`"));
        } else if found.iter().any(|known| known == role) {
            reader.mistake(place, &item.path, format!("duplicate role `{role}`"), "remove one of the two");
        } else {
            found.push(role.to_owned());
        }
    }
    found
}

/// Domains of a file. Names are known even if their functions are wrong, so one mistake is reported once.
#[derive(Default)]
struct Domains<'a> {
    known: BTreeMap<String, DomainFunction>,
    names: Vec<&'a str>,
}

fn domains<'a>(reader: &mut PolicyReader, at: &Located<'a>) -> Domains<'a> {
    let mut found = Domains::default();
    for Entry { key, place, value } in reader.entries(at).unwrap_or_default() {
        found.names.push(key);
        let Some(mut keys) = rule_keys(reader, &value, "a domain") else { continue };
        if let Some(domain) = keys.take("domain") {
            let remedy = "give this domain a `kind`, or use the other domain in the columns";
            reader.mistake(domain.place(), &domain.path, "a domain cannot be a part of another domain", remedy);
            keys.take("kind");
        } else if let Some((function, fold_case)) = function(reader, keys, false) {
            let function = match function {
                Parsed::Function(function) => function,
                Parsed::Json(_) => {
                    let remedy = "use `kind: json` in the column, and the domain in its `paths`";
                    reader.mistake(value.place(), &value.path, "kind `json` is not supported in a domain", remedy);
                    continue;
                }
            };
            found.known.insert(key.to_owned(), DomainFunction { function, fold_case, place });
        }
    }
    found
}

fn tables(reader: &mut PolicyReader, at: &Located<'_>, domains: &[&str], policy: &mut MaskingPolicy) {
    for Entry { key, place, value } in reader.entries(at).unwrap_or_default() {
        let rule = table(reader, &value, domains);
        let schema = key.strip_suffix(".*");
        let is_new = match schema.map_or_else(|| key.parse::<TableName>().map(Err), |schema| Ok(Ok(schema))) {
            Ok(Ok(schema)) if schema.is_empty() || schema.contains(['*', '.']) => {
                let message = format!("invalid table pattern `{key}`");
                reader.mistake(place, &value.path, message, "write `<schema>.*` or `<schema>.<table>`");
                continue;
            }
            Ok(Ok(schema)) => {
                if let Some(TableRule::Columns(_)) = rule {
                    let message = "a rule for all tables of a schema must be `keep` or `empty`";
                    reader.mistake(value.place(), &value.path, message, "write the rules of columns at each table");
                    continue;
                }
                rule.is_none_or(|rule| policy.schemas.insert(schema.to_owned(), rule).is_none())
            }
            Ok(Err(name)) if name.name.contains('*') && !key.contains('"') => {
                let message = format!("invalid table pattern `{key}`");
                reader.mistake(
                    place,
                    &value.path,
                    message,
                    format!("write `{}.*`, or the names of tables", name.schema),
                );
                continue;
            }
            Ok(Err(name)) => rule.is_none_or(|rule| policy.tables.insert(name, rule).is_none()),
            Err(error) => {
                let remedy = if key.contains('.') {
                    "write `<schema>.<table>` or `<schema>.*`".to_owned()
                } else {
                    format!("write `public.{key}`")
                };
                reader.mistake(place, &value.path, error.to_string(), remedy);
                continue;
            }
        };
        if !is_new {
            reader.mistake(place, &value.path, "duplicate table", "remove one of the two");
        }
    }
}

fn table(reader: &mut PolicyReader, at: &Located<'_>, domains: &[&str]) -> Option<TableRule> {
    match &at.node.content {
        Content::Text(text) if text == "keep" => return Some(TableRule::Keep),
        Content::Text(text) if text == "empty" => return Some(TableRule::Empty),
        Content::Map(entries) if !entries.is_empty() => {}
        content => {
            let got = match content {
                Content::Text(text) => format!("`{text}`"),
                Content::Map(_) => "an empty map".to_owned(),
                _ => at.node.kind().to_owned(),
            };
            let message = format!("expected `keep`, `empty` or the rules of columns, got {got}");
            let near = at.node.text().and_then(|text| nearest(text, &["keep", "empty"]));
            let remedy = near.map_or_else(
                || "write `keep` to keep all columns, or `empty` to keep no rows".to_owned(),
                |word| format!("write `{word}`"),
            );
            reader.mistake(at.place(), &at.path, message, remedy);
            return None;
        }
    }
    let mut columns = BTreeMap::new();
    for Entry { key, place, value } in reader.entries(at)? {
        if key.is_empty() || key.len() > IDENTIFIER {
            let message = format!("a column name must have 1 to {IDENTIFIER} bytes, got {}", key.len());
            reader.mistake(place, &value.path, message, "write the name of a column");
        }
        if let Some(rule) = column(reader, &value, domains) {
            columns.insert(key.to_owned(), (rule, place));
        }
    }
    Some(TableRule::Columns(columns))
}

fn column(reader: &mut PolicyReader, at: &Located<'_>, domains: &[&str]) -> Option<ColumnRule> {
    if at.node.text() == Some("keep") {
        return Some(ColumnRule::Keep);
    }
    let mut keys = rule_keys(reader, at, "a column")?;
    if let Some(domain) = domain(reader, &mut keys, domains) {
        keys.finish(&["domain"], reader);
        return domain.map(ColumnRule::Domain);
    }
    let (function, fold_case) = function(reader, keys, true)?;
    let paths = match function {
        Parsed::Function(function) => return Some(ColumnRule::Function { function, fold_case }),
        Parsed::Json(paths) => paths,
    };
    let mut rules: Vec<(JsonPath, LeafRule)> = Vec::new();
    for Entry { key, place, value } in paths.map(|at| reader.entries(&at).unwrap_or_default()).unwrap_or_default() {
        let rule = leaf(reader, &value, domains);
        match key.parse::<JsonPath>() {
            Ok(path) if rules.iter().any(|(known, _)| *known == path) => {
                reader.mistake(place, &value.path, format!("duplicate path `{path}`"), "remove one of the two");
            }
            Ok(path) => rules.extend(rule.map(|rule| (path, rule))),
            Err(error) => {
                let remedy = "write a path such as `$.address.street`, `$.tags[*]` or `$..email`";
                reader.mistake(place, &value.path, error.to_string(), remedy);
            }
        }
    }
    Some(ColumnRule::Json(rules))
}

fn leaf(reader: &mut PolicyReader, at: &Located<'_>, domains: &[&str]) -> Option<LeafRule> {
    if at.node.text() == Some("keep") {
        return Some(LeafRule::Keep);
    }
    let mut keys = rule_keys(reader, at, "a path")?;
    if let Some(domain) = domain(reader, &mut keys, domains) {
        keys.finish(&["domain"], reader);
        return domain.map(LeafRule::Domain);
    }
    match function(reader, keys, true)? {
        (Parsed::Function(function), fold_case) => Some(LeafRule::Function { function, fold_case }),
        (Parsed::Json(_), _) => {
            let remedy = "add the path of the inner value to `paths`";
            reader.mistake(at.place(), &at.path, "kind `json` is not supported in `paths`", remedy);
            None
        }
    }
}

/// Keys of a rule that is not a word.
fn rule_keys<'a>(reader: &mut PolicyReader, at: &Located<'a>, owner: &str) -> Option<Keys<'a>> {
    let Some(text) = at.node.text() else {
        if at.node.is_null() {
            let message = format!("the rule of {owner} is empty");
            let remedy = if owner == "a domain" { "write `{ kind: ... }`" } else { "write `keep` or `{ kind: ... }`" };
            reader.mistake(at.place(), &at.path, message, remedy);
            return None;
        }
        return reader.keys(at);
    };
    let message = format!("invalid rule `{text}`");
    let remedy = match (nearest(text, &kinds()), text) {
        _ if owner != "a domain" && nearest(text, &["keep"]).is_some() => "write `keep`".to_owned(),
        (Some(kind), _) => format!("write `{{ kind: {kind} }}`"),
        (None, "empty") => "only a whole table can be `empty`; write `{ kind: null }`".to_owned(),
        (None, _) if owner == "a domain" => "write `{ kind: ... }`".to_owned(),
        (None, _) => "write `keep`, `{ kind: ... }` or `{ domain: ... }`".to_owned(),
    };
    reader.mistake(at.place(), &at.path, message, remedy);
    None
}

/// The domain of a rule: none if the rule has no domain, and `Some(None)` after a mistake.
fn domain(reader: &mut PolicyReader, keys: &mut Keys<'_>, domains: &[&str]) -> Option<Option<String>> {
    let at = keys.take("domain")?;
    if let Some(kind) = keys.take("kind") {
        let message = "`kind` and `domain` cannot be set together";
        reader.mistake(kind.place(), &kind.path, message, "remove `kind`: the domain has one");
    }
    let Some(name) = reader.text(&at) else { return Some(None) };
    if domains.contains(&name) {
        return Some(Some(name.to_owned()));
    }
    let remedy = match domains {
        [] => format!("add `{name}: {{ kind: ... }}` to `domains`"),
        domains => format!("add `{name}: {{ kind: ... }}` to `domains`, or use one of {}", listed(domains)),
    };
    reader.mistake(at.place(), &at.path, format!("unknown domain `{name}`"), remedy);
    Some(None)
}

/// A function, or the paths of `kind: json`.
enum Parsed<'a> {
    Function(MaskFunction),
    Json(Option<Located<'a>>),
}

/// The function of a rule, and true for `fold: lower`.
fn function<'a>(reader: &mut PolicyReader, mut keys: Keys<'a>, can_have_domain: bool) -> Option<(Parsed<'a>, bool)> {
    let remedy = if can_have_domain { "add `kind` or `domain`" } else { "add `kind`" };
    let kind_at = keys.take_required("kind", remedy, reader)?;
    // `kind: null` without quotes is the kind that gives NULL.
    let word = if kind_at.node.is_null() { Some("null") } else { reader.word(&kind_at, &kinds()) }?;
    if word == JSON {
        // The leaves of a document have their own rules, so `json` has nothing to fold.
        let paths = keys.take(PATHS);
        keys.finish(&["kind", PATHS], reader);
        return Some((Parsed::Json(paths), false));
    }
    let kind: MaskKind = word.parse().ok()?;
    let fold = keys.take("fold").and_then(|at| reader.word(&at, FOLDS));
    let (mut word, mut number, mut scalar) = (None, None, None);
    let mut is_complete = true;
    for setting in settings(kind) {
        let Some(at) = keys.take(setting.name) else {
            if setting.required {
                let message = format!("`{kind}` needs `{}`", setting.name);
                reader.mistake(kind_at.place(), &kind_at.path, message, format!("add `{}`", setting.name));
                is_complete = false;
            }
            continue;
        };
        match setting.value {
            SettingValue::Words(list) => word = reader.word(&at, list),
            SettingValue::Integer { least, most } => number = reader.integer(&at, least, most),
            SettingValue::Scalar => scalar = reader.scalar(&at),
        }
    }
    let known: Vec<&'static str> = ["kind", "fold"].into_iter().chain(settings(kind).map(|it| it.name)).collect();
    keys.finish(&known, reader);
    let mut found = MaskFunction::with_defaults(kind);
    set(&mut found, word, number, scalar);
    is_complete.then_some((Parsed::Function(found), fold.is_some()))
}

/// Sets the settings of a function that has some. A function has at most one setting of each type.
fn set(function: &mut MaskFunction, word: Option<&str>, number: Option<u64>, scalar: Option<String>) {
    let small = |setting: &mut u8| *setting = number.and_then(|number| number.try_into().ok()).unwrap_or(*setting);
    match function {
        MaskFunction::FullName(locale)
        | MaskFunction::FirstName(locale)
        | MaskFunction::LastName(locale)
        | MaskFunction::Street(locale)
        | MaskFunction::City(locale)
        | MaskFunction::Company(locale) => *locale = word.and_then(|word| word.parse().ok()).unwrap_or(*locale),
        MaskFunction::Phone { keep_country } => *keep_country = word.is_some(),
        MaskFunction::Postcode { keep } => small(keep),
        MaskFunction::DateShift { days } => *days = number.and_then(|days| days.try_into().ok()).unwrap_or(*days),
        MaskFunction::NumberNoise { percent } => small(percent),
        MaskFunction::Round { to } => *to = number.unwrap_or(*to),
        MaskFunction::Hash { length } => small(length),
        MaskFunction::Constant(value) => *value = scalar.unwrap_or_default(),
        // Functions without settings. A test sets each setting of each kind.
        _ => {}
    }
}

impl PolicyMistakes {
    fn empty_file() -> Self {
        let mistake = PolicyMistake {
            place: RulePlace { line: 1, column: 1 },
            path: String::new(),
            message: "the policy is empty".to_owned(),
            remedy: "write `version: 1` and `tables`".to_owned(),
        };
        Self(vec![mistake])
    }
}

#[cfg(test)]
mod tests;
