use expect_test::expect_file;

use super::*;

fn rights() -> CloneRights {
    CloneRights {
        mount: MountPath::default(),
        sources: vec!["stage".parse().unwrap()],
        target_mount: MountPath::default(),
        targets: Globs::default_targets(),
        sensitive: Globs::default_sensitive(),
        update: false,
    }
}

#[test]
fn policy_of_the_writer_can_create_and_not_overwrite() {
    expect_file!["cloner.hcl"].assert_eq(&cloner_policy(&rights()));
}

#[test]
fn policies_of_readers_have_the_copies_only() {
    let mount = MountPath::default();
    let one = reader_policy(&mount, &Reader::Environment("shop-pr-7".parse().unwrap()));
    let all = reader_policy(&mount, &Reader::Namespace { accessor: "auth_kubernetes_1a2b".to_owned() });
    expect_file!["reader.hcl"].assert_eq(&format!("{one}\n{all}"));
}

#[test]
fn policy_of_the_reaper_has_no_right_to_a_value() {
    let targets =
        Globs::targets(&["*/preview/*", "secret/team/*", "other/x/*", "secret/a*b"].map(str::to_owned)).unwrap();
    let text = reaper_policy(&MountPath::default(), &targets);
    expect_file!["reaper.hcl"].assert_eq(&text);
    assert!(!text.contains("/data/"), "{text}");
}

#[test]
fn the_update_right_is_optional() {
    let value_rule = |text: &str| text.lines().find(|line| line.contains("data/preview")).unwrap().to_owned();
    assert!(!value_rule(&cloner_policy(&rights())).contains("update"));
    assert!(value_rule(&cloner_policy(&CloneRights { update: true, ..rights() })).contains("update"));
}

#[test]
fn patterns_are_classified() {
    let mount: MountPath = "team/kv".parse().unwrap();
    for (pattern, expected) in [
        ("*/preview/*", PatternForm::Anywhere("preview")),
        ("*/a/b/*", PatternForm::Anywhere("a/b")),
        ("team/kv/preview/*", PatternForm::Below("preview")),
        ("secret/preview/*", PatternForm::Elsewhere),
        ("*/pre*view/*", PatternForm::Inexpressible),
        ("*secret*", PatternForm::Inexpressible),
        ("team/kv/one", PatternForm::Inexpressible),
        ("team*/x/*", PatternForm::Inexpressible),
    ] {
        assert_eq!(pattern_form(pattern, &mount), expected, "{pattern}");
    }
}
