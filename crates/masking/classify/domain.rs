//! Domains: columns with one function, one key and one output for equal values.

use super::refused::RuleRefusals;
use crate::{
    catalogue::{CatalogueColumn, ColumnEquality},
    function::{MaskFunction, Room, TypeClass, ValueForm},
    policy::RulePlace,
};

/// A domain with everything that its outputs depend on, except for the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MaskDomain {
    /// Function.
    pub function: MaskFunction,
    /// Room in all its columns.
    pub room: Room,
    /// Equality of all its columns.
    pub form: ValueForm,
    members: Vec<(CatalogueColumn, RulePlace)>,
    has_leaves: bool,
}

impl MaskDomain {
    pub(super) fn new(function: MaskFunction, fold_case: bool) -> Self {
        let form = ValueForm { fold_case, trim_end: false };
        Self { function, room: Room::default(), form, members: Vec::new(), has_leaves: false }
    }

    /// Adds a column.
    pub(super) fn add(&mut self, column: &CatalogueColumn, place: RulePlace) {
        self.members.push((column.clone(), place));
    }

    /// Adds leaves of JSON documents, which have no maximum length.
    pub(super) fn add_leaves(&mut self) {
        self.has_leaves = true;
    }

    /// Sets room and form from all columns, and refuses columns that cannot have the same output.
    pub(super) fn check(&mut self, refusals: &mut RuleRefusals) {
        let members = std::mem::take(&mut self.members);
        for (column, place) in &members {
            if !self.function.accepts(column.class) {
                refusals.wrong_type(column, *place, &self.function.kind().to_string());
            }
            if self.function == MaskFunction::Null && column.not_null {
                refusals.null(column, *place);
            }
            if let MaskFunction::Constant(value) = &self.function
                && !is_value(column.class, value)
            {
                refusals.wrong_constant(column, *place, value);
            }
            if column.equality == ColumnEquality::Collation && !self.form.fold_case {
                refusals.collation(column, *place);
            }
        }
        self.room.unique = members.iter().any(|(column, _)| column.unique);
        self.form.trim_end = members.iter().any(|(column, _)| column.equality == ColumnEquality::TrimEnd);
        if let Some(((first, _), rest)) = members.split_first() {
            self.check_together(first, rest, refusals);
        }
        self.members = members;
    }

    fn check_together(
        &mut self,
        first: &CatalogueColumn,
        rest: &[(CatalogueColumn, RulePlace)],
        refusals: &mut RuleRefusals,
    ) {
        let ignores_case = |column: &CatalogueColumn| column.equality == ColumnEquality::IgnoreCase;
        let limit =
            |unique, column: &CatalogueColumn| self.function.effective_limit(Room { limit: column.limit, unique });
        let unique = self.room.unique;
        for (column, place) in rest {
            if !self.form.fold_case && ignores_case(first) != ignores_case(column) {
                refusals.different_equality(first, column, *place);
            }
            if output_class(&self.function, first.class) != output_class(&self.function, column.class) {
                refusals.different_types(first, column, *place, self.function.kind());
            }
            if limit(unique, first) != limit(unique, column) {
                refusals.different_lengths(first, column, *place);
            }
        }
        self.room.limit = limit(unique, first);
        // Leaves of JSON are longer than a short column, and their case counts.
        let place = rest.first().map(|(_, place)| *place).unwrap_or_default();
        if self.has_leaves && (self.room.limit.is_some() || (ignores_case(first) && !self.form.fold_case)) {
            let leaf = CatalogueColumn { type_name: "leaves of JSON".to_owned(), limit: None, ..first.clone() };
            match self.room.limit {
                Some(_) => refusals.different_lengths(first, &leaf, place),
                None => refusals.different_equality(first, &leaf, place),
            }
        }
        self.form.fold_case |= ignores_case(first);
        if let Err(error) = self.function.check_room(self.room) {
            refusals.room(first, place, &error);
        }
    }
}

/// Type that decides about the output of a function. Texts of addresses and UUIDs are equal to the values of their types.
fn output_class(function: &MaskFunction, class: TypeClass) -> TypeClass {
    match (function, class) {
        (MaskFunction::Ip | MaskFunction::Mac | MaskFunction::Uuid, _) => TypeClass::Text,
        (MaskFunction::Null | MaskFunction::Constant(_) | MaskFunction::Text, _) => TypeClass::Text,
        _ => class,
    }
}

/// True if a constant is a value of a type, checked without the database.
fn is_value(class: TypeClass, value: &str) -> bool {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match class {
        TypeClass::Integer => is_number(unsigned),
        TypeClass::Numeric | TypeClass::Float => value.parse::<f64>().is_ok(),
        TypeClass::Boolean => matches!(value, "true" | "false" | "t" | "f"),
        TypeClass::Date | TypeClass::Timestamp => {
            value.get(..10).is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
        }
        TypeClass::Uuid => value.chars().filter(char::is_ascii_hexdigit).count() == 32,
        TypeClass::Inet => value.split('/').next().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok()),
        TypeClass::Json => serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok(),
        _ => true,
    }
}
