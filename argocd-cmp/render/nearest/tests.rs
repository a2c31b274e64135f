use super::*;

#[test]
fn similar_names_are_found() {
    let names = ["api", "web", "shop-payments", "postgresql"];
    for (wanted, found) in [
        ("web", Some("web")),
        ("webb", Some("web")),
        ("shop-web", Some("web")),
        ("web-canary", Some("web")),
        ("payments", Some("shop-payments")),
        ("postgressql", Some("postgresql")),
        ("search", None),
        ("", None),
    ] {
        assert_eq!(nearest(wanted, names), found, "{wanted}");
    }
    assert_eq!(nearest("web", []), None);
    assert_eq!(nearest(&"a".repeat(1000), names), None);
}
