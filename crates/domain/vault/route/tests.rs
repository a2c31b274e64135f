use proptest::prelude::*;

use super::*;

fn route(source: &str, target: &str) -> Result<Route, Vec<String>> {
    let (source, target) = (source.parse().unwrap(), target.parse().unwrap());
    Route::new(source, target, &Globs::default_sensitive(), &Globs::default_targets())
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

#[test]
fn a_valid_route_has_source_and_target() {
    let route = route("secret/stage/shop", "secret/preview/pr-1/shop").unwrap();
    assert_eq!(route.source().to_string(), "secret/stage/shop");
    assert_eq!(route.target().to_string(), "secret/preview/pr-1/shop");
    let environment: EnvironmentLabel = "pr-1".parse().unwrap();
    assert_eq!(default_target(&environment, route.source().path()).unwrap().as_str(), "preview/pr-1/shop");
}

#[test]
fn invalid_routes_are_refused_with_the_pattern() {
    for (source, target, words) in [
        ("secret/sensitive/shop", "secret/preview/a", "source_path: `secret/sensitive/shop` is sensitive"),
        ("secret/stage/Sensitive", "secret/preview/a", "source_path"),
        ("secret/stage/shop", "secret/prod/a", "target_path: `secret/prod/a` is not an allowed target"),
        ("secret/stage/shop", "secret/preview/sensitive/a", "could never be read"),
        ("secret/preview/x", "secret/preview/x", "contain itself"),
        ("secret/preview/x", "secret/preview/x/y", "contain itself"),
        ("secret/preview/x/y", "secret/preview/x", "contain itself"),
    ] {
        let mistakes = route(source, target).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(words)), "{mistakes:?}");
    }
    assert!(route("secret/preview/pr-1", "secret/preview/pr-12").is_ok());
    assert!(route("kv/preview/x", "secret/preview/x").is_ok(), "a path on another mount is another path");
    assert_eq!(route("secret/sensitive/x", "secret/prod/a").unwrap_err().len(), 2);
}

#[test]
fn each_secret_below_the_source_is_checked() {
    let route = route("secret/stage/shop", "secret/preview/pr-1").unwrap();
    let (source, target) = route.key(Some("db/main")).unwrap();
    assert_eq!(
        (source.to_string(), target.to_string()),
        ("secret/stage/shop/db/main".to_owned(), "secret/preview/pr-1/db/main".to_owned())
    );
    assert_eq!(route.key(None).unwrap().1, *route.target());
    assert!(matches!(route.key(Some("sensitive/db")), Err(KeyError::Sensitive { .. })));
    assert!(matches!(route.key(Some("a\u{200b}")), Err(KeyError::Path(_))));
    assert!(route.prunes("sensitive/") && route.prunes("a/sensitive/") && !route.prunes("db/"));
}

#[test]
fn a_pattern_for_one_path_allows_nothing_below_it() {
    let targets = Globs::targets(&["secret/preview/pr-1"]).unwrap();
    let none = Globs::sensitive::<&str>(&[]).unwrap();
    let (source, target) = ("secret/stage".parse().unwrap(), "secret/preview/pr-1".parse().unwrap());
    let route = Route::new(source, target, &none, &targets).unwrap();
    assert_eq!(route.key(Some("db")), Err(KeyError::Outside));
}

proptest! {
    #[test]
    fn no_spelling_reaches_a_sensitive_secret(
        before in "(stage/|STAGE/|\\./|\\.\\./|/|data/){0,3}",
        word in "(sensitive|Sensitive|sensit%69ve|sensitive |sensitiv\u{200b}e)",
        after in "(/db|/\\./db|//db|/%2e%2e/db|){1}",
    ) {
        let parsed = format!("secret/{before}{word}{after}").parse::<SecretRef>();
        if let Ok(source) = parsed {
            let target = "secret/preview/a".parse().unwrap();
            prop_assert!(Route::new(source, target, &Globs::default_sensitive(), &Globs::default_targets()).is_err());
        }
    }
}
