use super::Attr;

#[test]
fn zip_of_null_and_unknown_is_unknown() {
    assert_eq!(Attr::Known(1).zip(Attr::Known(2)), Attr::Known((1, 2)));
    assert_eq!(Attr::<u8>::Null.zip(Attr::<u8>::Unknown), Attr::Unknown);
    assert_eq!(Attr::<u8>::Null.zip(Attr::Known(1)), Attr::Null);
}

#[test]
fn fallback_replaces_only_null() {
    assert_eq!(Attr::Null.or(Attr::Known(1)), Attr::Known(1));
    assert_eq!(Attr::Unknown.or(Attr::Known(1)), Attr::Unknown);
    assert_eq!(Attr::Known(2).or(Attr::Known(1)), Attr::Known(2));
}
