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
