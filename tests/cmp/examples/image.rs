//! Checks of the Containerfile, without building the image.

use std::fs;

#[track_caller]
fn file(path: &str) -> String {
    let path = eod_testkit::repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rest of the first line that begins with a text.
#[track_caller]
fn after<'a>(text: &'a str, beginning: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(beginning)).unwrap_or_else(|| panic!("no line `{beginning}..`"))
}

#[test]
fn image_is_built_with_the_compilers_and_modules_of_the_tests() {
    let container = file("argocd-cmp/Containerfile");
    let rust = file("rust-toolchain.toml");
    let rust = after(&rust, "channel = ").trim_matches('"');
    assert!(after(&container, "FROM docker.io/library/rust:").starts_with(&format!("{rust}-")), "{rust}");
    let go = after(&container, "FROM docker.io/library/golang:");
    for part in ["helm", "kustomize"] {
        let module = file(&format!("tests/testbed/{part}/go.mod"));
        let required = after(&module, "go ");
        assert!(
            go.starts_with(required.rsplit_once('.').unwrap().0),
            "{part} requires Go {required}, the image has {go}"
        );
        // The image uses the module of the tests, with the same versions.
        let copied = if part == "helm" { "COPY tests/testbed/helm/ ./" } else { "COPY tests/testbed/kustomize/go.mod" };
        assert!(container.contains(copied), "{part}");
    }
}

#[test]
fn image_has_only_three_binaries_and_no_root_user() {
    let container = file("argocd-cmp/Containerfile");
    let (_, last) = container.rsplit_once("\nFROM ").unwrap();
    assert!(last.starts_with("scratch\n"), "{last}");
    let copied: Vec<_> = last.lines().filter(|line| line.starts_with("COPY ")).collect();
    assert_eq!(copied.len(), 3, "two lines for the binaries, one for the certificates: {copied:?}");
    assert_eq!(after(last, "USER "), "999:999");
    assert_eq!(after(last, "ENTRYPOINT "), "[\"/eod-cmp\"]");
}
