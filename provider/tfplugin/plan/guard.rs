//! Terraform's rules for a plan, checked before the plan is sent.
//!
//! Terraform refuses a plan that breaks a rule with "Provider produced invalid plan". This check reports the violation
//! as a bug of the provider, with the attribute.

use crate::config::ObjectValue;
use crate::diag::{Diag, Diags};
use crate::path::Path;
use crate::schema::{Attribute, Nesting, Presence, Shape};
use crate::value::{Value, index};

/// Returns an error for each attribute that is configured and has another planned value.
pub(crate) fn violations(
    attributes: &[Attribute],
    prior: Option<&ObjectValue>,
    config: &ObjectValue,
    planned: &ObjectValue,
) -> Diags {
    let mut found = Diags::new();
    object(&Path::root(), attributes, prior, config, planned, &mut found);
    found
}

fn object(
    base: &Path,
    attributes: &[Attribute],
    prior: Option<&ObjectValue>,
    config: &ObjectValue,
    planned: &ObjectValue,
    found: &mut Diags,
) {
    for attribute in attributes {
        let prior = prior.and_then(|prior| prior.get(attribute.name));
        let config = config.get(attribute.name).unwrap_or(&Value::Null);
        let planned = planned.get(attribute.name).unwrap_or(&Value::Null);
        value(&base.clone().attribute(attribute.name), attribute, prior, config, planned, found);
    }
}

fn value(
    path: &Path,
    attribute: &Attribute,
    prior: Option<&Value>,
    config: &Value,
    planned: &Value,
    found: &mut Diags,
) {
    if attribute.write_only {
        if !planned.is_null() {
            found.push(broken(path, "holds a value of the write-only argument"));
        }
        return;
    }
    let is_free = match attribute.presence {
        Presence::Computed => true,
        Presence::OptionalComputed => config.is_null(),
        Presence::Required | Presence::Optional => false,
    };
    // Parts of objects are compared below.
    let same = |a: &Value, b: &Value| match attribute.shape {
        Shape::Plain(_) => attribute.same(a, b),
        Shape::Object { .. } => a == b,
    };
    let is_kept = || prior.is_some_and(|prior| !prior.is_null() && !config.is_null() && same(prior, planned));
    if is_free || same(config, planned) || is_kept() {
        return;
    }
    match &attribute.shape {
        Shape::Object { nesting, attributes } if !config.is_null() && !planned.is_null() => {
            elements(path, *nesting, attributes, prior, config, planned, found);
        }
        Shape::Object { .. } | Shape::Plain(_) => found.push(broken(path, "changes the configured value of")),
    }
}

fn elements(
    path: &Path,
    nesting: Nesting,
    attributes: &[Attribute],
    prior: Option<&Value>,
    config: &Value,
    planned: &Value,
    found: &mut Diags,
) {
    match (nesting, config, planned) {
        (Nesting::Single, Value::Map(config), Value::Map(planned)) => {
            object(path, attributes, prior.and_then(Value::as_map), config, planned, found);
        }
        (Nesting::List, Value::List(config), Value::List(planned)) if config.len() == planned.len() => {
            let prior = prior.and_then(Value::as_list).unwrap_or_default();
            for (at, (config, planned)) in config.iter().zip(planned).enumerate() {
                element(&path.clone().step(index(at)), attributes, prior.get(at), config, planned, found);
            }
        }
        (Nesting::Map, Value::Map(config), Value::Map(planned)) if config.keys().eq(planned.keys()) => {
            let prior = prior.and_then(Value::as_map);
            for ((key, config), planned) in config.iter().zip(planned.values()) {
                let prior = prior.and_then(|prior| prior.get(key));
                element(&path.clone().key(key), attributes, prior, config, planned, found);
            }
        }
        // Elements of a set have no key: Terraform compares only their number.
        (Nesting::Set, Value::List(config), Value::List(planned)) if config.len() == planned.len() => {}
        _ => found.push(broken(path, "has other elements than the configuration in")),
    }
}

fn element(
    path: &Path,
    attributes: &[Attribute],
    prior: Option<&Value>,
    config: &Value,
    planned: &Value,
    found: &mut Diags,
) {
    match (config, planned) {
        (Value::Map(config), Value::Map(planned)) => {
            object(path, attributes, prior.and_then(Value::as_map), config, planned, found);
        }
        (config, planned) if config == planned => {}
        _ => found.push(broken(path, "changes the configured value of")),
    }
}

fn broken(path: &Path, what: &str) -> Diag {
    Diag::bug(format!("the plan {what} `{path}`")).at(path.clone())
}
