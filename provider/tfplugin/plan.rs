//! The plan pipeline: all rules that Terraform has for every plan. Most resources do not need their own `plan`.
//!
//! 1. [`start`]: configured values and prior computed values -> defaults -> write-only values become null -> values
//!    with the same meaning stay as in the prior state.
//! 2. [`crate::Resource::plan`].
//! 3. [`finish`]: values that will change become unknown -> the plan is checked -> attributes that require a
//!    replacement are collected.

mod guard;

use std::collections::BTreeSet;
use std::marker::PhantomData;

use crate::config::ObjectValue;
use crate::diag::Diags;
use crate::draft::{Deferral, Draft};
use crate::path::Path;
use crate::schema::{Attribute, Nesting, Presence, Refreshed, Schema, Shape};
use crate::value::Value;
use crate::values;

/// A finished plan.
pub(crate) struct Planned<P> {
    pub(crate) object: ObjectValue,
    pub(crate) replace: Vec<Path>,
    pub(crate) deferral: Option<Deferral>,
    pub(crate) private: P,
}

/// Runs the steps before [`crate::Resource::plan`].
pub(crate) fn start<'a, I, O, P>(
    schema: &'a Schema,
    config: &'a ObjectValue,
    prior: Option<&'a ObjectValue>,
    private: P,
) -> Draft<'a, I, O, P> {
    let merged = values::merge(schema, config, prior);
    let planned = match prior {
        Some(prior) => values::prefer_all(&schema.attributes, prior, merged),
        None => merged,
    };
    Draft {
        schema,
        config,
        prior,
        planned,
        settled: Default::default(),
        replaced: Default::default(),
        in_place: Default::default(),
        deferral: None,
        private,
        of: PhantomData,
    }
}

/// Runs the steps after [`crate::Resource::plan`].
///
/// # Errors
/// A bug in the resource: the plan is not valid for Terraform.
pub(crate) fn finish<I, O, P>(mut draft: Draft<'_, I, O, P>) -> Result<Planned<P>, Diags> {
    let changed = draft.schema.attributes.iter().any(|attribute| draft.differs(attribute))
        || draft
            .schema
            .blocks
            .iter()
            .any(|block| draft.prior.is_some_and(|prior| prior.get(block.name) != draft.planned.get(block.name)));
    if draft.is_create() {
        mark_unknown_at_create(&mut draft);
    } else if changed {
        mark_unknown_at_update(&mut draft);
    }
    guard::violations(&draft.schema.attributes, draft.prior, draft.config, &draft.planned).into_result(())?;
    let mut replace = BTreeSet::new();
    if let Some(prior) = draft.prior {
        replace_paths(&Path::root(), &draft.schema.attributes, prior, &draft.planned, &mut replace);
    }
    let replace = replace.difference(&draft.in_place).chain(&draft.replaced).cloned().collect();
    Ok(Planned { object: draft.planned, replace, deferral: draft.deferral, private: draft.private })
}

fn mark_unknown_at_create<I, O, P>(draft: &mut Draft<'_, I, O, P>) {
    for attribute in &draft.schema.attributes {
        if let Some(value) = unsettled(&draft.settled, &mut draft.planned, attribute) {
            *value = values::unknown_parts(attribute, std::mem::replace(value, Value::Null));
        }
    }
}

fn mark_unknown_at_update<I, O, P>(draft: &mut Draft<'_, I, O, P>) {
    let refreshed: Vec<&str> = draft
        .schema
        .attributes
        .iter()
        .filter(|attribute| attribute.presence == Presence::Computed && is_refreshed(draft, attribute))
        .map(|attribute| attribute.name)
        .collect();
    for attribute in &draft.schema.attributes {
        let is_object = matches!(attribute.shape, Shape::Object { .. }) && attribute.presence != Presence::Computed;
        let Some(value) = unsettled(&draft.settled, &mut draft.planned, attribute) else { continue };
        if refreshed.contains(&attribute.name) {
            *value = Value::unknown();
        } else if is_object && !value.is_null() {
            *value = values::unknown_parts(attribute, std::mem::replace(value, Value::Null));
        }
    }
}

fn unsettled<'o>(
    settled: &BTreeSet<&'static str>,
    planned: &'o mut ObjectValue,
    attribute: &Attribute,
) -> Option<&'o mut Value> {
    if settled.contains(attribute.name) { None } else { planned.get_mut(attribute.name) }
}

fn is_refreshed<I, O, P>(draft: &Draft<'_, I, O, P>, attribute: &Attribute) -> bool {
    match &attribute.refreshed {
        Refreshed::Always => true,
        Refreshed::Never => false,
        Refreshed::With(names) => {
            names.iter().filter_map(|name| draft.schema.attribute(name)).any(|attribute| draft.differs(attribute))
        }
    }
}

fn replace_paths(
    base: &Path,
    attributes: &[Attribute],
    prior: &ObjectValue,
    planned: &ObjectValue,
    found: &mut BTreeSet<Path>,
) {
    for attribute in attributes {
        let (before, after) =
            (prior.get(attribute.name).unwrap_or(&Value::Null), planned.get(attribute.name).unwrap_or(&Value::Null));
        let path = base.clone().attribute(attribute.name);
        if attribute.replace && (!after.is_wholly_known() || !attribute.same(before, after)) {
            found.insert(path);
        } else if let (Shape::Object { nesting: Nesting::Single, attributes }, Value::Map(before), Value::Map(after)) =
            (&attribute.shape, before, after)
        {
            replace_paths(&path, attributes, before, after, found);
        }
    }
}

#[cfg(test)]
mod tests;
