use super::*;

#[test]
fn challenge_is_parsed() {
    let challenge =
        r#"realm="https://auth.acme.internal/token?a=b,c",service="registry.acme.internal", scope=none,error="x""#;
    let found = |name| parameter(challenge, name);
    assert_eq!(found("realm").as_deref(), Some("https://auth.acme.internal/token?a=b,c"));
    assert_eq!(found("Service").as_deref(), Some("registry.acme.internal"));
    assert_eq!(found("scope").as_deref(), Some("none"));
    assert_eq!(found("error").as_deref(), Some("x"));
    assert_eq!(found("missing"), None);
    assert_eq!(parameter("realm=\"open", "realm"), None);
}
