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
fn the_cloners_policy() {
    expect_file!["cloner.hcl"].assert_eq(&cloner_policy(&rights()));
}

#[test]
fn the_readers_policies() {
    let mount = MountPath::default();
    let one = reader_policy(&mount, &Reader::Environment("shop-pr-7".parse().unwrap()));
    let all = reader_policy(&mount, &Reader::Namespace { accessor: "auth_kubernetes_1a2b".to_owned() });
    expect_file!["reader.hcl"].assert_eq(&format!("{one}\n{all}"));
}

#[test]
fn update_is_given_only_when_asked_for() {
    let value_rule = |text: &str| text.lines().find(|line| line.contains("data/preview")).unwrap().to_owned();
    assert!(!value_rule(&cloner_policy(&rights())).contains("update"));
    assert!(value_rule(&cloner_policy(&CloneRights { update: true, ..rights() })).contains("update"));
}

#[test]
fn patterns_and_what_can_be_said_of_them() {
    let mount: MountPath = "team/kv".parse().unwrap();
    for (pattern, expected) in [
        ("*/preview/*", Place::Anywhere("preview")),
        ("*/a/b/*", Place::Anywhere("a/b")),
        ("team/kv/preview/*", Place::Below("preview")),
        ("secret/preview/*", Place::Elsewhere),
        ("*/pre*view/*", Place::Unsayable),
        ("*secret*", Place::Unsayable),
        ("team/kv/one", Place::Unsayable),
        ("team*/x/*", Place::Unsayable),
    ] {
        assert_eq!(place(pattern, &mount), expected, "{pattern}");
    }
}
