use http::HeaderValue;

use super::*;

#[test]
fn redirects_to_another_scheme_host_or_port_are_foreign() {
    let url: Url = "https://forge.example/api/a".parse().unwrap();
    let target = |location: &'static str| {
        redirect(&url, &HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]))
    };
    assert_eq!(target("/api/b"), Redirect::SameHost("https://forge.example/api/b".parse().unwrap()));
    assert_eq!(target("https://forge.example:443/b"), Redirect::SameHost("https://forge.example/b".parse().unwrap()));
    assert_eq!(target("https://other.example/b"), Redirect::OtherHost("https://other.example".into()));
    assert_eq!(target("http://forge.example/b"), Redirect::OtherHost("http://forge.example".into()));
    assert_eq!(target("https://forge.example:8443/"), Redirect::OtherHost("https://forge.example:8443".into()));
    assert_eq!(target("https://"), Redirect::Invalid);
    assert_eq!(redirect(&url, &HeaderMap::new()), Redirect::Invalid);
}
