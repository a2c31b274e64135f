use super::*;

fn api(kind: ForgeKind, host: &str, api: Option<&str>) -> Result<String, ForgeAccessError> {
    let token = TokenSource::Token("t".to_owned().into());
    let settings = ForgeSettings { kind, host: host.to_owned(), api: api.map(str::to_owned), token };
    ForgeAccess::new(settings).map(|access| access.api.as_str().trim_end_matches('/').to_owned())
}

#[test]
fn the_default_api_follows_from_kind_and_host() {
    assert_eq!(api(ForgeKind::GitHub, "GitHub.com", None).unwrap(), "https://api.github.com");
    assert_eq!(api(ForgeKind::GitHub, "git.acme.internal", None).unwrap(), "https://git.acme.internal/api/v3");
    assert_eq!(api(ForgeKind::GitLab, "gitlab.com", None).unwrap(), "https://gitlab.com/api/v4");
    assert_eq!(api(ForgeKind::GitLab, "x", Some("http://127.0.0.1:1/base/")).unwrap(), "http://127.0.0.1:1/base");
}

#[test]
fn an_api_with_user_query_or_other_scheme_is_refused() {
    for bad in ["https://u:p@host", "https://host?x=1", "ftp://host", "host"] {
        assert!(api(ForgeKind::GitHub, "github.com", Some(bad)).is_err(), "{bad}");
    }
    assert!(api(ForgeKind::GitLab, "not a host", None).is_err());
}
