use super::*;

fn domain() -> Domain {
    "preview.acme.internal".parse().unwrap()
}

#[test]
fn service_names_are_checked() {
    for good in ["api", "pr", "pr-", "api-pr", "pr-x", "pr-1x", "web-2", "1"] {
        let parsed = good.parse::<ServiceName>();
        assert_eq!(parsed.is_ok(), good != "pr-", "{good}");
    }
    for bad in ["pr-1", "api-pr-12", "xpr-0"] {
        assert_eq!(bad.parse::<ServiceName>(), Err(ServiceNameError::LooksLikeEnvironment(bad.to_owned())));
    }
    assert_eq!(
        "API".parse::<ServiceName>().unwrap_err().to_string(),
        "service name `API` contains 'A': only lower-case letters, digits and `-` are allowed"
    );
}

#[test]
fn hosts_have_environment_service_and_domain() {
    let environment: EnvironmentName = "shop-pr-123".parse().unwrap();
    assert_eq!(environment_host(&environment, &domain()), "shop-pr-123.preview.acme.internal");
    let api = "api".parse().unwrap();
    assert_eq!(host(&api, &environment, &domain()), "shop-pr-123-api.preview.acme.internal");
}

#[test]
fn a_long_host_is_cut_with_a_hash() {
    let (x, y) = (format!("a{}", "x".repeat(39)), "y".repeat(39));
    let first = host(&y.parse().unwrap(), &format!("{x}-b").parse().unwrap(), &domain());
    let second = host(&format!("b-{y}").parse().unwrap(), &x.parse().unwrap(), &domain());
    assert_ne!(first, second);
    assert!(first.split('.').next().unwrap().len() <= 63);
    let exact = host(&"y".repeat(31).parse().unwrap(), &"x".repeat(31).parse().unwrap(), &domain());
    assert_eq!(exact.split('.').next().unwrap(), format!("{}-{}", "x".repeat(31), "y".repeat(31)));
}

#[test]
fn the_longest_host_is_a_dns_name() {
    let part = "d".repeat(63);
    let longest = format!("{part}.{part}.{}", "d".repeat(61));
    let long: Domain = longest.parse().unwrap();
    let host = host(&"y".repeat(63).parse().unwrap(), &"x".repeat(63).parse().unwrap(), &long);
    assert!(dns::check_name(&host).is_ok() && host.len() == NAME_MAX);
    assert!(format!("{longest}d").parse::<Domain>().is_err());
    for bad in ["", "Preview.acme", "preview.acme.", "*.acme", "a..b", "https://acme"] {
        assert!(bad.parse::<Domain>().is_err(), "{bad}");
    }
}
