use super::*;

#[test]
fn display_is_hcl() {
    for (path, expected) in [
        (Path::root(), ""),
        (Path::from("name"), "name"),
        (Path::from("quota").attribute("cpu"), "quota.cpu"),
        (Path::from("access").index(0).attribute("name"), "access[0].name"),
        (Path::from("labels").key("a/b"), r#"labels["a/b"]"#),
        (Path::from("labels").key("a\"b\\${c}%{d}$e\n\u{1}"), r#"labels["a\"b\\$${c}%%{d}$e\n\u0001"]"#),
        (Path::root().index(2), "[2]"),
    ] {
        assert_eq!(path.to_string(), expected);
    }
}

#[test]
fn parent_is_sorted_before_its_parts() {
    let mut paths = [Path::from("b"), Path::from("a").index(10), Path::from("a").index(9), Path::from("a")];
    paths.sort();
    assert_eq!(paths.map(|path| path.to_string()), ["a", "a[9]", "a[10]", "b"]);
}

#[test]
fn prepend_inserts_the_first_step() {
    let mut path = Path::from("name");
    path.prepend(Step::Index(0));
    path.prepend(Step::Attribute("access".to_owned()));
    assert_eq!(path.to_string(), "access[0].name");
    assert_eq!(path.steps().len(), 3);
}
