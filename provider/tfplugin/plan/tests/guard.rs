//! Plans that Terraform refuses are detected before they are sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::guard::violations;
use crate::{Model, ObjectValue, Value};

#[derive(Model, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    /// Number.
    number: u64,
    /// Protocol.
    #[tf(computed)]
    protocol: Option<String>,
}

#[derive(Model)]
struct Input {
    /// Name.
    name: Option<String>,
    /// Zone.
    #[tf(computed)]
    zone: Option<String>,
    /// Labels.
    labels: Option<BTreeMap<String, String>>,
    /// Main port.
    main: Option<Port>,
    /// Ports in order.
    ports: Option<Vec<Port>>,
    /// Ports by name.
    named: Option<BTreeMap<String, Port>>,
    /// Ports without order.
    set: Option<BTreeSet<Port>>,
    /// Never stored.
    #[tf(write_only)]
    secret: Option<String>,
}

fn port(number: i64, protocol: Value) -> Value {
    Value::map([("number", Value::from(number)), ("protocol", protocol)])
}

fn found(name: &str, prior: Value, config: Value, planned: Value) -> Vec<String> {
    let object = |value: Value| ObjectValue::from([(name.to_owned(), value)]);
    let diags = violations(&Input::attributes(), Some(&object(prior)), &object(config), &object(planned));
    diags.iter().map(|diag| diag.path.clone().unwrap_or_default().to_string()).collect()
}

#[track_caller]
fn accepts(name: &str, prior: Value, config: Value, planned: Value) {
    assert_eq!(found(name, prior, config, planned), Vec::<String>::new());
}

#[track_caller]
fn refuses(name: &str, config: Value, planned: Value, at: &str) {
    assert_eq!(found(name, Value::Null, config, planned), [at]);
}

#[test]
fn configured_values_prior_values_and_computed_values_are_accepted() {
    let (a, b) = (|| Value::from("a"), || Value::from("b"));
    accepts("name", Value::Null, a(), a());
    accepts("name", b(), a(), b());
    accepts("name", Value::Null, Value::unknown(), Value::unknown());
    accepts("zone", Value::Null, Value::Null, b());
    accepts("zone", Value::Null, Value::Null, Value::unknown());
    accepts("main", Value::Null, port(1, Value::Null), port(1, a()));
    accepts("main", port(2, a()), port(1, Value::Null), port(2, Value::unknown()));
    accepts("ports", Value::Null, Value::List(vec![port(1, Value::Null)]), Value::List(vec![port(1, a())]));
    accepts("ports", Value::Null, Value::List(vec![Value::unknown()]), Value::List(vec![Value::unknown()]));
    accepts("named", Value::Null, Value::map([("k", port(1, a()))]), Value::map([("k", port(1, a()))]));
    accepts("set", Value::Null, Value::List(vec![port(1, Value::Null)]), Value::List(vec![port(1, Value::unknown())]));
    accepts("secret", Value::Null, a(), Value::Null);
}

#[test]
fn changed_configured_value_is_refused_at_its_path() {
    let (a, b) = (|| Value::from("a"), || Value::from("b"));
    refuses("name", a(), b(), "name");
    refuses("name", a(), Value::Null, "name");
    refuses("name", Value::Null, a(), "name");
    refuses("name", Value::unknown(), a(), "name");
    refuses("zone", a(), Value::unknown(), "zone");
    refuses("labels", Value::map([("k", Value::unknown())]), Value::map([("k", Value::Null)]), "labels");
    refuses("labels", Value::map([("k", Value::unknown())]), Value::unknown(), "labels");
    refuses("main", port(1, Value::Null), port(2, Value::Null), "main.number");
    refuses("main", port(1, Value::Null), Value::unknown(), "main");
    refuses("main", Value::Null, port(1, Value::Null), "main");
    refuses("secret", a(), a(), "secret");
}

#[test]
fn other_elements_than_configured_are_refused() {
    let one = || Value::List(vec![port(1, Value::Null)]);
    let two = || Value::List(vec![port(1, Value::Null), port(2, Value::Null)]);
    refuses("ports", two(), one(), "ports");
    refuses("ports", one(), Value::List(vec![port(7, Value::Null)]), "ports[0].number");
    refuses("ports", Value::List(vec![Value::unknown()]), one(), "ports[0]");
    refuses("set", two(), one(), "set");
    let named = |key: &str, number| Value::map([(key, port(number, Value::Null))]);
    refuses("named", named("k", 1), named("other", 1), "named");
    refuses("named", named("k", 1), named("k", 2), "named[\"k\"].number");
}
