use super::*;

#[test]
fn secret_of_somebody_else_is_never_ours() {
    let owner = CloneOwner { environment: "shop-pr-7".parse().unwrap(), installation: "acme".parse().unwrap() };
    let name: CloneName = "shop_shop_pr_7".parse().unwrap();
    let data = SecretData::of(&json!({ "data": { "user": "YQ==" } }));
    let ours = json!({
        "metadata": {
            "uid": "u", "resourceVersion": "7",
            "labels": {
                labels::MANAGED_BY: labels::MANAGED_BY_VALUE, labels::ENV: "shop-pr-7", labels::INSTALLATION: "acme"
            },
            "annotations": {
                labels::DATABASE: "shop_shop_pr_7", labels::NONCE: "n", labels::DIGEST: data.digest()
            }
        },
        "data": { "user": "YQ==" }
    });
    let stored = StoredSecret {
        uid: "u".to_owned(),
        resource_version: "7".to_owned(),
        nonce: "n".to_owned(),
        is_unchanged: true,
    };
    assert_eq!(state(&ours, &owner, &name), SecretState::Ours(stored.clone()));
    let mut changed = ours.clone();
    changed["data"]["user"] = json!("Yg==");
    assert_eq!(state(&changed, &owner, &name), SecretState::Ours(StoredSecret { is_unchanged: false, ..stored }));
    for (part, key, expected) in [
        ("labels", labels::MANAGED_BY, "does not have the ownership labels"),
        ("annotations", labels::DATABASE, "does not have the ownership labels"),
        ("labels", labels::ENV, "belongs to environment `` of installation `acme`"),
        ("labels", labels::INSTALLATION, "of installation ``"),
    ] {
        let mut other = ours.clone();
        other["metadata"][part].as_object_mut().unwrap().remove(key);
        let SecretState::Foreign { reason } = state(&other, &owner, &name) else { panic!("{key}") };
        assert!(reason.contains(expected), "{reason}");
    }
    let other: CloneName = "other".parse().unwrap();
    let SecretState::Foreign { reason } = state(&ours, &owner, &other) else { panic!() };
    assert!(reason.contains("credentials of database `shop_shop_pr_7`"), "{reason}");
}
