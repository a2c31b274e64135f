use super::*;

const TWO_CONTEXTS: &str = "
apiVersion: v1
kind: Config
clusters:
- { name: c1, cluster: { server: 'https://one:6443', certificate-authority: ca.pem } }
users:
- { name: u1, user: { token: canary-token } }
- { name: old, user: { auth-provider: { name: gcp } } }
- { name: alpha, user: { exec: { apiVersion: client.authentication.k8s.io/v1alpha1, command: aws } } }
contexts:
- { name: good, context: { cluster: c1, user: u1 } }
- { name: no-cluster, context: { cluster: c9, user: u1 } }
- { name: no-user, context: { cluster: c1, user: u9 } }
- { name: old, context: { cluster: c1, user: old } }
- { name: alpha, context: { cluster: c1, user: alpha } }
";

fn check(text: &str, context: Option<&str>) -> Result<Chosen, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    let chosen = choose(&[folder.path().join("absent"), path], context);
    let folder = folder.path().display().to_string();
    chosen.map_err(|error| {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
        error.to_string().replace(&folder, "DIR")
    })
}

#[test]
fn the_context_is_selected_and_paths_are_absolute() {
    let chosen = check(TWO_CONTEXTS, Some("good")).unwrap();
    assert_eq!(chosen.cluster.server.as_deref(), Some("https://one:6443"));
    assert!(chosen.cluster.certificate_authority.unwrap().starts_with('/'));
    assert!(matches!(chosen.login, ClusterLogin::Token(_)));
}

#[test]
fn every_mistake_names_the_files_and_the_names_in_them() {
    let cases = [
        (
            TWO_CONTEXTS,
            None,
            "no context is set, and DIR/absent, DIR/config has no current context; its contexts are good, no-cluster, no-user, old, alpha",
        ),
        (
            TWO_CONTEXTS,
            Some("bad"),
            "context `bad` is not in DIR/absent, DIR/config; its contexts are good, no-cluster, no-user, old, alpha",
        ),
        (
            TWO_CONTEXTS,
            Some("no-cluster"),
            "the cluster of context `no-cluster`, `c9` is not in DIR/absent, DIR/config; its clusters are c1",
        ),
        (
            TWO_CONTEXTS,
            Some("no-user"),
            "the user of context `no-user`, `u9` is not in DIR/absent, DIR/config; its users are u1, old, alpha",
        ),
        (TWO_CONTEXTS, Some("old"), "user `old` uses the auth provider `gcp`, which Kubernetes removed"),
        (TWO_CONTEXTS, Some("alpha"), "the exec plugin of user `alpha` is not valid"),
        ("", Some("good"), "context `good` is not in DIR/absent, DIR/config; it has no contexts"),
    ];
    for (text, context, expected) in cases {
        assert_eq!(check(text, context).err().as_deref(), Some(expected));
    }
}

#[test]
fn a_broken_file_is_reported_with_its_line_and_not_quoted() {
    for text in ["users: [ { name: canary-a, user: { token: canary-b", "contexts: canary", "- canary"] {
        let error = check(text, None).err().unwrap();
        assert!(error.starts_with("DIR/config is not a valid kubeconfig"), "{error}");
    }
}

#[test]
fn missing_files_are_named() {
    let error = choose(&[PathBuf::from("/nowhere/a"), PathBuf::from("/nowhere/b")], None).err().unwrap();
    assert!(error.to_string().contains("/nowhere/a, /nowhere/b"), "{error}");
}
