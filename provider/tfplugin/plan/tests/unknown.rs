//! Unknown values at any depth: the plan is valid, and the applied values agree with the planned ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::Minutes;
use crate::managed::{ResourceChange, StateAnswer};
use crate::schema::{Attribute, Nesting, Presence, Schema, Shape};
use crate::value::Dynamic;
use crate::{
    AnyResource, Applied, ApplyFailure, Attr, Diags, DraftOf, Model, ObjectValue, RequestContext, Resource, State,
    Text, Type, Value, msgpack,
};

/// A nested object with one part of each kind.
#[derive(Clone, Model, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// Required.
    name: String,
    /// Filled in by the provider.
    #[tf(computed)]
    number: Option<u64>,
    /// Has a default.
    #[tf(default = "1m")]
    kind: Option<String>,
    /// A collection inside.
    tags: Option<BTreeSet<String>>,
}

/// One argument of each shape.
#[derive(Model)]
struct Input {
    /// Identity.
    #[tf(replace)]
    name: String,
    /// Compared by meaning.
    ttl: Option<Text<Minutes>>,
    /// Has a default.
    #[tf(default = 3)]
    count_of: Option<u64>,
    /// A switch.
    on: Option<bool>,
    /// In order.
    list: Option<Vec<String>>,
    /// Without order.
    set: Option<BTreeSet<String>>,
    /// By key.
    map: Option<BTreeMap<String, String>>,
    /// A collection of collections.
    deep: Option<BTreeMap<String, Vec<String>>>,
    /// One object, filled in by the provider.
    #[tf(computed)]
    single: Option<Part>,
    /// Objects in order.
    parts: Option<Vec<Part>>,
    /// Objects by key.
    named: Option<BTreeMap<String, Part>>,
    /// Objects without order.
    bag: Option<BTreeSet<Part>>,
    /// Any type.
    any: Option<Dynamic>,
    /// Never stored.
    #[tf(write_only)]
    secret: Option<BTreeMap<String, String>>,
}

#[derive(Model)]
#[tf(output)]
struct Output {
    /// Fixed at creation, known in the plan.
    #[tf(keep)]
    id: String,
    /// Depends on two collections.
    #[tf(with = "Input::list, Input::parts")]
    summary: BTreeMap<String, String>,
    /// New with every change.
    revision: u64,
}

struct Everything;

fn numbered(part: Part) -> Part {
    Part { number: part.number.or(Some(7)), kind: part.kind.or_else(|| Some("1m".to_owned())), ..part }
}

fn summary(list: &[String], parts: &[Part]) -> BTreeMap<String, String> {
    list.iter().cloned().chain(parts.iter().map(|part| part.name.clone())).map(|key| (key.clone(), key)).collect()
}

impl Resource for Everything {
    const TYPE: &'static str = "test_everything";
    const DESCRIPTION: &'static str = "Everything.";
    type Context = ();
    type Input = Input;
    type Output = Output;
    type Private = ();
    type Identity = ();

    async fn plan(&self, (): &(), draft: &mut DraftOf<'_, Self>, _: &RequestContext) -> Diags {
        let id = draft.config(Input::NAME).map(|name| format!("id-{name}"));
        draft.set(Output::ID, id);
        let single = draft.config(Input::SINGLE).map(numbered);
        let default = Part { name: "default".to_owned(), number: None, kind: None, tags: None };
        draft.set(Input::SINGLE, single.or(Attr::Known(numbered(default))));
        let parts = draft.config(Input::PARTS);
        draft.set(Input::PARTS, parts.clone().map(|parts| parts.into_iter().map(numbered).collect()));
        let named = draft.config(Input::NAMED);
        draft
            .set(Input::NAMED, named.map(|parts| parts.into_iter().map(|(key, part)| (key, numbered(part))).collect()));
        let bag = draft.config(Input::BAG);
        draft.set(Input::BAG, bag.map(|parts| parts.into_iter().map(numbered).collect()));
        let lists = draft.config(Input::LIST).or(Attr::Known(Vec::new())).zip(parts.or(Attr::Known(Vec::new())));
        draft.set(Output::SUMMARY, lists.map(|(list, parts)| summary(&list, &parts)));
        Diags::new()
    }

    async fn create(&self, (): &(), input: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
        let Input { name, list, parts, .. } = input;
        let summary = summary(&list.unwrap_or_default(), &parts.unwrap_or_default());
        Ok(Applied { output: Output { id: format!("id-{name}"), summary, revision: 1 }, private: () })
    }

    async fn read(&self, (): &(), prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        Ok(Some(prior))
    }

    async fn update(
        &self,
        cx: &(),
        _: State<Self>,
        input: Input,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        self.create(cx, input, call).await
    }

    async fn delete(&self, (): &(), _: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        Ok(())
    }
}

fn schema() -> Schema {
    AnyResource::<()>::schema(&Everything)
}

/// Generates configurations without unknown values. Every string is a duration, so that it is valid for every argument.
fn configuration() -> BoxedStrategy<ObjectValue> {
    object(schema().attributes)
}

fn object(attributes: Vec<Attribute>) -> BoxedStrategy<ObjectValue> {
    let parts: Vec<_> = attributes
        .into_iter()
        .map(|attribute| {
            let name = attribute.name.to_owned();
            let value = match attribute.presence {
                Presence::Computed => Just(Value::Null).boxed(),
                Presence::Required => shaped(attribute.shape),
                Presence::Optional | Presence::OptionalComputed => {
                    prop_oneof![1 => Just(Value::Null), 2 => shaped(attribute.shape)].boxed()
                }
            };
            value.prop_map(move |value| (name.clone(), value))
        })
        .collect();
    parts.prop_map(|parts| parts.into_iter().collect()).boxed()
}

fn shaped(shape: Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Plain(ty) => plain(&ty),
        Shape::Object { nesting, attributes } => {
            let element = object(attributes).prop_map(Value::Map).boxed();
            match nesting {
                Nesting::Single => element,
                Nesting::List => vec(element, 0..3).prop_map(Value::List).boxed(),
                Nesting::Set => vec(element, 0..3).prop_map(unique).boxed(),
                Nesting::Map => btree_map("[a-c]", element, 0..3).prop_map(Value::Map).boxed(),
            }
        }
    }
}

fn plain(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => (1_i64..9).prop_map(Value::from).boxed(),
        Type::List(element) => vec(plain(element), 0..3).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(plain(element), 0..3).prop_map(unique).boxed(),
        Type::Map(element) => btree_map("[a-c]", plain(element), 0..3).prop_map(Value::Map).boxed(),
        Type::Dynamic => {
            plain(&Type::list(Type::String)).prop_map(|value| Value::dynamic(Type::list(Type::String), value)).boxed()
        }
        Type::String | Type::Tuple(_) | Type::Object(_) => "[1-9]m".prop_map(Value::String).boxed(),
    }
}

/// Removes elements with the same identifying part, so that unknown parts cannot make two elements of the set equal.
fn unique(mut elements: Vec<Value>) -> Value {
    let name = |value: &Value| value.get("name").cloned().unwrap_or_else(|| value.clone());
    let mut seen = Vec::new();
    elements.retain(|value| {
        let name = name(value);
        let is_new = !seen.contains(&name);
        seen.push(name);
        is_new
    });
    Value::List(elements)
}

/// Replaces every part for which `hidden` returns true with an unknown value.
fn hide(value: Value, hidden: &mut impl FnMut() -> bool) -> Value {
    if hidden() {
        return Value::unknown();
    }
    match value {
        Value::List(elements) => Value::List(elements.into_iter().map(|element| hide(element, hidden)).collect()),
        Value::Map(parts) => Value::Map(parts.into_iter().map(|(key, part)| (key, hide(part, hidden))).collect()),
        Value::Dynamic(dynamic) => Value::dynamic(dynamic.ty, hide(dynamic.value, hidden)),
        leaf => leaf,
    }
}

fn partly_unknown(config: &ObjectValue, hidden: &[bool]) -> ObjectValue {
    let mut hidden = hidden.iter().copied().cycle();
    let arguments = schema().attributes.into_iter().filter(|attribute| attribute.presence != Presence::Computed);
    let mut config = config.clone();
    for attribute in arguments {
        let value = config.remove(attribute.name).unwrap_or_default();
        config.insert(attribute.name.to_owned(), hide(value, &mut || hidden.next().unwrap_or_default()));
    }
    config
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn plan(config: &ObjectValue, prior: Option<&ObjectValue>) -> ObjectValue {
    let change = ResourceChange { prior, planned: Some(config), config, private: &[], identity: None };
    let answer = run(AnyResource::plan_change(&Everything, &(), &schema(), change, &RequestContext::default()));
    assert!(answer.diags.is_empty(), "{:?}", answer.diags);
    answer.planned.unwrap().object
}

fn apply(config: &ObjectValue, plan: &ObjectValue, prior: Option<&ObjectValue>) -> ObjectValue {
    let change = ResourceChange { prior, planned: Some(plan), config, private: &[], identity: None };
    let StateAnswer { state, diags } =
        run(AnyResource::apply_change(&Everything, &(), &schema(), change, &RequestContext::default()));
    assert!(diags.is_empty(), "{diags:?}");
    state.unwrap().object
}

fn assert_agrees(before: &ObjectValue, later: &ObjectValue) {
    for attribute in schema().attributes {
        let (before, later) = (&before[attribute.name], &later[attribute.name]);
        assert!(before.can_become(later, &attribute.shape.ty()), "{}: {before:?} became {later:?}", attribute.name);
    }
}

proptest! {
    #[test]
    fn a_plan_with_unknown_parts_is_valid_and_agrees_with_the_apply(
        earlier in proptest::option::of(configuration()),
        known in configuration(),
        hidden in vec(prop::bool::weighted(0.1), 97),
    ) {
        let prior = earlier.map(|config| apply(&config, &plan(&config, None), None));
        let partly = partly_unknown(&known, &hidden);
        prop_assert!(AnyResource::<()>::validate_config(&Everything, &partly).is_empty());

        let first = plan(&partly, prior.as_ref());
        prop_assert!(msgpack::encode(&Value::Map(first.clone()), &schema().ty()).is_ok());

        let last = plan(&known, prior.as_ref());
        assert_agrees(&first, &last);
        let state = apply(&known, &last, prior.as_ref());
        assert_agrees(&last, &state);
        prop_assert!(state.values().all(Value::is_wholly_known));
        prop_assert!(plan(&known, Some(&state)) == state, "nothing is left to change");
    }

    #[test]
    fn a_failed_create_leaves_a_state_that_can_be_read(
        known in configuration(),
        hidden in vec(prop::bool::weighted(0.1), 97),
    ) {
        let planned = plan(&partly_unknown(&known, &hidden), None);
        let ty = schema().ty();
        let state = Value::Map(planned.clone()).null_unknowns(&ty);
        prop_assert!(state.is_wholly_known());
        prop_assert!(Value::Map(planned).null_unknowns(&ty).can_become(&state, &ty));
        prop_assert!(msgpack::encode(&state, &ty).is_ok());
    }
}
