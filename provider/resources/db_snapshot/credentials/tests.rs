use tfplugin::Text;

use super::*;

#[test]
fn secret_has_all_forms_of_the_credentials_and_its_digest() {
    let owner = CloneOwner { environment: "shop-pr-7".parse().unwrap(), installation: "acme".parse().unwrap() };
    let name: CloneName = "shop_shop_pr_7".parse().unwrap();
    let password = ClonePassword::new([7; 32]);
    let credentials = |host: &str| {
        let place = AdvertisedPlace { host: host.to_owned(), port: 5433, sslmode: "require".to_owned() };
        let credentials = DatabaseCredentials {
            owner: &owner,
            name: &name,
            nonce: "n",
            place: &place,
            password: &password,
            labels: BTreeMap::from([("team".to_owned(), "checkout".to_owned())]),
        };
        let at = SecretArgs { name: Text("db".parse().unwrap()), namespace: Text("shop-pr-7".parse().unwrap()) };
        credentials.secret(&at)
    };
    let secret = credentials("db.internal");
    let data = SecretData::of(&secret);
    let word = password.reveal();
    for (key, expected) in [
        ("host", "db.internal".to_owned()),
        ("port", "5433".to_owned()),
        ("dbname", "shop_shop_pr_7".to_owned()),
        ("user", "shop_shop_pr_7_app".to_owned()),
        ("password", word.to_owned()),
        ("sslmode", "require".to_owned()),
        ("uri", format!("postgresql://shop_shop_pr_7_app:{word}@db.internal:5433/shop_shop_pr_7?sslmode=require")),
    ] {
        assert_eq!(data.text(key), Some(expected), "{key}");
    }
    let metadata = &secret["metadata"];
    assert_eq!(metadata["annotations"][labels::DIGEST], data.digest());
    assert_eq!(
        (&metadata["labels"]["team"], &metadata["labels"][labels::ENV]),
        (&json!("checkout"), &json!("shop-pr-7"))
    );
    assert!(!metadata.to_string().contains(word) && !format!("{data:?}").contains(word));
    let six = SecretData::of(&credentials("fd00::1")).text("jdbc_uri").unwrap();
    assert!(six.starts_with("jdbc:postgresql://[fd00::1]:5433/shop_shop_pr_7?"), "{six}");
}

#[test]
fn digest_changes_with_every_entry() {
    let data = |pairs: &[(&str, &str)]| {
        SecretData(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()).digest()
    };
    let digests = [data(&[]), data(&[("a", "bc")]), data(&[("ab", "c")]), data(&[("a", "b"), ("c", "")])];
    for (at, digest) in digests.iter().enumerate() {
        assert_eq!(digests.iter().position(|other| other == digest), Some(at));
    }
}
