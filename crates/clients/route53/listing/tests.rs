use super::*;

fn name(text: &str) -> RecordName {
    RecordName::listed(text)
}

#[test]
fn names_are_ordered_as_listed() {
    let mut names = ["b.acme", "a.acme", "x.a.acme", "a-b.acme", "acme"].map(name);
    names.sort_by_key(listing_key);
    assert_eq!(names.map(|name| name.to_string()), ["acme", "a-b.acme", "a.acme", "x.a.acme", "b.acme"]);
}

#[test]
fn only_names_of_a_known_order_are_between_others() {
    let between = |text: &str, next: Option<&str>| is_between(&name(text), &name("b.acme"), next.map(name).as_ref());
    assert!(between("c.acme", None) && between("c.acme", Some("d.acme")));
    assert!(!between("a.acme", None) && !between("d.acme", Some("d.acme")) && !between("e.acme", Some("d.acme")));
    assert!(!between("*.acme", None) && !between("c.acme", Some("*.d.acme")));
}
