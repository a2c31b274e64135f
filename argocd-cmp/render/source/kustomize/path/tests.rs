use super::*;

#[test]
fn texts_that_may_be_urls_are_refused() {
    for local in ["a.yaml", "../base", "./x/y", "overlays/v1.2/a_b-c.yaml", ".", "..", "githubx/x", "a/github.com"] {
        assert!(!is_remote(local), "{local}");
    }
    for remote in [
        "",
        "https://evil.example/x.yaml",
        "http:/evil.example/x",
        "github.com/acme/base",
        "GitHub.com/acme/base?ref=main",
        "./github.com/acme/base",
        "git@evil.example:x",
        "git::https://evil.example/x",
        "ssh://evil.example/x",
        "file:///etc",
        "evil.example/x.git",
        "evil.example/x.git/base",
        "dev.azure.com/o/p/_git/r",
        "gh:acme/base",
        "s3::x",
        "evil.example//base",
        "base?ref=x",
        "base\n",
        " base",
        "a\\b",
        "~/x",
        "oci://x",
        "$HOME/x",
    ] {
        assert!(is_remote(remote), "{remote}");
    }
}

#[test]
fn paths_outside_the_tree_are_refused() {
    let entry = |text: &str| Named::new("k", 1, text);
    assert_eq!(inside("app/over", &entry("../base/./x.yaml")).unwrap(), "app/base/x.yaml");
    assert_eq!(inside("app", &entry("..")).unwrap(), "");
    assert_eq!(inside("app", &entry("../../x")).unwrap_err().rule, RefusalRule::File);
    assert_eq!(inside("app", &entry("/etc/passwd")).unwrap_err().rule, RefusalRule::File);
}
