//! Classification: the decision about each column of a database under a policy.

mod added;
mod domain;
mod group;
mod personal;
mod refused;
mod suggest;

use std::collections::{BTreeMap, BTreeSet};

pub use self::added::{UncoveredColumn, uncovered_columns};
pub use self::domain::MaskDomain;
pub use self::personal::suggested_rule;
pub use self::refused::RefusedRule;
pub use self::suggest::{ColumnSamples, PolicySuggestion, SuggestedColumn, SuggestionReason, suggest_policy};

use self::group::Groups;
use self::refused::RuleRefusals;
use crate::{
    catalogue::{Catalogue, CatalogueColumn, ColumnName},
    function::{MaskFunction, TypeClass},
    policy::{ColumnRule, JsonPath, JsonStrings, LeafRule, MaskingPolicy, RulePlace, TableRule, Unclassified},
    table_name::TableName,
};

/// Decision about a column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ColumnDecision {
    /// The column stays.
    Keep,
    /// The database computes the column.
    Generated,
    /// The values are masked with the function and the key of a domain.
    Mask {
        /// Name of the domain.
        domain: String,
    },
    /// The leaves of JSON documents are masked.
    Json {
        /// Rules by path, in the order of the file. None keeps the leaves.
        paths: Vec<(JsonPath, Option<String>)>,
        /// Domain of strings without a rule; none keeps them.
        strings: Option<String>,
    },
}

/// Decisions about all columns.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Classification {
    /// Decisions by column. Tables without rows are not listed.
    pub columns: BTreeMap<ColumnName, ColumnDecision>,
    /// Tables that get no rows.
    pub empty: BTreeSet<TableName>,
    /// Domains by name: those of the policy, and one for each function that has no domain.
    pub domains: BTreeMap<String, MaskDomain>,
}

/// A rule before its domain is known.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Wanted {
    Keep,
    Domain(String),
    Function {
        function: MaskFunction,
        fold_case: bool,
        domain: String,
    },
    /// Rules by path, and the column that names their keys: a partition has the keys of its parent.
    Json {
        paths: Vec<(JsonPath, LeafRule)>,
        owner: String,
    },
}

/// A column with its rule, before foreign keys are followed.
struct Ruled<'a> {
    column: &'a CatalogueColumn,
    wanted: Option<Wanted>,
    place: RulePlace,
}

/// Decides about all columns of a database.
///
/// # Errors
///
/// All columns that cannot be decided or masked, each with its reason and its remedy.
pub fn classify(policy: &MaskingPolicy, catalogue: &Catalogue) -> Result<Classification, Vec<RefusedRule>> {
    let mut refusals = RuleRefusals::default();
    let mut classification = Classification::default();
    unknown_names(policy, catalogue, &mut refusals);
    let mut ruled: BTreeMap<ColumnName, Ruled<'_>> = BTreeMap::new();
    for column in &catalogue.columns {
        let (wanted, place) = match table_rule(policy, catalogue, &column.name.table) {
            Some((_, TableRule::Empty)) => {
                classification.empty.insert(column.name.table.clone());
                continue;
            }
            Some((_, TableRule::Keep)) => (Some(Wanted::Keep), RulePlace::default()),
            Some((table, TableRule::Columns(rules))) => match rules.get(&column.name.name) {
                Some((rule, place)) => (Some(wanted(rule, table, &column.name.name)), *place),
                None => (None, RulePlace::default()),
            },
            None => (None, RulePlace::default()),
        };
        ruled.insert(column.name.clone(), Ruled { column, wanted, place });
    }
    empty_references(catalogue, &classification.empty, &ruled, &mut refusals);
    let groups = Groups::new(catalogue, &ruled, &mut refusals);
    for (name, Ruled { column, wanted, place }) in &ruled {
        // The rule of the group comes first: it has the key that all columns of the group share.
        let found = groups
            .rule(name)
            .cloned()
            .or_else(|| wanted.clone())
            .or_else(|| unclassified(policy, column, &mut refusals));
        let decision = match found {
            _ if column.generated => {
                if wanted.as_ref().is_some_and(|wanted| *wanted != Wanted::Keep) {
                    refusals.generated(name, *place);
                }
                ColumnDecision::Generated
            }
            None => continue,
            Some(Wanted::Keep) => ColumnDecision::Keep,
            Some(Wanted::Json { paths, owner }) => {
                check_json(column, *place, &mut refusals);
                json(policy, &paths, &owner, &mut classification)
            }
            Some(wanted) => match domain_of(policy, wanted) {
                Some((domain, function)) => {
                    let entry = classification.domains.entry(domain.clone()).or_insert(function);
                    entry.add(column, *place);
                    ColumnDecision::Mask { domain }
                }
                None => continue,
            },
        };
        classification.columns.insert(name.clone(), decision);
    }
    for domain in classification.domains.values_mut() {
        domain.check(&mut refusals);
    }
    refusals.result(classification)
}

/// Rule of a table, with the table that has it: its own, else that of its nearest parent, else that of its schema.
fn table_rule<'a>(
    policy: &'a MaskingPolicy,
    catalogue: &'a Catalogue,
    table: &'a TableName,
) -> Option<(&'a TableName, &'a TableRule)> {
    let mut at = table;
    // A catalogue has no circles of parents; the bound stops a wrong one.
    for _ in 0..=catalogue.parents.len() {
        if let Some(rule) = policy.tables.get(at) {
            return Some((at, rule));
        }
        match catalogue.parents.get(at) {
            Some(parent) => at = parent,
            None => break,
        }
    }
    policy.schemas.get(&table.schema).map(|rule| (table, rule))
}

fn wanted(rule: &ColumnRule, table: &TableName, column: &str) -> Wanted {
    match rule {
        ColumnRule::Keep => Wanted::Keep,
        ColumnRule::Domain(domain) => Wanted::Domain(domain.clone()),
        ColumnRule::Function { function, fold_case } => Wanted::Function {
            function: function.clone(),
            fold_case: *fold_case,
            domain: format!("column {table}.{column}"),
        },
        ColumnRule::Json(paths) => Wanted::Json { paths: paths.clone(), owner: format!("{table}.{column}") },
    }
}

/// Name and function of the domain of a rule; none if the policy has no such domain, which its parser refuses.
fn domain_of(policy: &MaskingPolicy, wanted: Wanted) -> Option<(String, MaskDomain)> {
    match wanted {
        Wanted::Domain(name) => {
            let domain = policy.domains.get(&name)?;
            Some((name, MaskDomain::new(domain.function.clone(), domain.fold_case)))
        }
        Wanted::Function { function, fold_case, domain } => Some((domain, MaskDomain::new(function, fold_case))),
        Wanted::Keep | Wanted::Json { .. } => None,
    }
}

fn check_json(column: &CatalogueColumn, place: RulePlace, refusals: &mut RuleRefusals) {
    if !matches!(column.class, TypeClass::Json | TypeClass::Text) {
        refusals.wrong_type(column, place, "json");
    }
    if column.unique {
        refusals.json_unique(column, place);
    }
}

fn json(
    policy: &MaskingPolicy,
    rules: &[(JsonPath, LeafRule)],
    owner: &str,
    classification: &mut Classification,
) -> ColumnDecision {
    let mut leaf_domain = |wanted: Wanted| {
        let (name, domain) = domain_of(policy, wanted)?;
        classification.domains.entry(name.clone()).or_insert(domain).add_leaves();
        Some(name)
    };
    let mut paths = Vec::new();
    for (path, rule) in rules {
        let domain = match rule {
            LeafRule::Keep => None,
            LeafRule::Domain(name) => leaf_domain(Wanted::Domain(name.clone())),
            LeafRule::Function { function, fold_case } => leaf_domain(Wanted::Function {
                function: function.clone(),
                fold_case: *fold_case,
                domain: format!("path {owner} {path}"),
            }),
        };
        paths.push((path.clone(), domain));
    }
    let strings = match policy.json_strings {
        JsonStrings::Keep => None,
        JsonStrings::Mask => leaf_domain(Wanted::Function {
            function: MaskFunction::Text,
            fold_case: false,
            domain: format!("strings {owner}"),
        }),
    };
    ColumnDecision::Json { paths, strings }
}

/// Rule of a column that has none: `keep` if it cannot have personal data, else what the policy says.
fn unclassified(policy: &MaskingPolicy, column: &CatalogueColumn, refusals: &mut RuleRefusals) -> Option<Wanted> {
    if column.generated || !personal::needs_rule(column) {
        return Some(Wanted::Keep);
    }
    if policy.unclassified == Unclassified::Refuse {
        refusals.unclassified(column);
        return None;
    }
    match personal::default_rule(column) {
        Some(rule) => Some(wanted(&rule, &column.name.table, &column.name.name)),
        None => {
            refusals.no_default(column);
            None
        }
    }
}

/// Refuses rules for tables and columns that do not exist.
fn unknown_names(policy: &MaskingPolicy, catalogue: &Catalogue, refusals: &mut RuleRefusals) {
    let mut known: BTreeMap<&TableName, BTreeSet<&str>> = BTreeMap::new();
    for column in &catalogue.columns {
        let mut table = &column.name.table;
        for _ in 0..=catalogue.parents.len() {
            known.entry(table).or_default().insert(&column.name.name);
            match catalogue.parents.get(table) {
                Some(parent) => table = parent,
                None => break,
            }
        }
    }
    for (table, rule) in &policy.tables {
        let Some(columns) = known.get(table) else {
            refusals.unknown_table(table, rule);
            continue;
        };
        let TableRule::Columns(rules) = rule else { continue };
        for (column, (_, place)) in rules.iter().filter(|(column, _)| !columns.contains(column.as_str())) {
            refusals.unknown_column(&ColumnName::new(table.clone(), column), *place, columns);
        }
    }
}

/// Refuses tables without rows that rows of other tables reference.
fn empty_references(
    catalogue: &Catalogue,
    empty: &BTreeSet<TableName>,
    ruled: &BTreeMap<ColumnName, Ruled<'_>>,
    refusals: &mut RuleRefusals,
) {
    for key in &catalogue.foreign_keys {
        if !empty.contains(&key.referenced_table) || empty.contains(&key.table) {
            continue;
        }
        // A row with NULL in one column references nothing.
        let is_null = |column: &String| {
            let wanted = ruled.get(&ColumnName::new(key.table.clone(), column)).and_then(|ruled| ruled.wanted.as_ref());
            matches!(wanted, Some(Wanted::Function { function: MaskFunction::Null, .. }))
        };
        if !key.columns.iter().any(is_null) {
            refusals.empty_reference(key);
        }
    }
}

#[cfg(test)]
mod tests;
