mod distinct;

use super::*;

fn name(identity: &str, template: Option<&str>) -> Result<String, NameError> {
    let template = template.map(|text| text.parse::<NameTemplate>().expect(text));
    let identity: Identity = identity.parse().expect(identity);
    environment_name(&identity, template.as_ref()).map(|name| name.to_string())
}

#[test]
fn unchanged_names_have_no_hash() {
    for (identity, template, expected) in [
        ("#123", None, "pr-123"),
        ("acme/shop#123", None, "shop-pr-123"),
        ("Acme/Shop#123", None, "shop-pr-123"),
        ("gitlab.com/acme/team/shop#7", None, "shop-pr-7"),
        ("acme/shop-pr-1#2", None, "shop-pr-1-pr-2"),
        ("acme/a-pr#1", None, "a-pr-pr-1"),
        ("acme/shop#123", Some("pr-{number}"), "pr-123"),
        ("acme/shop#123", Some("{owner}-{repo}-{number}"), "acme-shop-123"),
        ("acme/shop#18446744073709551615", None, "shop-pr-18446744073709551615"),
    ] {
        assert_eq!(name(identity, template).as_deref(), Ok(expected), "{identity} {template:?}");
    }
}

#[test]
fn changed_and_cut_names_have_a_hash() {
    let list = [
        ("acme/shop.api#1", None),
        ("acme/shop_api#1", None),
        ("acme/shop--api#1", None),
        ("acme/___#1", None),
        ("acme/a-very-long-repository-name-that-does-not-fit-into-a-dns-label#1", None),
        ("acme/shop#1", Some("{owner}-{repo}-pr-{number}")),
        ("gitlab.com/acme/team/shop#1", Some("{owner}-{repo}-pr-{number}")),
        ("acme/shop-abcdefghij#1", Some("pr-{number}-{repo}")),
        ("acme/shop@main", None),
        ("acme/shop@feature/FOO_bar", None),
        ("acme/shop@feature-foo-bar", None),
        ("acme/shop@🚀", None),
        ("@feature/x", None),
        ("acme/a-very-long-repository-name-that-does-not-fit@and/a-very-long-branch-name-that-does-not-either", None),
        ("acme/a-very-long-repository-name-that-does-not-fit-into-a-dns-label@x", None),
    ];
    let names: Vec<_> = list.iter().map(|(identity, template)| name(identity, *template).unwrap()).collect();
    expect_test::expect![[r#"
            shop-api-pr-1-kbjbz4kmet
            shop-api-pr-1-mnnulash6n
            shop-api-pr-1-eibuus3qzy
            x-pr-1-o4ywgnbjdf
            a-very-long-repository-name-that-does-not-fit-i-pr-1-ynh3tdvi4z
            acme-shop-pr-1
            acme-team-shop-pr-1-knejmaurh4
            pr-1-shop-abcdefghij-d3ntlbspyu
            shop-main-puuqxdxd4p
            shop-feature-foo-bar-ga3jt5exlb
            shop-feature-foo-bar-maaymu53zn
            shop-x-x2e42aqnjm
            feature-x-tw2zo2b7wh
            a-very-long-repository-nam-and-a-very-long-branch-na-ercujg3o7z
            a-very-long-repository-name-that-does-not-fit-into-x-krbbduohmz"#]]
    .assert_eq(&names.join("\n"));
    assert!(names.iter().all(|name| name.len() <= 63));
}

#[test]
fn given_names_are_checked() {
    for good in ["shop-pr-1", "staging", "a", "0", "default-1", "kubernetes-demo"] {
        assert!(good.parse::<EnvironmentName>().is_ok(), "{good}");
    }
    for bad in [
        "default",
        "kube-system",
        "kube-x",
        "eod-system",
        "istio-system",
        "argocd",
        "production",
        "prod",
        "openshift-x",
        "openshift",
    ] {
        assert!(matches!(bad.parse::<EnvironmentName>(), Err(NameError::Reserved { .. })), "{bad}");
    }
    for bad in ["", "A", "a.b", "-a", "a_b"] {
        assert!(matches!(bad.parse::<EnvironmentName>(), Err(NameError::Label(_))), "{bad}");
    }
    assert_eq!(
        "prod".parse::<EnvironmentName>().unwrap_err().to_string(),
        "environment name `prod` is reserved: EoD never owns production; use another name"
    );
}

#[test]
fn identities_without_a_name_are_refused() {
    assert_eq!(name("=given", None), Err(NameError::Missing));
    assert_eq!(
        name("#1", Some("{repo}-{number}")),
        Err(NameError::NoRepository { template: "{repo}-{number}".to_owned() })
    );
    assert!(matches!(name("acme/kube-state#1", None), Err(NameError::Reserved { .. })));
}
