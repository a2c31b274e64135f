use proptest::prelude::*;

use super::*;

fn tree() -> Files {
    let mut files = Files::default();
    for (path, text) in [("app/a.yaml", "a"), ("app/sub/b.yaml", "b"), ("lib/c.yaml", "c"), ("app.txt", "t")] {
        files.add_file(path, text.as_bytes()).unwrap();
    }
    for (path, target) in [
        ("app/to-lib", "../lib"),
        ("app/to-c", "to-lib/c.yaml"),
        ("app/out", "../../etc/passwd"),
        ("app/absolute", "/etc/passwd"),
        ("app/circle", "circle"),
        ("app/nowhere", "nothing"),
        ("up", "app/sub/../.."),
    ] {
        files.add_link(path, target).unwrap();
    }
    files
}

#[test]
fn links_are_followed_inside() {
    let files = tree();
    let read = |base: &str, path: &str| files.read(base, path).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    assert_eq!(read("app", "a.yaml").as_deref(), Ok("a"));
    assert_eq!(read("app", "to-c").as_deref(), Ok("c"));
    assert_eq!(
        read("app", "to-lib/../app/./a.yaml").as_deref(),
        Ok("a"),
        "`..` after a link is relative to its target"
    );
    assert_eq!(read("app/sub", "../../lib/c.yaml").as_deref(), Ok("c"));
    assert_eq!(read("", "up/app/a.yaml").as_deref(), Ok("a"));
    assert_eq!(files.names("app"), ["a.yaml", "absolute", "circle", "nowhere", "out", "sub", "to-c", "to-lib"]);
    assert_eq!(files.names(""), ["app", "app.txt", "lib", "up"]);
    assert!(files.is_directory("app", "to-lib").unwrap() && !files.is_directory("app", "a.yaml").unwrap());
    assert_eq!(files.extract("lib", 10).unwrap().keys().collect::<Vec<_>>(), ["c.yaml"]);
}

#[test]
fn paths_outside_the_tree_are_errors() {
    let files = tree();
    for path in ["../../x", "a/../../../x", "/etc/passwd", "out", "absolute", "to-lib/../../../x"] {
        assert!(matches!(files.read("app", path), Err(FileError::Outside(_))), "{path}");
    }
    assert!(matches!(files.read("app", "circle"), Err(FileError::TooManyLinks(_))));
    assert!(matches!(files.read("app", "nowhere"), Err(FileError::Missing(_))));
    assert!(matches!(files.read("", "app"), Err(FileError::IsDirectory(_))));
    assert!(matches!(files.extract("app", 100), Err(FileError::Outside(_))));
    assert!(files.extract("", 100).is_err());
}

#[test]
fn conflicting_paths_are_errors() {
    let mut files = tree();
    for path in ["", "/a", "a/", "a//b", "./a", "a/../b", "a\0b"] {
        assert!(matches!(files.add_file(path, *b""), Err(FileError::Name(_))), "{path}");
    }
    for path in ["app", "app/a.yaml", "app/a.yaml/x", "app/to-lib/evil", "app/to-lib", "lib"] {
        assert!(matches!(files.add_file(path, *b""), Err(FileError::Conflict(_))), "{path}");
    }
    let mut bomb = Files::default();
    bomb.add_file("d/x", *b"").unwrap();
    bomb.add_link("d/a", ".").unwrap();
    bomb.add_link("d/b", ".").unwrap();
    assert!(bomb.extract("d", 1000).is_err(), "links to the directory itself are followed repeatedly");
}

proptest! {
    #[test]
    fn no_path_leaves_the_tree(links in prop::collection::vec(("[ab]{1,2}(/[ab]{1,2}){0,2}", "[ab./]{1,9}"), 0..8), path in "[ab./]{0,12}") {
        let mut files = Files::default();
        files.add_file("a/a/a/file", *b"x").unwrap();
        for (at, target) in links {
            let _ = files.add_link(&at, &target);
        }
        if let Ok(real) = files.resolve("a", &path) {
            prop_assert!(!real.starts_with('/') && real.split('/').all(|part| part != ".."));
        }
        let _ = files.extract("", 100);
    }
}
