use super::*;

#[test]
fn every_origin_is_named() {
    let shown = |origin| ServerAddress { server: "Vault", url: Some("https://v:8200".into()), origin }.to_string();
    assert_eq!(shown(AddressOrigin::Settings), "Vault at https://v:8200");
    assert_eq!(
        shown(AddressOrigin::Variable("VAULT_ADDR")),
        "Vault at https://v:8200 (from environment variable VAULT_ADDR)"
    );
    let kubeconfig = AddressOrigin::Kubeconfig { files: "/a, /b".into(), context: "preview".into() };
    assert_eq!(shown(kubeconfig), "Vault at https://v:8200 (from context `preview` of /a, /b)");
    assert_eq!(shown(AddressOrigin::Pod), "Vault at https://v:8200 (from the environment of the pod)");
}
