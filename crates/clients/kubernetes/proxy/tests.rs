use super::*;

fn proxy(no_proxy: &str, server: &str) -> Option<String> {
    let pairs = [("HTTPS_PROXY", "proxy:3128"), ("http_proxy", "http://plain:1"), ("NO_PROXY", no_proxy)];
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ProxyRules::from_environment(&environment).proxy_for(&server.parse().unwrap())
}

#[test]
fn the_scheme_selects_the_proxy() {
    assert_eq!(proxy("", "https://k8s.example.com").as_deref(), Some("http://proxy:3128"));
    assert_eq!(proxy("", "http://k8s.example.com").as_deref(), Some("http://plain:1"));
    assert_eq!(ProxyRules::default().proxy_for(&"https://a".parse().unwrap()), None);
}

#[test]
fn loopback_addresses_use_no_proxy() {
    for server in ["https://127.0.0.1:6443", "https://localhost:1", "https://[::1]:6443"] {
        assert_eq!(proxy("", server), None, "{server}");
    }
}

#[test]
fn exceptions_match_hosts_domains_networks_and_ports() {
    let excepted = [
        ("*", "https://a"),
        ("a.example.com", "https://a.example.com:6443"),
        ("x, .example.com", "https://a.example.com"),
        ("example.com", "https://a.example.com"),
        ("10.0.0.0/8", "https://10.1.2.3"),
        ("fd00::/8", "https://[fd00::1]"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("a.example.com:443", "https://a.example.com"),
        ("*.example.com", "https://a.example.com"),
        ("[fd00::1]:443", "https://[fd00::1]"),
        ("A.Example.com", "https://a.example.COM"),
        ("0.0.0.0/0", "https://10.1.2.3"),
    ];
    for (rule, server) in excepted {
        assert_eq!(proxy(rule, server), None, "{rule} {server}");
    }
    let proxied = [
        ("ample.com", "https://a.example.com"),
        ("10.0.0.0/8", "https://11.1.2.3"),
        ("10.0.0.0/99", "https://10.1.2.3"),
        ("a.example.com:8443", "https://a.example.com"),
        ("", "https://a"),
        ("[fd00::1]:8443", "https://[fd00::1]"),
    ];
    for (rule, server) in proxied {
        assert!(proxy(rule, server).is_some(), "{rule} {server}");
    }
}
