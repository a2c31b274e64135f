use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::parameters::{Parameters, RawParameter, RawValue};

#[test]
fn names_are_unique_and_defaults_are_the_parsers() {
    let names: BTreeSet<_> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
    assert_eq!(names.len(), PARAMETERS.len());
    let defaults: Vec<_> = PARAMETERS.iter().map(|one| RawParameter::text(one.name, one.default)).collect();
    assert_eq!(Parameters::parse(&defaults).unwrap(), Parameters::default());
}

#[test]
fn every_parameter_has_a_meaning_and_a_valid_example() {
    for ParameterDescription { name, example, meaning, .. } in PARAMETERS {
        assert!(!meaning.is_empty() && !meaning.ends_with('.') && !meaning.contains('|'), "{name}: {meaning}");
        Parameters::parse(&[RawParameter::text(name, example)]).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_documented_type_is_the_accepted_type() {
    let parse = |name: &str, value: RawValue| Parameters::parse(&[RawParameter { name: name.to_owned(), value }]);
    // `policy` is for Argo CD's cache only; its value is not read.
    for ParameterDescription { name, parameter_type, .. } in PARAMETERS.into_iter().filter(|one| one.name != "policy") {
        let array = parse(name, RawValue::List(vec!["a".to_owned()]));
        let map = parse(name, RawValue::Map(BTreeMap::from([("a.b/c".to_owned(), "a.b/c:1".to_owned())])));
        let expected = match parameter_type {
            // The labels of a pull request come from a template as a string; an array is accepted too.
            ParameterType::String => (name == "labels", false),
            ParameterType::Array => (true, false),
            ParameterType::Map => (false, true),
        };
        assert_eq!((array.is_ok(), map.is_ok()), expected, "{name}");
    }
}
