use super::*;

#[test]
fn equal_identities_have_equal_names() {
    let canonical = |text: &str| text.parse::<Repository>().expect(text).canonical();
    for (text, expected) in [
        ("acme/shop", "github.com/acme/shop"),
        ("github.com/acme/shop", "github.com/acme/shop"),
        ("GitHub.com/Acme/Shop", "github.com/acme/shop"),
        ("gitlab.com/acme/team/shop", "gitlab.com/acme/team/shop"),
        ("git.acme.internal:8443/acme/shop", "git.acme.internal:8443/acme/shop"),
        ("acme/shop.api_v2-x", "github.com/acme/shop.api_v2-x"),
    ] {
        assert_eq!(canonical(text), expected);
    }
    let repository: Repository = "Acme/Shop".parse().unwrap();
    assert_eq!(repository, "github.com/acme/shop".parse().unwrap());
    assert_eq!(repository.to_string(), "Acme/Shop");
    assert_eq!(repository.short(), "acme/shop");
    assert_eq!((repository.host(), repository.owner(), repository.repo()), ("github.com", "Acme", "Shop"));
}

#[test]
fn pull_request_urls_are_derived_for_github_only() {
    let url = |text: &str| text.parse::<Repository>().unwrap().pull_request_url(NonZeroU64::MIN);
    assert_eq!(url("Acme/Shop").as_deref(), Some("https://github.com/Acme/Shop/pull/1"));
    assert_eq!(url("gitlab.com/acme/shop"), None);
}

#[test]
fn repository_is_found_at_every_form_of_its_url() {
    let shop: Repository = "acme/shop".parse().unwrap();
    for url in [
        "https://github.com/acme/shop",
        "https://github.com/acme/shop.git",
        "https://GitHub.com/Acme/Shop.git/",
        "https://user:token@github.com:443/acme/shop.git",
        "http://github.com:80/acme/shop",
        "git@github.com:acme/shop.git",
        "git@github.com:/acme/shop.git",
        "ssh://git@github.com/acme/shop.git",
        "ssh://git@github.com:22/ACME/shop",
        "github.com/acme/shop",
    ] {
        assert!(shop.is_at(url), "{url}");
    }
    for url in [
        "",
        "https://github.com/acme",
        "https://github.com/acme/shop-catalog.git",
        "https://github.com/acme/shop/tree",
        "https://github.com/other/shop",
        "https://gitlab.com/acme/shop.git",
        "https://github.com:8443/acme/shop.git",
        "https://github.com.evil.example/acme/shop.git",
        "oci://registry.acme.internal/acme/shop",
    ] {
        assert!(!shop.is_at(url), "{url}");
    }
    let own: Repository = "git.acme.internal:8443/acme/team/shop".parse().unwrap();
    assert!(own.is_at("https://git.acme.internal:8443/acme/team/shop.git"));
    assert!(own.is_at("ssh://git@git.acme.internal:2222/acme/team/shop.git"));
    assert!(!own.is_at("https://git.acme.internal/acme/team/shop.git"));
}

#[test]
fn invalid_repositories_are_refused_with_a_reason() {
    for (text, part) in [
        ("", "must not be empty"),
        ("shop", "has no owner"),
        ("gitlab.com/shop", "has no owner"),
        ("https://github.com/acme/shop.git", "write `github.com/acme/shop`"),
        ("https://user@github.com/acme/shop/", "write `github.com/acme/shop`"),
        ("git@github.com:acme/shop.git", "write `github.com/acme/shop`"),
        ("acme/shop.git", "write `acme/shop`"),
        ("acme/team/shop", "`acme` is not a host"),
        ("acme/", "invalid part ``"),
        ("/shop", "invalid part ``"),
        ("github.com//shop", "invalid part ``"),
        ("acme/..", "invalid part `..`"),
        ("acme/sh op", "invalid part `sh op`"),
        ("acme/shop#1", "invalid part `shop#1`"),
        ("acme/šhop", "invalid part `šhop`"),
    ] {
        let error = text.parse::<Repository>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!("a/".repeat(300).parse::<Repository>(), Err(RepositoryError::TooLong(600)));
}
