//! Columns that foreign keys connect. They have one rule and one key, so that joins stay whole.

use std::collections::BTreeMap;

use super::refused::{RuleRefusals, words};
use super::{Ruled, Wanted};
use crate::{
    catalogue::{Catalogue, ColumnName},
    function::MaskFunction,
};

/// Groups of connected columns, with their rules.
pub(super) struct Groups {
    /// Representative of each connected column.
    representatives: BTreeMap<ColumnName, ColumnName>,
    /// Rule by representative.
    rules: BTreeMap<ColumnName, Wanted>,
}

impl Groups {
    /// Connects the columns of all foreign keys, and refuses groups with different rules.
    pub(super) fn new(
        catalogue: &Catalogue,
        ruled: &BTreeMap<ColumnName, Ruled<'_>>,
        refusals: &mut RuleRefusals,
    ) -> Self {
        let mut groups = Self { representatives: BTreeMap::new(), rules: BTreeMap::new() };
        for key in &catalogue.foreign_keys {
            for (column, referenced) in key.columns.iter().zip(&key.referenced_columns) {
                let column = ColumnName::new(key.table.clone(), column);
                let referenced = ColumnName::new(key.referenced_table.clone(), referenced);
                // A column that becomes NULL references nothing.
                if ruled.contains_key(&referenced) && ruled.get(&column).is_some_and(|ruled| !is_null(ruled)) {
                    groups.connect(&column, &referenced);
                }
            }
        }
        groups.set_rules(catalogue, ruled, refusals);
        groups
    }

    /// Rule that other columns of its group give to a column.
    pub(super) fn rule(&self, name: &ColumnName) -> Option<&Wanted> {
        self.rules.get(self.representative(name)?)
    }

    fn representative<'a>(&'a self, name: &'a ColumnName) -> Option<&'a ColumnName> {
        let mut at = self.representatives.get(name)?;
        while let Some(next) = self.representatives.get(at).filter(|next| *next != at) {
            at = next;
        }
        Some(at)
    }

    fn connect(&mut self, one: &ColumnName, other: &ColumnName) {
        for name in [one, other] {
            self.representatives.entry(name.clone()).or_insert_with(|| name.clone());
        }
        let (Some(one), Some(other)) = (self.representative(one).cloned(), self.representative(other).cloned()) else {
            return;
        };
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        self.representatives.insert(second, first);
    }

    fn set_rules(
        &mut self,
        catalogue: &Catalogue,
        ruled: &BTreeMap<ColumnName, Ruled<'_>>,
        refusals: &mut RuleRefusals,
    ) {
        let mut first: BTreeMap<ColumnName, ColumnName> = BTreeMap::new();
        for (name, Ruled { wanted, place, .. }) in ruled {
            let (Some(wanted), Some(group)) = (wanted, self.representative(name).cloned()) else { continue };
            let Some(known) = first.get(&group) else {
                first.insert(group.clone(), name.clone());
                self.rules.insert(group, wanted.clone());
                continue;
            };
            let rule = self.rules.get(&group);
            if !rule.is_some_and(|rule| is_equal(rule, wanted)) {
                let key = catalogue.foreign_keys.iter().find(|key| key.table == name.table || key.table == known.table);
                let key = key.map_or("", |key| key.name.as_str());
                let text = rule.map(described).unwrap_or_default();
                refusals.conflict((known, text), (name, described(wanted)), *place, key);
            }
        }
    }
}

fn is_null(ruled: &Ruled<'_>) -> bool {
    matches!(ruled.wanted, Some(Wanted::Function { function: MaskFunction::Null, .. }))
}

/// True if two rules give equal outputs under one key.
fn is_equal(one: &Wanted, other: &Wanted) -> bool {
    match (one, other) {
        (Wanted::Keep, Wanted::Keep) => true,
        (Wanted::Domain(one), Wanted::Domain(other)) => one == other,
        (
            Wanted::Function { function: one, fold_case: one_fold, .. },
            Wanted::Function { function: other, fold_case: other_fold, .. },
        ) => one == other && one_fold == other_fold,
        _ => false,
    }
}

fn described(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Keep => "keep".to_owned(),
        Wanted::Domain(domain) => format!("domain {domain}"),
        Wanted::Function { function, .. } => words(function),
        Wanted::Json { .. } => "kind json".to_owned(),
    }
}
