use super::*;

fn environment(pairs: &[(&str, &str)]) -> ProcessEnvironment {
    pairs.iter().copied().collect()
}

#[test]
fn the_cookie_must_match_exactly() {
    assert!(environment(&[(COOKIE_NAME, COOKIE_VALUE)]).has_cookie());
    assert!(!environment(&[(COOKIE_NAME, "d602")]).has_cookie());
    assert!(!environment(&[]).has_cookie());
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let environment = environment(&[("PLUGIN_CLIENT_CERT", ""), ("PLUGIN_UNIX_SOCKET_DIR", "")]);
    assert!(environment.client_certificate().unwrap().is_none());
    assert!(environment.socket_directory().is_none());
}

#[test]
fn a_client_certificate_that_is_not_pem_is_refused() {
    let error = environment(&[("PLUGIN_CLIENT_CERT", "nonsense")]).client_certificate().unwrap_err();
    assert!(matches!(error, HostError::ClientCertificate(_)));
    assert!(error.to_string().contains("PLUGIN_CLIENT_CERT"));
}

#[test]
fn ports_are_a_range_or_any() {
    assert_eq!(environment(&[]).ports().unwrap(), 0..=0);
    let both = environment(&[("PLUGIN_MIN_PORT", "10000"), ("PLUGIN_MAX_PORT", "25000")]);
    assert_eq!(both.ports().unwrap(), 10_000..=25_000);
    let turned = environment(&[("PLUGIN_MIN_PORT", "9"), ("PLUGIN_MAX_PORT", "8")]);
    assert!(matches!(turned.ports(), Err(HostError::PortOrder { low: 9, high: 8 })));
    let wrong = environment(&[("PLUGIN_MIN_PORT", "70000")]);
    assert!(matches!(wrong.ports(), Err(HostError::Port { name: "PLUGIN_MIN_PORT", .. })));
}
