use super::*;

#[test]
fn references_are_normalized() {
    let digest = format!("sha256:{}", "a".repeat(64));
    for (text, expected) in [
        ("postgres:16", "docker.io/library/postgres:16".to_owned()),
        ("acme/shop", "docker.io/acme/shop".to_owned()),
        ("docker.io/postgres", "docker.io/library/postgres".to_owned()),
        ("index.docker.io/acme/shop:1", "docker.io/acme/shop:1".to_owned()),
        ("Registry.Acme.internal/shop:A", "registry.acme.internal/shop:A".to_owned()),
        ("registry:5000/shop", "registry:5000/shop".to_owned()),
        ("localhost/shop:1", "localhost/shop:1".to_owned()),
        ("a.b/c/d_e__f---g.h:v1@", String::new()),
        ("", String::new()),
        ("Shop", String::new()),
        ("acme/Shop", String::new()),
        (" shop", String::new()),
        ("shop:", String::new()),
        ("shop:a b", String::new()),
        ("shop:-1", String::new()),
        ("a//b", String::new()),
        ("/shop", String::new()),
        ("shop/", String::new()),
        ("a.b:x/shop", String::new()),
        ("https://a.b/shop", String::new()),
        ("a.b/../shop", String::new()),
        ("a.b/c/..", String::new()),
        ("user@a.b/shop", String::new()),
        ("shop@sha256:abc", String::new()),
        ("shop\u{0}", String::new()),
        ("ѕhop", String::new()),
    ] {
        let found = text.parse::<Image>().map(|image| image.to_string()).unwrap_or_default();
        assert_eq!(found, expected, "{text}");
    }
    let pinned: Image = format!("a.b/c:1@{digest}").parse().unwrap();
    assert_eq!(pinned.to_string(), format!("a.b/c:1@{digest}"));
}

#[test]
fn registries_match_whole_segments() {
    let holds = |registry: &str, image: &str| {
        let image: Image = image.parse().unwrap();
        registry.parse::<Registry>().unwrap().contains(&image.name)
    };
    assert!(holds("registry.acme.internal/", "registry.acme.internal/shop:1"));
    assert!(holds("REGISTRY.acme.internal", "registry.acme.internal/shop:1"));
    assert!(holds("a.b/team/", "a.b/team/shop"));
    assert!(holds("library/", "postgres:16"));
    assert!(holds("docker.io/library/postgres", "postgres:16"));
    assert!(!holds("a.b/team", "a.b/teamx/shop"));
    assert!(!holds("registry.acme.internal/", "registry.acme.internal.evil.example/shop"));
    assert!(!holds("registry.acme.internal/", "registry.acme.internal:5000/shop"));
    assert!(!holds("registry.acme.internal/", "evil.example/registry.acme.internal/shop"));
    assert!(!holds("library/", "acme/postgres"));
    for bad in ["", "/", "a.b//c", "https://a.b/", "a.b/*", "*"] {
        assert!(bad.parse::<Registry>().is_err(), "{bad}");
    }
}
