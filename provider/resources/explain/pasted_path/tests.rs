use super::*;

#[track_caller]
fn check(secret: &str, attribute: &str, expected: Option<&str>) {
    let (mount, path) = secret.split_once(':').unwrap();
    let secret = SecretRef::new(mount.parse().unwrap(), path.parse().unwrap());
    let hint = pasted_hint(&secret, attribute);
    match expected {
        None => assert_eq!(hint, None, "{secret}"),
        Some(expected) => assert!(hint.as_ref().is_some_and(|hint| hint.ends_with(expected)), "{hint:?}"),
    }
}

#[test]
fn a_pasted_path_is_recognised() {
    let written = Some("write `source_path = \"stage/shop\"`");
    check("secret:secret/stage/shop", "source_path", written);
    check("secret:data/stage/shop", "source_path", written);
    check("secret:secret/data/stage/shop", "source_path", written);
    check("secret:metadata/stage/shop", "source_path", written);
    check("team/kv:team/kv/data/stage/shop", "source_path", written);
    check("secret:data/stage/shop", "ref", Some("write `ref = \"secret/stage/shop\"`"));
}

#[test]
fn other_paths_are_not_reported_as_pasted() {
    check("secret:stage/shop", "source_path", None);
    check("secret:secrets/shop", "source_path", None);
    check("secret:secret", "source_path", None);
    check("secret:stage/data/shop", "source_path", None);
}
