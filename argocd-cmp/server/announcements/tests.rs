use eod_render::{Parameters, RawParameter};

use super::*;

#[test]
fn announced_parameters_are_the_supported_parameters() {
    let refusals = Parameters::parse(&[RawParameter::text("unknown", "x")]).unwrap_err();
    let remedy = &refusals.as_slice()[0].remedy;
    for announced in to_wire() {
        assert!(remedy.contains(&announced.name), "{} is not among {remedy}", announced.name);
    }
    assert_eq!(to_wire().len(), remedy.split(", ").count());
}

#[test]
fn json_and_grpc_announce_the_same() {
    let json: Vec<Value> = serde_json::from_str(&to_json()).unwrap();
    let wire = to_wire();
    assert_eq!(json.len(), wire.len());
    for (json, wire) in json.iter().zip(wire) {
        let announced = (json["name"].as_str(), json["collectionType"].as_str(), json["string"].as_str().unwrap_or(""));
        assert_eq!(announced, (Some(&*wire.name), Some(&*wire.collection_type), &*wire.string));
    }
}

#[test]
fn title_is_split_into_words() {
    for (name, expected) in [
        ("pull-request", "Pull request"),
        ("image.tag", "Image tag"),
        ("nameOverride", "Name override"),
        ("ttl", "Ttl"),
    ] {
        assert_eq!(title(name), expected);
    }
}
