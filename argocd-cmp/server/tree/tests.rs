use std::os::unix::fs::symlink;

use super::*;

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn directory_is_read_like_an_archive() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for path in ["app/a.yaml", "base/b.yaml", ".git/HEAD", "web/node_modules/x/package.json", "target/debug/x"] {
        write(root, path, path);
    }
    write(root, "target/CACHEDIR.TAG", "Signature");
    write(root, "large", &"x".repeat(2 << 20));
    write(root, "base/.argocd-source.yaml", &"x".repeat(2 << 20));
    symlink("../base", root.join("app/base")).unwrap();
    symlink("/etc/passwd", root.join("app/out")).unwrap();
    let read = read_tree(root, TreeScope::Checkout, &ArchiveLimits::default(), AppDirectory { path: "app" }).unwrap();
    let text = |path: &str| read.files.read("", path).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    assert_eq!(text("app/base/b.yaml").unwrap(), "base/b.yaml");
    assert!(text("app/out").is_err(), "a link never has a target outside of the tree");
    assert_eq!(read.files.names(""), ["app", "base"]);
    assert_eq!(read.left_out, ["large"]);
    assert_eq!(text("base/.argocd-source.yaml").unwrap(), "", "the name is enough to refuse it");
    let read = read_tree(root, TreeScope::All, &ArchiveLimits::default(), AppDirectory { path: "app" }).unwrap();
    assert_eq!(read.files.names(""), ["app", "base", "target", "web"], "all files except .git");
}

#[test]
fn limits_are_enforced_with_a_remedy() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for at in 0..5 {
        write(root, &format!("{at}.yaml"), &"x".repeat(100));
    }
    let read =
        |limits: ArchiveLimits| read_tree(root, TreeScope::All, &limits, AppDirectory { path: "." }).unwrap_err();
    let error = read(ArchiveLimits { kept: 300, ..ArchiveLimits::default() });
    assert!(matches!(error, TreeError::Archive(ArchiveError::Kept { limit: 300 })), "{error}");
    assert!(error.refusal().remedy.contains("--root"));
    let error = read(ArchiveLimits { entries: 4, ..ArchiveLimits::default() });
    assert!(matches!(error, TreeError::Archive(ArchiveError::Entries { limit: 4 })), "{error}");
    write(root, "a/b/c/d", "x");
    let error = read(ArchiveLimits { depth: 2, ..ArchiveLimits::default() });
    assert!(matches!(error, TreeError::Archive(ArchiveError::Depth { .. })), "{error}");
    let nowhere =
        read_tree(&root.join("nowhere"), TreeScope::All, &ArchiveLimits::default(), AppDirectory { path: "." })
            .unwrap_err();
    assert!(nowhere.refusal().to_string().contains("nowhere"), "{nowhere}");
}

#[test]
fn checkout_has_the_files_that_git_tracks_or_would_add() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git").args(arguments).current_dir(root).status().unwrap();
        assert!(status.success(), "git {arguments:?}");
    };
    git(&["init", "--quiet"]);
    for path in ["app/a.yaml", "app/new.yaml", "app/ignored.yaml", ".venv/lib/large.py", "node_modules/tracked.yaml"] {
        write(root, path, path);
    }
    write(root, ".gitignore", ".venv/\nignored.yaml\n");
    git(&["add", "app/a.yaml", "node_modules"]);
    let limits = ArchiveLimits { kept: 300, ..ArchiveLimits::default() };
    write(root, ".venv/lib/large.py", &"x".repeat(1000));
    let read = read_tree(root, TreeScope::Checkout, &limits, AppDirectory { path: "app" }).unwrap();
    assert_eq!(read.files.names(""), [".gitignore", "app", "node_modules"]);
    assert_eq!(read.files.names("app"), ["a.yaml", "new.yaml"]);
    let read = read_tree(&root.join("app"), TreeScope::Checkout, &limits, AppDirectory { path: "." }).unwrap();
    assert_eq!(read.files.names(""), ["a.yaml", "new.yaml"], "a part of the checkout");
}
