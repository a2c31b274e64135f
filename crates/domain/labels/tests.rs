use super::*;

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn keys_of_the_user_are_valid() {
    for key in [
        "team",
        "cost-center",
        "acme.io/team",
        "app.kubernetes.io/part-of",
        "notk8s.io/x",
        "a_b.C",
        "downscaler/uptime",
    ] {
        assert_eq!(check_user_key(key), Ok(()), "{key}");
    }
}

#[test]
fn reserved_keys_are_refused() {
    for key in [NAME, INSTANCE, MANAGED_BY, ENV, OWNER, EXPIRES_AT, "environment.on-demand/anything"] {
        assert_eq!(check_user_key(key), Err(LabelError::Ours(key.to_owned())));
    }
    for (key, domain) in [
        ("kubernetes.io/metadata.name", "kubernetes.io"),
        ("pod-security.kubernetes.io/enforce", "kubernetes.io"),
        ("scheduler.alpha.kubernetes.io/node-selector", "kubernetes.io"),
        ("gateway.networking.k8s.io/x", "k8s.io"),
        ("istio.io/dataplane-mode", "istio.io"),
        ("sidecar.istio.io/inject", "istio.io"),
        ("istio-injection", "istio.io"),
        ("linkerd.io/inject", "linkerd.io"),
        ("argocd.argoproj.io/instance", "argoproj.io"),
        ("openshift.io/node-selector", "openshift.io"),
        ("x.environment.on-demand/y", "environment.on-demand"),
    ] {
        let expected = LabelError::Reserved { key: key.to_owned(), domain: domain.to_owned() };
        assert_eq!(check_user_key(key), Err(expected));
    }
    for key in ["", "/", "a/", "/a", "a/b/c", "-a", "a-", "a b", "A.io/x", &"a".repeat(64), "ключ"] {
        assert_eq!(check_user_key(key), Err(LabelError::Key(key.to_owned())));
    }
}

#[test]
fn each_mistake_is_reported_at_its_key() {
    let labels = map(&[("team", "a b"), ("kubernetes.io/x", "y"), ("good", ""), (ENV, "z")]);
    let mistakes = UserLabels::parse("default_labels", labels).unwrap_err();
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.clone()).collect();
    assert_eq!(paths, [["default_labels", ENV], ["default_labels", "kubernetes.io/x"], ["default_labels", "team"]]);
    assert!(mistakes[2].error.to_string().starts_with("invalid label value `a b`"));
}

#[test]
fn annotations_can_have_any_text_up_to_a_size() {
    assert!(UserAnnotations::parse("annotations", map(&[("note", "any text\nat all ✓")])).is_ok());
    let large = map(&[("note", &"x".repeat(128 * 1024))]);
    assert!(UserAnnotations::parse("annotations", large).unwrap_err()[0].error.to_string().contains("got 131076"));
}

#[test]
fn label_values_are_checked() {
    for good in ["", "a", "A.b_c-d", "36h", &"a".repeat(63)] {
        assert!(good.parse::<LabelValue>().is_ok(), "{good}");
    }
    for bad in ["-a", "a-", "a@b", "a b", "dependabot[bot]", &"a".repeat(64)] {
        assert!(bad.parse::<LabelValue>().is_err(), "{bad}");
    }
}

#[test]
fn labels_are_validated_when_deserialized() {
    assert!(serde_json::from_str::<UserLabels>(r#"{"team":"x"}"#).is_ok());
    assert!(serde_json::from_str::<UserLabels>(r#"{"k8s.io/team":"x"}"#).is_err());
}
