use super::*;

fn parse(pairs: &[(&str, &str)]) -> Result<Parameters, Vec<String>> {
    let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
    let line = |refusal: &Refusal| format!("{}: {}", refusal.location, refusal.message);
    Parameters::parse(&raw).map_err(|refusals| refusals.as_slice().iter().map(line).collect())
}

#[test]
fn parameters_of_an_application_set_are_parsed() {
    let json = r#"[
        {"name": "environment", "string": "shop-pr-7"}, {"name": "repository", "string": "acme/shop"},
        {"name": "pull-request", "string": "7"}, {"name": "head-sha", "string": "0e12345"},
        {"name": "owner", "string": "dependabot[bot]"}, {"name": "ttl", "string": ""},
        {"name": "labels", "string": "[\"preview\",\"service:api\",\"tier/full\"]"},
        {"name": "images", "map": {"shop": "registry.acme.internal/shop:1"}},
        {"name": "services", "array": ["web"]}, {"name": "set", "string": "{\"a.b\": 1, \"c\": true}"},
        {"name": "values", "string": "a.yaml, b.yaml"}, {"name": "policy", "string": "3"}
    ]"#;
    let parameters = Parameters::parse(&parse_raw_parameters(json).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(parameters.environment.unwrap().as_str(), "shop-pr-7");
    assert_eq!(parameters.head_sha.as_ref().unwrap().value.as_str(), "0e12345");
    assert_eq!(parameters.ttl, None);
    let services: Vec<_> = parameters.services.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(services, ["api", "web"]);
    assert_eq!(parameters.images.len(), 1);
    assert_eq!(parameters.set["a.b"], "1");
    assert_eq!(parameters.values, ["a.yaml", "b.yaml"]);
    assert_eq!((parameters.replicas, parameters.state, parameters.guards), (1, RunState::Active, Guards::Render));
}

#[test]
fn lists_and_maps_are_accepted_as_strings() {
    for nothing in ["", "null", "[]"] {
        let parameters = parse(&[("labels", nothing), ("services", nothing), ("values", nothing)]).unwrap();
        assert!(parameters.labels.is_empty() && parameters.services.is_none() && parameters.values.is_empty());
    }
    for nothing in ["", "null", "{}"] {
        assert!(parse(&[("images", nothing), ("set", nothing)]).unwrap().images.is_empty());
    }
    let both =
        ["[\"api\",\"web\"]", "api,web", " api , web ,"].map(|text| parse(&[("services", text)]).unwrap().services);
    assert!(both.iter().all(|services| *services == both[0]));
    assert!(parse(&[("labels", "{\"a\": \"b\"}")]).is_err(), "a map is not a list");
}

#[test]
fn tag_is_the_image_tag_or_the_commit() {
    assert_eq!(parse(&[("head-sha", "0123456")]).unwrap().tag_or_commit(), Some("0123456"));
    assert_eq!(parse(&[("head-sha", "0123456"), ("image.tag", "v1")]).unwrap().tag_or_commit(), Some("v1"));
    assert_eq!(
        parse(&[("image.tag", "v1"), ("image.tag", "v2")]).unwrap().tag_or_commit(),
        Some("v2"),
        "the last one is used"
    );
}

#[test]
fn all_mistakes_are_reported_together() {
    let mistakes = parse(&[
        ("environment", "kube-system"),
        ("pull-request", "0"),
        ("head-sha", "main"),
        ("tier", "production"),
        ("labels", "[{\"name\": \"x\"}]"),
        ("images", "shop=1"),
        ("image.tag", "a b"),
        ("secretRef", "secret/../prod"),
        ("sensitiveSecretRef", "secret/a%2fb"),
        ("services", "api-pr-1"),
        ("replicas", "0"),
        ("state", "on"),
        ("guards", "off"),
        ("enviroment", "x"),
        ("nameOverride", "a/b"),
        ("set", "[1]"),
    ])
    .unwrap_err();
    let names: Vec<_> = mistakes.iter().map(|mistake| mistake.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        names,
        [
            "enviroment",
            "environment",
            "guards",
            "head-sha",
            "image.tag",
            "images",
            "labels",
            "nameOverride",
            "pull-request",
            "replicas",
            "secretRef",
            "sensitiveSecretRef",
            "services",
            "set",
            "state",
            "tier"
        ]
    );
    assert!(parse_raw_parameters("{}").is_err());
    assert!(parse_raw_parameters("[{\"string\": \"x\"}]").is_err());
    assert!(parse_raw_parameters("[{\"name\": \"a\", \"string\": \"x\", \"array\": []}]").is_err());
    assert!(parse_raw_parameters("[{\"name\": \"a\", \"name\": \"b\"}]").is_err());
    assert_eq!(parse_raw_parameters("").unwrap(), []);
}
