//! The sidecar's image, as far as it can be looked at without building it.

use std::fs;

#[track_caller]
fn file(path: &str) -> String {
    let path = eod_testkit::repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The part of the first line with this beginning that follows it.
#[track_caller]
fn after<'a>(text: &'a str, beginning: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(beginning)).unwrap_or_else(|| panic!("no line `{beginning}..`"))
}

#[test]
fn the_image_is_built_with_the_compilers_and_modules_of_the_tests() {
    let container = file("argocd-cmp/Containerfile");
    let rust = file("rust-toolchain.toml");
    let rust = after(&rust, "channel = ").trim_matches('"');
    assert!(after(&container, "FROM docker.io/library/rust:").starts_with(&format!("{rust}-")), "{rust}");
    let go = after(&container, "FROM docker.io/library/golang:");
    for part in ["helm", "kustomize"] {
        let module = file(&format!("tests/testbed/{part}/go.mod"));
        let wanted = after(&module, "go ");
        assert!(go.starts_with(wanted.rsplit_once('.').unwrap().0), "{part} wants Go {wanted}, the image has {go}");
        // It copies the module that the tests build, and with it every version.
        assert!(container.contains(&format!("COPY tests/testbed/{part}/go.mod tests/testbed/{part}/go.sum")), "{part}");
    }
}

#[test]
fn the_image_has_nothing_but_three_binaries_and_no_root() {
    let container = file("argocd-cmp/Containerfile");
    let (_, last) = container.rsplit_once("\nFROM ").unwrap();
    assert!(last.starts_with("scratch\n"), "{last}");
    let copied: Vec<_> = last.lines().filter(|line| line.starts_with("COPY ")).collect();
    assert_eq!(copied.len(), 2, "{copied:?}");
    assert_eq!(after(last, "USER "), "999:999");
    assert_eq!(after(last, "ENTRYPOINT "), "[\"/eod-cmp\"]");
}
