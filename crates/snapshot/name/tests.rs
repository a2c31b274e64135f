use super::*;

fn of(golden: &str, environment: &str) -> CloneName {
    CloneName::of(&GoldenName::new(golden).unwrap(), &environment.parse().unwrap())
}

#[test]
fn default_name_has_golden_and_environment() {
    assert_eq!(of("shop_golden", "shop-pr-7").as_str(), "shop_golden_shop_pr_7");
    assert_ne!(of("shop", "pr-1"), of("shop", "pr-12"));
    assert_ne!(of("shop", "a-b"), of("shop", "ab"));
}

#[test]
fn long_names_are_cut_and_stay_different() {
    let environments = ["a".repeat(63), format!("{}b", "a".repeat(62)), format!("{}-b", "a".repeat(61))];
    let names: std::collections::BTreeSet<_> =
        environments.iter().map(|environment| of(&"g".repeat(41), environment)).collect();
    assert_eq!(names.len(), environments.len());
    for name in names {
        assert!(name.as_str().len() <= 56 && name.owner().len() <= 63 && name.login().len() <= 63, "{name}");
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
        assert_eq!(CloneName::of_owner(&name.owner()), Some(name));
    }
}

#[test]
fn names_are_checked() {
    for name in ["", "Shop", "2shop", "_shop", "a-b", "a b", "größe", "a\"b", &"a".repeat(57)] {
        let error = name.parse::<CloneName>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn names_of_kept_clones_schemas_and_logins_fit() {
    let at: Timestamp = "2026-11-29T01:02:03Z".parse().unwrap();
    assert_eq!(of("shop", "pr-7").kept(at).as_str(), "shop_pr_7_20261129010203");
    let long = of(&"g".repeat(41), &"a".repeat(63));
    let kept = long.kept(at);
    assert!(kept.as_str().len() <= 56 && kept.as_str().ends_with("_20261129010203"), "{kept}");
    assert_ne!(kept, of(&"g".repeat(41), &"b".repeat(63)).kept(at));
    assert_eq!(CloneName::of_owner(&kept.owner()), Some(kept));
    let schema = |environment: &str| CloneName::of_schema(&environment.parse().unwrap());
    assert_eq!(schema("7-pg").as_str(), "eod_7_pg");
    assert_eq!(schema(&"a".repeat(63)).as_str().len(), 56);
    let login = long.temporary_login(&Nonce::new([0xab; 16]));
    assert!(login.len() <= 63 && login.ends_with("_ababab"), "{login}");
}

#[test]
fn names_in_documents_are_checked() {
    assert_eq!(serde_json::to_string(&of("shop", "pr-7")).unwrap(), "\"shop_pr_7\"");
    assert!(serde_json::from_str::<CloneName>("\"Shop\"").is_err());
}
