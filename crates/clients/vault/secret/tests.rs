use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::*;

#[test]
fn numbers_and_nested_values_stay_unchanged() {
    let answer = json!({ "data": { "data": { "n": 1.50, "deep": { "x": [true, null] }, "s": "v" },
            "metadata": { "version": 3, "created_time": "t", "custom_metadata": { "team": "a" } } } });
    let secret = Secret::read_v2(answer);
    assert_eq!((secret.version, secret.created_time.as_deref()), (Some(3), Some("t")));
    assert_eq!(secret.custom_metadata["team"], "a");
    assert_eq!(secret.data.to_json(), json!({ "n": 1.50, "deep": { "x": [true, null] }, "s": "v" }));
    let texts: Vec<_> = secret.data.texts().map(|(key, text)| format!("{key}={text}")).collect();
    assert_eq!(texts, ["deep={\"x\":[true,null]}", "n=1.5", "s=v"]);
}

#[test]
fn debug_shows_no_value() {
    let data: SecretMap = [("PASSWORD".to_owned(), "canary".to_owned())].into_iter().collect();
    let secret = Secret { data, version: None, created_time: None, custom_metadata: BTreeMap::new() };
    let shown = format!("{secret:?} {:#?}", secret.data);
    assert!(!shown.contains("canary") && !shown.contains("PASSWORD"), "{shown}");
}

#[test]
fn entries_are_excluded_and_overridden() {
    let map = |entries: &[(&str, &str)]| -> SecretMap {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let data = map(&[("a", "1"), ("b", "2")]).without(&["a", "zz"]).with(&map(&[("b", "3"), ("c", "4")]));
    assert_eq!(data, map(&[("b", "3"), ("c", "4")]));
}

#[test]
fn wiping_overwrites_every_string() {
    let mut value = json!({ "a": "x", "b": ["y", { "c": "z" }], "d": 1 });
    wipe(&mut value);
    assert_eq!(value, json!({ "a": "", "b": ["", { "c": "" }], "d": 1 }));
}

#[test]
fn a_deletion_time_in_the_future_is_not_yet_a_deletion() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let version =
        |deletion_time: &str| VersionState { deletion_time: deletion_time.to_owned(), ..VersionState::default() };
    assert!(!version("").is_gone(at(0)));
    assert!(!version("1970-01-01T00:01:00.5Z").is_gone(at(60)));
    assert!(version("1970-01-01T00:01:00.5Z").is_gone(at(61)));
    assert!(version("soon").is_gone(at(0)));
    assert!(VersionState { destroyed: true, ..VersionState::default() }.is_gone(at(0)));
}

#[test]
fn metadata_without_versions_has_version_zero() {
    let metadata =
        Metadata::read(&json!({ "data": { "current_version": 0, "versions": {}, "custom_metadata": null } }));
    assert_eq!(metadata.facts(UNIX_EPOCH).current_version, 0);
    assert!(metadata.facts(UNIX_EPOCH).ownership.is_empty());
}
