use super::*;

#[test]
fn refusals_are_blocks_sorted_by_location() {
    let location = Location::file("deploy/api.yaml").line(12).object("Deployment/api");
    let second = Refusal::new(location, RefusalRule::HostAccess, "`spec.hostNetwork` is true", "remove it");
    let first = Refusal::new(Location::file("deploy/a\u{1b}[31m.yaml"), RefusalRule::File, "no\nfile", "add it");
    let all = Refusals::collected(vec![second.clone(), first, second]).unwrap();
    expect_test::expect![[r#"
            deploy/a\u{1b}[31m.yaml
              rule:   file
              found:  no\u{a}file
              remedy: add it

            deploy/api.yaml:12: Deployment/api
              rule:   host-access
              found:  `spec.hostNetwork` is true
              remedy: remove it"#]]
    .assert_eq(&all.to_string());
    assert_eq!(Refusals::collected(Vec::new()), None);
}

#[test]
fn refusal_without_a_location_begins_with_its_rule() {
    let refusal = Refusal::new(Location::default(), RefusalRule::Caps, "too much", "render less");
    assert_eq!(refusal.to_string(), "  rule:   caps\n  found:  too much\n  remedy: render less");
}

#[test]
fn line_of_an_output_is_quoted() {
    let location = |line| Location::file("a.yaml (rendered)").line(line).quote("one:\n  two: \u{1b}[31m\n");
    let refusal = |line| Refusal::new(location(line), RefusalRule::Field, "a", "b").to_string();
    assert_eq!(
        refusal(2),
        "a.yaml (rendered):2\n  line:   two: \\u{1b}[31m\n  rule:   field\n  found:  a\n  remedy: b"
    );
    assert!(!refusal(3).contains("line:"), "the file has two lines");
}

#[test]
fn files_are_relative_to_the_repository() {
    let places =
        [Location::file("pr/api.yaml"), Location::file("."), Location::parameter("owner"), Location::default()];
    let refusal = |location| Refusal::new(location, RefusalRule::File, "a", "b");
    let all = Refusals::collected(places.map(refusal).to_vec()).unwrap();
    let files = |all: &Refusals| all.0.iter().map(|one| one.location.file.clone()).collect::<Vec<_>>();
    assert_eq!(files(&all.clone().below("")), files(&all));
    let named: Vec<_> = files(&all.below("deploy/")).into_iter().flatten().collect();
    assert_eq!(named, ["deploy", "parameters", "deploy/pr/api.yaml"]);
}

#[test]
fn every_rule_has_its_own_name() {
    let words: std::collections::BTreeSet<_> = RefusalRule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(words.len(), RefusalRule::ALL.len());
}
