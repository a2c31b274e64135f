use vaultrs::api::{
    auth::approle::requests::LoginWithApproleRequest, kv2::requests::ReadSecretRequest,
    token::requests::LookupTokenSelfRequest,
};

use super::*;
use crate::vault::endpoints::{ListRequest, MountRequest, RenewRequest};

#[test]
fn paths_are_escaped_once() {
    let read = |path: &str| {
        let request = ReadSecretRequest { mount: "secret".into(), path: path.into(), version: Some(3) };
        RawRequest::of(&request).unwrap().path
    };
    let newest = ReadSecretRequest { mount: "secret".into(), path: "a".into(), version: None };
    assert_eq!(RawRequest::of(&newest).unwrap().path, "/secret/data/a");
    assert_eq!(read("stage/shop"), "/secret/data/stage/shop?version=3");
    assert_eq!(read("a b/100%?#é"), "/secret/data/a%20b/100%25%3F%23%C3%A9?version=3");
    let list = RawRequest::of(&ListRequest { path: "secret/metadata/stage/".into() }).unwrap();
    assert_eq!((list.path.as_str(), list.api_path()), ("/secret/metadata/stage/?list=true", "secret/metadata/stage/"));
    assert_eq!(RawRequest::of(&LookupTokenSelfRequest {}).unwrap().path, "/auth/token/lookup-self");
    let login = LoginWithApproleRequest { mount: "team/approle".into(), role_id: "r".into(), secret_id: "s".into() };
    let login = RawRequest::of(&login).unwrap();
    assert_eq!((login.method.as_str(), login.path.as_str()), ("POST", "/auth/team/approle/login"));
    assert_eq!(login.body, br#"{"role_id":"r","secret_id":"s"}"#);
    assert_eq!(RawRequest::of(&MountRequest { path: "secret".into() }).unwrap().path, "/sys/internal/ui/mounts/secret");
    assert_eq!(RawRequest::of(&RenewRequest).unwrap().path, "/auth/token/renew-self");
}
