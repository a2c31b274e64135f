use super::*;

#[test]
fn invalid_labels_are_refused_with_a_reason() {
    for good in ["a", "0", "shop-pr-1", "a--b", &"a".repeat(63)] {
        assert_eq!(check_label(good), Ok(()), "{good}");
    }
    let refused = |text: &str| check_label(text).expect_err(text).to_string();
    assert_eq!(refused(""), "must not be empty");
    assert_eq!(refused("Shop"), "`Shop` contains 'S': only lower-case letters, digits and `-` are allowed");
    assert_eq!(refused("aé"), "`aé` contains 'é': only lower-case letters, digits and `-` are allowed");
    assert_eq!(refused("a.b"), "`a.b` contains '.': only lower-case letters, digits and `-` are allowed");
    assert_eq!(refused("-a"), "`-a` must begin and end with a lower-case letter or a digit");
    assert_eq!(refused("a-"), "`a-` must begin and end with a lower-case letter or a digit");
    assert!(refused(&"a".repeat(64)).contains("must have at most 63 characters, got 64"));
}

#[test]
fn names_are_labels_with_dots_between_them() {
    for good in ["a", "registry", "a.b.c", "my-secret.v1"] {
        assert!(good.parse::<SecretName>().is_ok(), "{good}");
    }
    for bad in ["", ".", "a..b", "a.", ".a", "A.b", "a_b"] {
        assert!(bad.parse::<SecretName>().is_err(), "{bad}");
    }
    assert!(vec!["a"; 127].join(".").parse::<SecretName>().is_ok());
    assert!(matches!(vec!["a"; 128].join(".").parse::<SecretName>(), Err(DnsError::TooLong { max: 253, .. })));
}
