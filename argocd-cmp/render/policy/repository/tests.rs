use super::*;

fn repository(text: &str) -> ChartRepository {
    text.parse().unwrap()
}

#[test]
fn repository_is_parsed_and_printed() {
    for (text, printed) in [
        ("https://Charts.acme.internal/", "https://charts.acme.internal"),
        ("https://charts.acme.internal:8443/stable//", "https://charts.acme.internal:8443/stable"),
        ("oci://registry.acme.internal/charts", "oci://registry.acme.internal/charts"),
    ] {
        assert_eq!(repository(text).to_string(), printed);
    }
    for bad in [
        "",
        "charts.acme.internal",
        "http://charts.acme.internal",
        "file:///charts",
        "@stable",
        "https://",
        "https:///x",
        "https://user:password@charts.acme.internal",
        "https://charts.acme.internal/../x",
        "https://charts.acme.internal/%2e",
        "https://charts.acme.internal/?x",
        "https://charts.acme.internal/#x",
        "oci://registry:0/x",
        "oci://registry:x/y",
        "https://charts.acme.internal\\@evil.example",
    ] {
        assert!(bad.parse::<ChartRepository>().is_err(), "{bad}");
    }
}

#[test]
fn prefix_is_compared_by_host_and_segments() {
    let prefix = repository("https://charts.acme.internal/stable");
    for inside in ["https://charts.acme.internal/stable", "https://CHARTS.acme.internal/stable/team/"] {
        assert!(prefix.contains(&repository(inside)), "{inside}");
    }
    for outside in [
        "https://charts.acme.internal/stable2",
        "https://charts.acme.internal",
        "https://charts.acme.internal.evil.example/stable",
        "https://charts.acme.internal:8443/stable",
        "oci://charts.acme.internal/stable",
    ] {
        assert!(!prefix.contains(&repository(outside)), "{outside}");
    }
}
