use super::*;

#[test]
fn one_block_each_sorted_by_place() {
    let place = Place::file("deploy/api.yaml").line(12).object("Deployment/api");
    let second = Refusal::new(place, Rule::HostAccess, "`spec.hostNetwork` is true", "remove it");
    let first = Refusal::new(Place::file("deploy/a\u{1b}[31m.yaml"), Rule::File, "no\nfile", "add it");
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
fn files_are_named_as_in_the_repository() {
    let places = [Place::file("pr/api.yaml"), Place::file("."), Place::parameter("owner"), Place::default()];
    let refusal = |place| Refusal::new(place, Rule::File, "a", "b");
    let all = Refusals::collected(places.map(refusal).to_vec()).unwrap();
    let files = |all: &Refusals| all.0.iter().map(|one| one.place.file.clone()).collect::<Vec<_>>();
    assert_eq!(files(&all.clone().below("")), files(&all));
    let named: Vec<_> = files(&all.below("deploy/")).into_iter().flatten().collect();
    assert_eq!(named, ["deploy", "parameters", "deploy/pr/api.yaml"]);
}

#[test]
fn every_rule_has_its_own_word() {
    let words: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(words.len(), Rule::ALL.len());
}
