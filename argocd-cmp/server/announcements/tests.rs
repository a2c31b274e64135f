use eod_render::{Parameters, RawParameter};

use super::*;

#[test]
fn what_is_announced_is_what_is_known() {
    let unknown = Parameters::parse(&[RawParameter::text("nobody-knows", "x")]).unwrap_err();
    let remedy = &unknown.as_slice()[0].remedy;
    for announced in on_the_wire() {
        assert!(remedy.contains(&announced.name), "{} is not among {remedy}", announced.name);
    }
    assert_eq!(on_the_wire().len(), remedy.split(", ").count());
}

#[test]
fn both_ways_say_the_same() {
    let json: Vec<Value> = serde_json::from_str(&as_json()).unwrap();
    let wire = on_the_wire();
    assert_eq!(json.len(), wire.len());
    for (json, wire) in json.iter().zip(wire) {
        let said = (json["name"].as_str(), json["collectionType"].as_str(), json["string"].as_str().unwrap_or(""));
        assert_eq!(said, (Some(&*wire.name), Some(&*wire.collection_type), &*wire.string));
    }
}

#[test]
fn a_title_has_words() {
    for (name, expected) in [
        ("pull-request", "Pull request"),
        ("image.tag", "Image tag"),
        ("nameOverride", "Name override"),
        ("ttl", "Ttl"),
    ] {
        assert_eq!(title(name), expected);
    }
}
