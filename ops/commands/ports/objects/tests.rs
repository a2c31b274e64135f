use serde_json::json;

use super::*;

#[test]
fn item_names_namespace_environment_and_uid() {
    let kind = KindRef { api_version: "x/v1".into(), plural: "grants".into(), kind: "Grant".into() };
    let object = json!({ "metadata": {
        "name": "a", "namespace": "shared", "uid": "u1", "labels": { labels::ENV: "shop-pr-1" },
    } });
    let found = item(&kind, &object).unwrap();
    let text = [found.kind.as_str(), &found.name, &found.environment, &found.version];
    assert_eq!(text, ["Grant", "shared/a", "shop-pr-1", "u1"]);
    assert_eq!(reference(&kind, &found.name), kind.object(Some("shared"), "a"));
    assert_eq!(reference(&kind, "a"), kind.object(None, "a"));
    assert!(item(&kind, &json!({ "metadata": { "name": "a", "uid": "u1", "labels": {} } })).is_none());
}

#[test]
fn page_token_has_kind_and_token_of_the_server() {
    assert_eq!(position(None), (0, ""));
    assert_eq!(position(Some(&PageToken("1/a/b".to_owned()))), (1, "a/b"));
}
