//! The plan pipeline: what Terraform expects of every plan, so that most resources write none.
//!
//! merge what the user wrote with what was computed before -> defaults -> write-only to null -> equal by meaning stays
//! as it was -> the resource's own word -> what will change becomes unknown -> what must be replaced -> the guard.

mod guard;

use crate::config::Object;
use crate::diag::Diags;
use crate::draft::{Deferral, Draft};
use crate::path::Path;
use crate::schema::{Attribute, Nesting, Presence, Refreshed, Schema, Shape};
use crate::value::Value;
use crate::values;

/// A finished plan.
pub(crate) struct Planned<P> {
    pub(crate) object: Object,
    pub(crate) replace: Vec<Path>,
    pub(crate) deferral: Option<Deferral>,
    pub(crate) private: P,
}

/// Everything up to the resource's own word.
pub(crate) fn start<'a, P>(
    schema: &'a Schema,
    config: &'a Object,
    prior: Option<&'a Object>,
    private: P,
) -> Draft<'a, P> {
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
    }
}

/// Everything after the resource's own word.
///
/// # Errors
/// A bug in the resource: it planned what Terraform does not accept.
pub(crate) fn finish<P>(mut draft: Draft<'_, P>) -> Result<Planned<P>, Diags> {
    let changed = draft.schema.attributes.iter().any(|attribute| draft.differs(attribute.name))
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
    let mut replace = std::collections::BTreeSet::new();
    if let Some(prior) = draft.prior {
        replace_paths(&Path::root(), &draft.schema.attributes, prior, &draft.planned, &mut replace);
    }
    let replace = replace.difference(&draft.in_place).chain(&draft.replaced).cloned().collect();
    Ok(Planned { object: draft.planned, replace, deferral: draft.deferral, private: draft.private })
}

fn mark_unknown_at_create<P>(draft: &mut Draft<'_, P>) {
    for attribute in &draft.schema.attributes {
        if let Some(value) = unsettled(&draft.settled, &mut draft.planned, attribute) {
            *value = values::unknown_parts(attribute, std::mem::replace(value, Value::Null));
        }
    }
}

fn mark_unknown_at_update<P>(draft: &mut Draft<'_, P>) {
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
    settled: &std::collections::BTreeSet<&'static str>,
    planned: &'o mut Object,
    attribute: &Attribute,
) -> Option<&'o mut Value> {
    if settled.contains(attribute.name) { None } else { planned.get_mut(attribute.name) }
}

fn is_refreshed<P>(draft: &Draft<'_, P>, attribute: &Attribute) -> bool {
    match &attribute.refreshed {
        Refreshed::Always => true,
        Refreshed::Never => false,
        Refreshed::With(inputs) => inputs.iter().any(|input| draft.differs(input)),
    }
}

fn replace_paths(
    base: &Path,
    attributes: &[Attribute],
    prior: &Object,
    planned: &Object,
    found: &mut std::collections::BTreeSet<Path>,
) {
    for attribute in attributes {
        let (was, shall) =
            (prior.get(attribute.name).unwrap_or(&Value::Null), planned.get(attribute.name).unwrap_or(&Value::Null));
        let path = base.clone().attribute(attribute.name);
        if attribute.replace && (!shall.is_wholly_known() || !attribute.same(was, shall)) {
            found.insert(path);
        } else if let (Shape::Object { nesting: Nesting::Single, attributes }, Value::Map(was), Value::Map(shall)) =
            (&attribute.shape, was, shall)
        {
            replace_paths(&path, attributes, was, shall, found);
        }
    }
}

#[cfg(test)]
mod tests;
