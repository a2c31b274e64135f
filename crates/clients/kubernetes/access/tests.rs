//! Settings that name a cluster, and settings with mistakes.

use super::*;

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn described(pairs: &[(&str, &str)]) -> Option<String> {
    ClusterAccess::from_environment(&environment(pairs)).unwrap().map(|access| access.describe())
}

fn mistakes(settings: ClusterSettings) -> Vec<String> {
    let result = ClusterAccess::from_settings(settings, &BTreeMap::new());
    result.unwrap_err().iter().map(|mistake| mistake.field().unwrap_or("-").to_owned()).collect()
}

#[test]
fn environment_variables_name_one_cluster() {
    assert_eq!(described(&[]), None);
    assert_eq!(described(&[("KUBECONFIG", ""), ("HOME", "/home/a")]), None);
    let file = [("KUBE_CONFIG_PATH", "~/c"), ("HOME", "/home/a"), ("KUBE_CTX", "preview"), ("KUBECONFIG", "/x")];
    assert_eq!(described(&file).as_deref(), Some("context `preview` of /home/a/c"));
    assert_eq!(described(&[("KUBECONFIG", "/a:/b")]).as_deref(), Some("the current context of /a, /b"));
    let host = [("KUBE_HOST", "10.0.0.1:6443"), ("KUBE_TOKEN", "t"), ("KUBECONFIG", "/x")];
    assert_eq!(described(&host).as_deref(), Some("https://10.0.0.1:6443/"));
}

#[test]
fn variables_without_their_counterpart_are_mistakes() {
    for name in ["KUBE_CTX", "KUBE_TOKEN", "KUBE_CLUSTER_CA_CERT_DATA"] {
        let mistakes = ClusterAccess::from_environment(&environment(&[(name, "x")])).unwrap_err();
        assert_eq!(mistakes[0].field(), Some(name));
    }
}

#[test]
fn all_contradictions_are_reported_at_once_with_their_fields() {
    let settings = ClusterSettings {
        config_path: Some("/c".into()),
        host: Some("https://a".into()),
        token: Some("t".into()),
        token_path: Some("/t".into()),
        client_certificate: Some("-----BEGIN CERTIFICATE-----".into()),
        ..ClusterSettings::default()
    };
    assert_eq!(mistakes(settings), ["host", "token_path", "client_certificate"]);
}

#[test]
fn settings_without_a_cluster_are_a_mistake() {
    assert_eq!(mistakes(ClusterSettings::default()), ["-"]);
    assert_eq!(
        mistakes(ClusterSettings { config_context: Some("preview".into()), ..ClusterSettings::default() }),
        ["config_context", "-"]
    );
}

#[test]
fn hosts_are_urls() {
    for bad in ["", "ftp://a", "https://", "https://user:pw@a", "https://a?b=c", "a b"] {
        assert_eq!(
            mistakes(ClusterSettings { host: Some(bad.into()), ..ClusterSettings::default() }),
            ["host"],
            "{bad:?}"
        );
    }
    for good in ["https://a:6443/prefix", "http://127.0.0.1:1", "a.example.com", "[::1]:6443"] {
        let settings = ClusterSettings { host: Some(good.into()), ..ClusterSettings::default() };
        assert!(ClusterAccess::from_settings(settings, &BTreeMap::new()).is_ok(), "{good:?}");
    }
}

#[test]
fn a_certificate_in_base64_is_not_pem() {
    let settings = ClusterSettings {
        host: Some("https://a".into()),
        cluster_ca_certificate: Some("LS0tLS1CRUdJTi".into()),
        ..ClusterSettings::default()
    };
    let mistakes = ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap_err();
    assert!(mistakes[0].to_string().contains("is not PEM"), "{}", mistakes[0]);
}

#[test]
fn in_cluster_requires_a_pod() {
    let settings = ClusterSettings { in_cluster: true, ..ClusterSettings::default() };
    assert_eq!(mistakes(settings.clone()), ["in_cluster"]);
    let pod = environment(&[("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "443")]);
    let access = ClusterAccess::from_settings(settings, &pod).unwrap();
    assert_eq!(access.describe(), "https://[fd00::1]:443/ (in cluster)");
}

#[test]
fn only_a_tilde_requires_the_home_folder() {
    assert_eq!(
        mistakes(ClusterSettings { config_path: Some("~/c".into()), ..ClusterSettings::default() }),
        ["config_path"]
    );
    assert_eq!(expand("~other/c", "config_path", &BTreeMap::new()), Ok(PathBuf::from("~other/c")));
    assert_eq!(expand("~", "config_path", &environment(&[("HOME", "/h")])), Ok(PathBuf::from("/h")));
}

#[test]
fn exec_is_checked() {
    let exec = |api_version: &str, command: &str| ClusterSettings {
        host: Some("https://a".into()),
        exec: Some(Exec { api_version: api_version.into(), command: command.into(), ..Exec::default() }),
        ..ClusterSettings::default()
    };
    assert_eq!(mistakes(exec("client.authentication.k8s.io/v1alpha1", "aws")), ["exec.api_version"]);
    assert_eq!(mistakes(exec("client.authentication.k8s.io/v1", " ")), ["exec.command"]);
}

#[test]
fn debug_shows_no_secret() {
    let settings = ClusterSettings {
        host: Some("https://a".into()),
        token: Some("canary-token".into()),
        client_certificate: Some("-----BEGIN CERTIFICATE-----".into()),
        client_key: Some("canary-key".into()),
        proxy_url: Some("http://u:canary-proxy@p".into()),
        ..ClusterSettings::default()
    };
    let access = ClusterAccess::from_settings(settings.clone(), &BTreeMap::new()).unwrap();
    let exec = Exec {
        args: vec!["canary-argument".into()],
        env: BTreeMap::from([("NAME".to_owned(), "canary-env".to_owned())]),
        ..Exec::default()
    };
    let shown = format!("{settings:?} {access:?} {exec:?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("https://a") && shown.contains("NAME"), "{shown}");
}
