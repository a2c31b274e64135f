//! Tests of planning in collections of nested objects.

use std::collections::{BTreeMap, BTreeSet};

use crate::managed::ResourceChange;
use crate::{
    AnyResource, Applied, ApplyFailure, Attr, Diags, DraftOf, Model, Number, ObjectValue, RequestContext, Resource,
    State, Value,
};

/// A disk. The provider sets its number.
#[derive(Model)]
struct Disk {
    /// Size of the disk.
    size: u64,
    /// Number of the disk.
    #[tf(computed)]
    number: Option<u64>,
    /// Key that is not stored.
    #[tf(write_only)]
    key: Option<String>,
}

/// A port. The provider sets its protocol.
#[derive(PartialEq, Eq, PartialOrd, Ord, Model)]
struct Port {
    /// Number of the port.
    number: u64,
    /// Protocol of the port.
    #[tf(computed)]
    protocol: Option<String>,
}

/// Arguments.
#[derive(Model)]
struct Input {
    /// Title of the example.
    title: Option<String>,
    /// In order.
    disks: Option<Vec<Disk>>,
    /// By name.
    named: Option<BTreeMap<String, Disk>>,
    /// In no order.
    ports: Option<BTreeSet<Port>>,
}

struct Machine;

impl Resource for Machine {
    const TYPE: &'static str = "test_machine";
    const DESCRIPTION: &'static str = "A machine.";
    type Context = ();
    type Input = Input;
    type Output = ();
    type Private = ();
    type Identity = ();

    async fn plan(&self, (): &(), draft: &mut DraftOf<'_, Self>, _: &RequestContext) -> Diags {
        let numbered = |at: u64, disk: Disk| Disk { number: disk.number.or(Some(at)), ..disk };
        if let Attr::Known(disks) = draft.config(Input::DISKS) {
            let disks = (0..).zip(disks).map(|(at, disk)| numbered(at, disk)).collect();
            draft.set(Input::DISKS, Attr::Known(disks));
        }
        if let Attr::Known(named) = draft.config(Input::NAMED) {
            let named = named.into_iter().map(|(name, disk)| (name, numbered(7, disk))).collect();
            draft.set(Input::NAMED, Attr::Known(named));
        }
        Diags::new()
    }

    async fn create(&self, (): &(), _: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
        Ok(Applied { output: (), private: () })
    }

    async fn read(&self, (): &(), prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        Ok(Some(prior))
    }

    async fn update(
        &self,
        (): &(),
        _: State<Self>,
        _: Input,
        _: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        Ok(Applied { output: (), private: () })
    }

    async fn delete(&self, (): &(), _: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        Ok(())
    }
}

fn number(number: i64) -> Value {
    Value::Number(Number::from_i64(number))
}

fn disk(size: i64, at: Value, key: Value) -> Value {
    Value::map([("size", number(size)), ("number", at), ("key", key)])
}

fn port(at: i64, protocol: Value) -> Value {
    Value::map([("number", number(at)), ("protocol", protocol)])
}

fn config(set: &[(&str, Value)]) -> ObjectValue {
    let mut object = AnyResource::<()>::schema(&Machine).empty();
    object.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    object
}

async fn planned(config: &ObjectValue, prior: Option<&ObjectValue>) -> ObjectValue {
    let change = ResourceChange { prior, planned: Some(config), config, private: &[], identity: None };
    let schema = AnyResource::<()>::schema(&Machine);
    let answer = AnyResource::plan_change(&Machine, &(), &schema, change, &RequestContext::default()).await;
    assert!(answer.diags.is_empty(), "{:?}", answer.diags);
    answer.planned.expect("there is a plan").object
}

#[tokio::test]
async fn nested_computed_parts_are_planned_without_write_only_values() {
    let secret = || Value::string("hush");
    let disks = Value::List(vec![disk(1, Value::Null, secret()), disk(2, number(9), Value::Null)]);
    let named = Value::map([("a", disk(3, Value::Null, secret()))]);
    let plan = planned(&config(&[("disks", disks), ("named", named)]), None).await;
    assert_eq!(plan["disks"], Value::List(vec![disk(1, number(0), Value::Null), disk(2, number(9), Value::Null)]));
    assert_eq!(plan["named"], Value::map([("a", disk(3, number(7), Value::Null))]));
}

#[tokio::test]
async fn computed_parts_of_set_elements_are_kept() {
    let written = config(&[("ports", Value::List(vec![port(80, Value::Null), port(53, Value::Null)]))]);
    let filled = Value::List(vec![port(53, Value::string("udp")), port(80, Value::string("tcp"))]);
    let state = config(&[("ports", filled)]);
    let plan = planned(&written, Some(&state)).await;
    assert_eq!(plan, state, "an element is identified by its configured parts");

    let mut more = written;
    more.insert("ports".to_owned(), Value::List(vec![port(80, Value::Null), port(443, Value::Null)]));
    let plan = planned(&more, Some(&state)).await;
    assert_eq!(plan["ports"], Value::List(vec![port(80, Value::string("tcp")), port(443, Value::unknown())]));
}

#[tokio::test]
async fn computed_parts_are_kept_after_other_changes() {
    let state = config(&[("named", Value::map([("a", disk(3, number(7), Value::Null))]))]);
    let written = config(&[
        ("title", Value::string("new")),
        (
            "named",
            Value::map([("a", disk(3, Value::Null, Value::Null)), ("b", disk(4, Value::unknown(), Value::Null))]),
        ),
    ]);
    let plan = planned(&written, Some(&state)).await;
    assert_eq!(
        plan["named"],
        Value::map([("a", disk(3, number(7), Value::Null)), ("b", disk(4, Value::unknown(), Value::Null))])
    );
}
