use proptest::prelude::*;

use super::*;

#[test]
fn both_forms_are_equal() {
    let short: SecretRef = "secret/stage/shop".parse().unwrap();
    let long: SecretRef = "secret/data/stage/shop".parse().unwrap();
    assert_eq!(short, long);
    assert_eq!(short.to_string(), "secret/stage/shop");
    assert_eq!((short.mount().as_str(), short.path().as_str()), ("secret", "stage/shop"));
    let named_data: SecretRef = "secret/data".parse().unwrap();
    assert_eq!(named_data.path().as_str(), "data");
}

#[test]
fn another_mount_is_another_secret() {
    let one: SecretRef = "secret/preview/pr-1".parse().unwrap();
    let other: SecretRef = "kv/preview/pr-1/db".parse().unwrap();
    assert!(!other.is_inside(&one));
    assert!("secret/preview/pr-1/db".parse::<SecretRef>().unwrap().is_inside(&one));
}

#[test]
fn invalid_references_are_refused() {
    assert!("secret".parse::<SecretRef>().unwrap_err().to_string().contains("expected `<mount>/<path>`"));
    assert!("secret//x".parse::<SecretRef>().unwrap_err().to_string().contains("two slashes"));
    assert!("secret/%2e%2e/x".parse::<SecretRef>().is_err());
}

proptest! {
    #[test]
    fn references_round_trip(mount in "[a-z]{1,4}", path in "(data|metadata|a|b)(/(data|a|b)){0,3}") {
        let reference = SecretRef::new(mount.parse().unwrap(), path.parse().unwrap());
        prop_assert_eq!(reference.to_string().parse::<SecretRef>().unwrap(), reference);
    }
}
