use super::*;

#[test]
fn identities_are_parsed_and_displayed() {
    for (text, canonical, display) in [
        ("#7", "#7", "#7"),
        ("Acme/Shop#7", "github.com/acme/shop#7", "acme/shop #7"),
        ("gitlab.com/a/b/c#7", "gitlab.com/a/b/c#7", "gitlab.com/a/b/c #7"),
        ("acme/shop@feature/FOO", "github.com/acme/shop@feature/FOO", "acme/shop branch `feature/FOO`"),
        ("acme/shop@a#1", "github.com/acme/shop@a#1", "acme/shop branch `a#1`"),
        ("acme/shop@=given", "github.com/acme/shop@=given", "acme/shop branch `=given`"),
        ("@x@y", "@x@y", "branch `x@y`"),
        ("=given", "=given", "(given by name)"),
        ("acme/shop=given", "github.com/acme/shop=given", "acme/shop (given by name)"),
    ] {
        let identity: Identity = text.parse().expect(text);
        assert_eq!(identity.canonical(), canonical);
        assert_eq!(identity.to_string(), display);
        assert_eq!(identity.canonical().parse(), Ok(identity));
    }
}

#[test]
fn invalid_values_are_refused() {
    for bad in ["", "acme/shop", "#", "#0", "#07", "#+7", "#18446744073709551616", "=", "=other", "shop#1"] {
        assert!(bad.parse::<Identity>().is_err(), "{bad}");
    }
    for bad in ["", "a b", "a\n", "a~b", "a^", "a:b", "a?", "a*", "a[", "a\\b", &"a".repeat(1025)] {
        assert!(bad.parse::<BranchName>().is_err(), "{bad}");
    }
}
