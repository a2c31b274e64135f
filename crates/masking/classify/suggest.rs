//! Suggestion of a whole policy: a rule for each column, from its name, its type and samples of its values.

mod detect;
mod page;

use std::collections::{BTreeMap, BTreeSet};

use self::detect::{detected, is_document, is_few_codes};
use super::Classification;
use super::domain::MaskDomain;
use super::personal::{default_functions, named_kind, needs_rule};
use super::refused::RuleRefusals;
use crate::{
    catalogue::{Catalogue, CatalogueColumn, ColumnEquality, ColumnName},
    function::{MaskFunction, MaskKind, TypeClass},
    policy::RulePlace,
    table_name::TableName,
};

/// Kinds of values that identify a person or a thing. Their columns share domains, so that copies of a value in other tables
/// stay equal.
const SHARED: [MaskKind; 9] = [
    MaskKind::Email,
    MaskKind::Username,
    MaskKind::Phone,
    MaskKind::Iban,
    MaskKind::Card,
    MaskKind::NationalId,
    MaskKind::FullName,
    MaskKind::Company,
    MaskKind::Ip,
];

/// Samples of values by column. They decide about rules, and none of them is a part of a suggestion.
pub type ColumnSamples = BTreeMap<ColumnName, Vec<String>>;

/// A suggested policy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicySuggestion {
    /// Text of the policy file.
    pub text: String,
    /// Rules of all columns, in the order of the file.
    pub columns: Vec<SuggestedColumn>,
}

/// Rule of one column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SuggestedColumn {
    /// Column, in the table that has the rule: partitions have the rules of their parent.
    pub name: ColumnName,
    /// Rule, as the policy writes it; none if no function gives values of the type, so that a person has to decide.
    pub rule: Option<String>,
    /// Reason of the rule.
    pub reason: SuggestionReason,
}

/// Reason of a suggested rule.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, strum::Display)]
pub enum SuggestionReason {
    /// Columns of the type have no personal data, and the name is not personal.
    #[strum(to_string = "type without text")]
    Plain,
    /// Key of rows, without a meaning outside of the database.
    #[strum(to_string = "key of rows")]
    Key,
    /// Few different short values, as of a status.
    #[strum(to_string = "few different values, check that none is personal")]
    Codes,
    /// Values of the sample.
    #[strum(to_string = "by its values")]
    Values,
    /// Name of the column.
    #[strum(to_string = "by its name")]
    Name,
    /// Type of the column.
    #[strum(to_string = "by its type")]
    Type,
    /// No function fits the column.
    #[strum(to_string = "no function gives values of this type: decide, and write the rule")]
    Undecided,
}

/// Columns with one rule: those that foreign keys connect, in all partitions.
struct ConnectedColumns<'a> {
    /// Names in the tables that have the rules.
    names: BTreeSet<ColumnName>,
    members: Vec<&'a CatalogueColumn>,
}

/// Rule before the names of domains are known.
enum RuleChoice {
    Keep(SuggestionReason),
    Json(SuggestionReason),
    Function(MaskFunction, SuggestionReason),
    Undecided,
}

/// A domain of the suggestion.
struct SuggestedDomain<'a> {
    name: String,
    function: MaskFunction,
    fold: bool,
    members: Vec<&'a CatalogueColumn>,
}

/// Suggests a policy for a database. `roles` are the roles that own objects or have grants.
///
/// The policy has a rule for every column, and [`classify`](super::classify()) accepts it, except for columns with the reason
/// [`SuggestionReason::Undecided`], which the file lists as comments.
pub fn suggest_policy(catalogue: &Catalogue, samples: &ColumnSamples, roles: &[String]) -> PolicySuggestion {
    let units = units(catalogue);
    let mut domains: Vec<SuggestedDomain<'_>> = Vec::new();
    let mut columns: BTreeMap<ColumnName, SuggestedColumn> = BTreeMap::new();
    for unit in &units {
        let choice = unit.choice(samples);
        let (rule, reason) = match choice {
            RuleChoice::Keep(reason) => (Some("keep".to_owned()), reason),
            RuleChoice::Json(reason) => (Some("{ kind: json }".to_owned()), reason),
            RuleChoice::Undecided => (None, SuggestionReason::Undecided),
            RuleChoice::Function(function, reason) => {
                let is_shared = SHARED.contains(&function.kind()) && reason != SuggestionReason::Type;
                if is_shared || unit.names.len() > 1 {
                    let domain = add_to_domain(&mut domains, unit, function);
                    (Some(page::domain(&domain)), reason)
                } else {
                    (Some(page::function(&function, unit.needs_fold())), reason)
                }
            }
        };
        for name in &unit.names {
            let column = SuggestedColumn { name: name.clone(), rule: rule.clone(), reason };
            columns.insert(name.clone(), column);
        }
    }
    inline_single_domains(&mut domains, &mut columns);
    let columns: Vec<_> = columns.into_values().collect();
    let text = page::text(catalogue, &domains, &columns, roles);
    PolicySuggestion { text, columns }
}

/// Columns in groups that foreign keys connect. Generated columns have no rule.
fn units(catalogue: &Catalogue) -> Vec<ConnectedColumns<'_>> {
    let mut members: BTreeMap<ColumnName, Vec<&CatalogueColumn>> = BTreeMap::new();
    for column in catalogue.columns.iter().filter(|column| !column.generated) {
        members.entry(rooted(catalogue, &column.name)).or_default().push(column);
    }
    let names: Vec<ColumnName> = members.keys().cloned().collect();
    // Group of each column, by its place in `names`.
    let mut groups: Vec<usize> = (0..names.len()).collect();
    let place = |table: &TableName, column: &String| {
        let name = rooted(catalogue, &ColumnName::new(table.clone(), column));
        names.binary_search(&name).ok()
    };
    for key in &catalogue.foreign_keys {
        for (column, referenced) in key.columns.iter().zip(&key.referenced_columns) {
            let pair = (place(&key.table, column), place(&key.referenced_table, referenced));
            let (Some(one), Some(other)) = pair else { continue };
            let group_of = |at: usize| groups.get(at).copied().unwrap_or(at);
            let (from, to) = (group_of(one).max(group_of(other)), group_of(one).min(group_of(other)));
            // Partitions repeat the keys of their parents.
            if from == to {
                continue;
            }
            groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
        }
    }
    let mut units: BTreeMap<usize, ConnectedColumns<'_>> = BTreeMap::new();
    for (name, group) in names.into_iter().zip(groups) {
        let unit =
            units.entry(group).or_insert_with(|| ConnectedColumns { names: BTreeSet::new(), members: Vec::new() });
        unit.members.extend(members.remove(&name).unwrap_or_default());
        unit.names.insert(name);
    }
    units.into_values().collect()
}

/// Column in the table at the top of its partitions.
fn rooted(catalogue: &Catalogue, name: &ColumnName) -> ColumnName {
    let mut table = &name.table;
    // A catalogue has no circles of parents; the bound stops a wrong one.
    for _ in 0..=catalogue.parents.len() {
        match catalogue.parents.get(table) {
            Some(parent) => table = parent,
            None => break,
        }
    }
    ColumnName::new(table.clone(), &name.name)
}

impl ConnectedColumns<'_> {
    fn choice(&self, samples: &ColumnSamples) -> RuleChoice {
        let values: Vec<&str> =
            self.members.iter().filter_map(|column| samples.get(&column.name)).flatten().map(String::as_str).collect();
        let found = detected(&values);
        let is_text = self.members.iter().all(|column| column.class == TypeClass::Text);
        if found.is_none() && !self.members.iter().any(|column| needs_rule(column)) {
            return RuleChoice::Keep(SuggestionReason::Plain);
        }
        if self.is_key() {
            return RuleChoice::Keep(SuggestionReason::Key);
        }
        let is_json = self.members.iter().all(|column| column.class == TypeClass::Json);
        let is_unique = self.members.iter().any(|column| column.unique);
        if !is_unique && (is_json || (is_text && is_document(&values))) {
            return RuleChoice::Json(if is_json { SuggestionReason::Type } else { SuggestionReason::Values });
        }
        if self.members.iter().all(|column| matches!(column.class, TypeClass::Boolean | TypeClass::Scalar)) {
            return RuleChoice::Keep(SuggestionReason::Codes);
        }
        let named = self.members.iter().find_map(|column| named_kind(column));
        if is_text && found.is_none() && named.is_none() && is_few_codes(&values) {
            return RuleChoice::Keep(SuggestionReason::Codes);
        }
        let of_kind = |kind: MaskKind, reason| {
            let function = MaskFunction::with_defaults(kind);
            (kind != MaskKind::Constant).then_some((function, reason))
        };
        let by_values = found.and_then(|kind| of_kind(kind, SuggestionReason::Values));
        let by_name = named.and_then(|kind| of_kind(kind, SuggestionReason::Name));
        let typed = self.members.first().into_iter().flat_map(|column| default_functions(column.class));
        let by_type = typed.map(|function| (function, SuggestionReason::Type));
        let mut candidates = by_values.into_iter().chain(by_name).chain(by_type);
        match candidates.find(|(function, _)| fits(function, self.needs_fold(), self.members.iter().copied())) {
            Some((function, reason)) => RuleChoice::Function(function, reason),
            None => RuleChoice::Undecided,
        }
    }

    /// True for numbers and UUIDs that only identify rows: `id`, `customer_id`.
    fn is_key(&self) -> bool {
        let is_id = |column: &&CatalogueColumn| {
            let name = column.name.name.as_str();
            let is_named = ["id", "uuid", "ID", "Id"].contains(&name)
                || ["_id", "_uuid", "Id", "ID"].iter().any(|end| name.ends_with(end));
            is_named && matches!(column.class, TypeClass::Integer | TypeClass::Uuid)
        };
        let is_referenced = self.names.len() > 1 || self.members.iter().all(|column| column.unique);
        is_referenced && self.members.iter().all(is_id)
    }

    /// True if equal values can differ in case.
    fn needs_fold(&self) -> bool {
        let ignores_case = |column: &&CatalogueColumn| {
            matches!(column.equality, ColumnEquality::IgnoreCase | ColumnEquality::Collation)
        };
        self.members.iter().any(ignores_case)
    }
}

/// True if a function can fill all these columns with one key.
fn fits<'a>(function: &MaskFunction, fold: bool, columns: impl IntoIterator<Item = &'a CatalogueColumn>) -> bool {
    let mut domain = MaskDomain::new(function.clone(), fold);
    for column in columns {
        domain.add(column, RulePlace::default());
    }
    let mut refusals = RuleRefusals::default();
    domain.check(&mut refusals);
    refusals.result(Classification::default()).is_ok()
}

/// Adds a unit to the first domain of its function that fits, or to a new one. Returns the name of the domain.
fn add_to_domain<'a>(
    domains: &mut Vec<SuggestedDomain<'a>>,
    unit: &ConnectedColumns<'a>,
    function: MaskFunction,
) -> String {
    let (fold, kind) = (unit.needs_fold(), function.kind());
    // Folding a unique column that does not ignore case could make two of its values equal.
    let can_join = |domain: &&mut SuggestedDomain<'_>| {
        let all = || domain.members.iter().chain(&unit.members).copied();
        domain.function == function && domain.fold == fold && fits(&function, fold, all())
    };
    if let Some(domain) = domains.iter_mut().find(can_join) {
        domain.members.extend(&unit.members);
        return domain.name.clone();
    }
    let number = domains.iter().filter(|domain| domain.function.kind() == kind).count() + 1;
    let name = if number == 1 { kind.to_string() } else { format!("{kind}_{number}") };
    domains.push(SuggestedDomain { name: name.clone(), function, fold, members: unit.members.clone() });
    name
}

/// Replaces domains of one column with the function itself.
fn inline_single_domains(domains: &mut Vec<SuggestedDomain<'_>>, columns: &mut BTreeMap<ColumnName, SuggestedColumn>) {
    domains.retain(|domain| {
        let rule = page::domain(&domain.name);
        let mut users: Vec<_> = columns.values_mut().filter(|column| column.rule.as_ref() == Some(&rule)).collect();
        let [column] = users.as_mut_slice() else { return true };
        column.rule = Some(page::function(&domain.function, domain.fold));
        false
    });
}

#[cfg(test)]
mod tests;
