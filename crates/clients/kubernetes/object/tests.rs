use super::*;

fn policy() -> KindRef {
    KindRef {
        api_version: "networking.k8s.io/v1".into(),
        plural: "networkpolicies".into(),
        kind: "NetworkPolicy".into(),
    }
}

#[test]
fn paths_need_no_discovery() {
    assert_eq!(ObjectRef::namespace("shop").path(), "/api/v1/namespaces/shop");
    let object = policy().object(Some("shop"), "deny all");
    assert_eq!(object.path(), "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/deny%20all");
    assert_eq!(object.to_string(), "NetworkPolicy `deny all` in namespace `shop`");
    assert_eq!(ObjectRef::namespace("shop").to_string(), "namespace `shop`");
}

#[test]
fn a_name_cannot_leave_its_collection() {
    assert_eq!(ObjectRef::namespace("..").path(), "/api/v1/namespaces/%2E%2E");
    assert_eq!(ObjectRef::namespace("a/../b").path(), "/api/v1/namespaces/a%2F..%2Fb");
}

#[test]
fn the_path_of_a_page_has_selectors_and_token() {
    let query = ListQuery {
        api_version: "v1".into(),
        plural: "pods".into(),
        label_selector: Some("a=b,c!=d".into()),
        field_selector: Some("metadata.name=x".into()),
        ..ListQuery::default()
    };
    assert_eq!(
        query.page(500, Some("a/b+c==")),
        "/api/v1/pods?limit=500&labelSelector=a%3Db%2Cc%21%3Dd&fieldSelector=metadata.name%3Dx&continue=a%2Fb%2Bc%3D%3D"
    );
}
