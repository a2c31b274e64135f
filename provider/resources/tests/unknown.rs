//! Property of every schema: every part of every argument may be unknown until the apply.
//!
//! Each test replaces one part of a valid configuration by an unknown value: a whole argument, an element of a
//! collection, an attribute of a nested object. Validation and plan accept it, and a plan with the known value
//! changes no value of the first plan.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use jiff::Timestamp;
use serde_json::Value as Json;
use tfplugin::schema::{Presence, Schema};
use tfplugin::{
    AnyResource, Config, Diags, Host, ObjectValue, Provider, RequestContext, ResourceChange, Type, Value, msgpack,
};

use super::samples;
use crate::provider::{Context, Eod, ProviderConfig};

/// A configuration with one unknown part, and a description of the part.
struct Variant {
    part: String,
    config: ObjectValue,
}

/// Every way to make one part of the arguments unknown.
fn variants(schema: &Schema, config: &ObjectValue) -> Vec<Variant> {
    let arguments = schema.attributes.iter().filter(|attribute| attribute.presence != Presence::Computed);
    let of = |name: &'static str| {
        let each = unknowns(&config[name]).into_iter();
        each.map(move |(steps, value)| {
            let mut config = config.clone();
            config.insert(name.to_owned(), value);
            Variant { part: format!("{name}{steps}"), config }
        })
    };
    arguments.flat_map(|attribute| of(attribute.name)).collect()
}

fn unknowns(value: &Value) -> Vec<(String, Value)> {
    let mut found = vec![(String::new(), Value::unknown())];
    match value {
        Value::List(elements) => {
            for (at, element) in elements.iter().enumerate() {
                found.extend(unknowns(element).into_iter().map(|(steps, unknown)| {
                    let mut elements = elements.clone();
                    elements[at] = unknown;
                    (format!("[{at}]{steps}"), Value::List(elements))
                }));
            }
        }
        Value::Map(parts) => {
            for (key, part) in parts {
                found.extend(unknowns(part).into_iter().map(|(steps, unknown)| {
                    let mut parts = parts.clone();
                    parts.insert(key.clone(), unknown);
                    (format!(".{key}{steps}"), Value::Map(parts))
                }));
            }
        }
        _ => {}
    }
    found
}

fn eod() -> Eod {
    let variables =
        [("HOME", "/home/alice"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Eod::new(BTreeMap::from(variables), || Timestamp::UNIX_EPOCH)
}

#[track_caller]
fn configured(block: &ObjectValue, what: &str) -> Context {
    match eod().configure(Config::new(block), &Host::default()) {
        Ok(context) => context,
        Err(diags) => panic!("the provider block was refused with {what} unknown: {diags:?}"),
    }
}

fn context() -> Context {
    configured(&samples::object(&samples::provider_schema(), &samples::providers()[0]), "nothing")
}

#[track_caller]
fn planned(
    resource: &dyn AnyResource<Context>,
    cx: &Context,
    config: &ObjectValue,
    prior: Option<&ObjectValue>,
    what: &str,
) -> ObjectValue {
    let (schema, call) = (resource.schema(), RequestContext::default());
    let change = ResourceChange { prior, planned: Some(config), config, private: &[], identity: None };
    let answer = resource.plan_change(cx, &schema, change, &call).now_or_never().expect("a plan does no I/O");
    assert!(answer.diags.is_empty(), "{} with {what} unknown: {:?}", resource.type_name(), answer.diags);
    let object = answer.planned.expect("there is a plan").object;
    let encoded = msgpack::encode(&Value::Map(object.clone()), &schema.ty());
    assert!(encoded.is_ok(), "{} with {what} unknown: {encoded:?}", resource.type_name());
    object
}

#[track_caller]
fn assert_agrees(schema: &Schema, before: &ObjectValue, later: &ObjectValue, what: &str) {
    for attribute in &schema.attributes {
        let (before, later) = (&before[attribute.name], &later[attribute.name]);
        let agrees = before.can_become(later, &attribute.shape.ty());
        assert!(agrees, "with {what} unknown `{}` was planned as {before:?} and is {later:?}", attribute.name);
    }
}

/// The state after an apply of this plan: every unknown output has some value.
fn state(schema: &Schema, planned: &ObjectValue) -> ObjectValue {
    let mut state = planned.clone();
    for attribute in &schema.attributes {
        let value = state.remove(attribute.name).unwrap_or_default();
        let value = if value.is_unknown() { some_value(&attribute.shape.ty()) } else { value };
        state.insert(attribute.name.to_owned(), value);
    }
    state
}

fn some_value(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Number => Value::from(1),
        Type::String => Value::from("1970-01-01T00:00:00Z"),
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => Value::List(Vec::new()),
        Type::Map(_) => Value::Map(BTreeMap::new()),
        Type::Object(parts) => Value::map(parts.iter().map(|(name, ty)| (name, some_value(ty)))),
        Type::Dynamic => Value::Null,
    }
}

#[track_caller]
fn assert_plans_agree(resource: &dyn AnyResource<Context>, samples: &[Json]) {
    let (schema, cx) = (resource.schema(), context());
    for sample in samples {
        let config = samples::object(&schema, sample);
        let created = planned(resource, &cx, &config, None, "nothing");
        let state = state(&schema, &created);
        let unchanged = planned(resource, &cx, &config, Some(&state), "nothing");
        assert_eq!(unchanged, state, "the same configuration changes nothing");
        for Variant { part, config: partly } in variants(&schema, &config) {
            let refused = resource.validate_config(&partly);
            assert!(refused.is_empty(), "{} with {part} unknown: {refused:?}", resource.type_name());
            let first = planned(resource, &cx, &partly, None, &part);
            assert_agrees(&schema, &first, &created, &part);
            let first = planned(resource, &cx, &partly, Some(&state), &part);
            assert_agrees(&schema, &first, &unchanged, &part);
        }
    }
}

fn samples_of(type_name: &str) -> Vec<Json> {
    match type_name {
        "eod_environment" => samples::environments(),
        "eod_db_snapshot" => samples::databases(),
        "eod_vault_clone" => samples::clones(),
        other => panic!("there is no sample of {other}"),
    }
}

#[test]
fn resources_can_be_planned_with_any_part_of_an_argument_unknown() {
    for resource in crate::RESOURCES {
        assert_plans_agree(*resource, &samples_of(resource.type_name()));
    }
}

#[test]
fn data_sources_and_ephemeral_resources_accept_any_part_of_an_argument_unknown() {
    let check = |type_name: &str, schema: Schema, validate: &dyn Fn(&ObjectValue) -> Diags| {
        for sample in samples::lookups(type_name) {
            let config = samples::object(&schema, &sample);
            assert!(validate(&config).is_empty(), "{type_name}: {sample}");
            for Variant { part, config } in variants(&schema, &config) {
                let refused = validate(&config);
                assert!(refused.is_empty(), "{type_name} with {part} unknown: {refused:?}");
            }
        }
    };
    for each in crate::DATA_SOURCES {
        check(each.type_name(), each.schema(), &|config| each.validate_config(config));
    }
    for each in crate::EPHEMERALS {
        check(each.type_name(), each.schema(), &|config| each.validate_config(config));
    }
}

#[test]
fn the_provider_block_may_be_unknown_in_any_part() {
    let schema = samples::provider_schema();
    for sample in samples::providers() {
        let block = samples::object(&schema, &sample);
        let known = configured(&block, "nothing");
        for Variant { part, config } in variants(&schema, &block) {
            let mut refused = Config::<ProviderConfig>::new(&config).mistakes();
            refused.extend(eod().validate(Config::new(&config)));
            assert!(refused.is_empty(), "with {part} unknown: {refused:?}");
            let partly = configured(&config, &part);
            for resource in crate::RESOURCES {
                let schema = resource.schema();
                for sample in samples_of(resource.type_name()) {
                    let config = samples::object(&schema, &sample);
                    let first = planned(*resource, &partly, &config, None, &part);
                    let last = planned(*resource, &known, &config, None, "nothing");
                    assert_agrees(&schema, &first, &last, &part);
                }
            }
        }
    }
}

#[test]
fn the_samples_set_every_argument() {
    let check = |name: &str, schema: &Schema, samples: Vec<Json>| {
        let samples: Vec<ObjectValue> = samples.iter().map(|sample| samples::object(schema, sample)).collect();
        assert_eq!(samples::unset(schema, &samples), Vec::<String>::new(), "{name}: add them to a sample");
    };
    check("provider", &samples::provider_schema(), samples::providers());
    for each in crate::RESOURCES {
        check(each.type_name(), &each.schema(), samples_of(each.type_name()));
    }
    for each in crate::DATA_SOURCES {
        check(each.type_name(), &each.schema(), samples::lookups(each.type_name()));
    }
    for each in crate::EPHEMERALS {
        check(each.type_name(), &each.schema(), samples::lookups(each.type_name()));
    }
}
