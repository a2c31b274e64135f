//! Valid archives, invalid archives and random bytes.

pub(crate) mod hostile;
pub(crate) mod writer;

use proptest::prelude::*;
use proptest::sample::Index;

use self::writer::{Tar, gzip, sent};
use super::*;

pub(crate) const SMALL: ArchiveLimits = ArchiveLimits {
    compressed: 1 << 20,
    unpacked: 4 << 20,
    ratio: 50,
    free: 64 << 10,
    entries: 40,
    depth: 8,
    name: 300,
    kept: 32 << 10,
    file_inside: 8 << 10,
    file_outside: 1 << 10,
};

fn open(bytes: &[u8], limits: &ArchiveLimits, directory: &str) -> Result<Unpacked, ArchiveError> {
    unpack(bytes, &sent(bytes), limits, AppDirectory { path: directory })
}

fn read(unpacked: &Unpacked, path: &str) -> Option<String> {
    let bytes = unpacked.files.read("", path).ok()?;
    String::from_utf8(bytes.to_vec()).ok()
}

#[test]
fn files_and_links_are_kept() {
    let long = format!("{}/ä.yaml", "directory".repeat(12));
    let mut tar = Tar::default();
    tar.directory(".").directory("app/").file("app/a.yaml", "a: 1").file("app/empty.yaml", "");
    tar.link("app/base", "../base").directory("base").file("base/b.yaml", "b: 2");
    tar.extended(&[("path", &long), ("mtime", "1.5")]).file("cut.yaml", "long");
    tar.extended(&[("linkpath", &long)]).link("to-long", "cut");
    tar.directory(".git").file(".git/HEAD", "ref").file("sub/.git", "gitdir").file("large.bin", &"x".repeat(1500));
    let unpacked = open(&gzip(&tar.end()), &SMALL, "app").unwrap();
    assert_eq!(read(&unpacked, "app/a.yaml").as_deref(), Some("a: 1"));
    assert_eq!(read(&unpacked, "app/empty.yaml").as_deref(), Some(""));
    assert_eq!(read(&unpacked, "app/base/b.yaml").as_deref(), Some("b: 2"), "links are followed when read");
    assert_eq!(read(&unpacked, &long).as_deref(), Some("long"));
    assert_eq!(read(&unpacked, "to-long").as_deref(), Some("long"));
    for left in [".git/HEAD", "sub/.git", "large.bin", "cut.yaml"] {
        assert_eq!(read(&unpacked, left), None, "{left}");
    }
    assert_eq!(unpacked.left_out, ["large.bin"], "files below .git are not reported");
    assert_eq!((unpacked.stats.entries, unpacked.stats.kept_files), (13, 6));
}

#[test]
fn files_of_the_application_may_be_larger() {
    let mut tar = Tar::default();
    tar.file("app/a", &"x".repeat(2000)).file("application/a", &"x".repeat(2000)).file("app/b", &"x".repeat(9000));
    let bytes = gzip(&tar.end());
    assert_eq!(open(&bytes, &SMALL, "app/").unwrap().left_out, ["application/a", "app/b"]);
    assert_eq!(open(&bytes, &SMALL, ".").unwrap().left_out, ["app/b"]);
}

/// Argo CD merges this file into the source of the Application whatever its size is, so its name has to be known.
#[test]
fn name_of_a_large_source_override_is_kept() {
    let mut tar = Tar::default();
    tar.file("app/.argocd-source.yaml", &"x".repeat(9000)).file("lib/.argocd-source-shop.yaml", &"x".repeat(9000));
    tar.file("app/a.argocd-source.yaml", &"x".repeat(9000)).file("app/z.yaml", "z: 1");
    let unpacked = open(&gzip(&tar.end()), &SMALL, "app").unwrap();
    assert_eq!(unpacked.files.names("app"), [".argocd-source.yaml", "z.yaml"]);
    assert_eq!(unpacked.files.names("lib"), [".argocd-source-shop.yaml"]);
    assert_eq!(read(&unpacked, "app/.argocd-source.yaml").as_deref(), Some(""), "without its content");
    assert_eq!(read(&unpacked, "app/z.yaml").as_deref(), Some("z: 1"));
    assert_eq!(unpacked.left_out, ["app/a.argocd-source.yaml"]);
}

#[test]
fn digest_covers_names_and_contents() {
    let digest = |write: &dyn for<'a> Fn(&'a mut Tar) -> &'a mut Tar| {
        let mut tar = Tar::default();
        write(&mut tar);
        open(&gzip(&tar.end()), &SMALL, ".").unwrap().digest
    };
    let one = digest(&|tar| tar.file("a", "b").file(".git/x", "1"));
    let same = digest(&|tar| tar.time(99).file("a", "b").file(".git/y", "2"));
    assert_eq!(one, same, "times and skipped files are not in the digest");
    for (what, other) in [
        ("another content", digest(&|tar| tar.file("a", "c"))),
        ("another name", digest(&|tar| tar.file("b", "b"))),
        ("a link", digest(&|tar| tar.link("a", "b"))),
        ("another cut", digest(&|tar| tar.file("ab", ""))),
        ("nothing", digest(&|tar| tar)),
    ] {
        assert_ne!(one, other, "{what}");
    }
}

#[test]
fn interrupted_archive_has_its_own_error() {
    struct Gone<'a>(&'a [u8]);
    impl std::io::Read for Gone<'_> {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionAborted.into())
        }
    }
    impl BufRead for Gone<'_> {
        fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
            if self.0.is_empty() { Err(std::io::ErrorKind::ConnectionAborted.into()) } else { Ok(self.0) }
        }
        fn consume(&mut self, amount: usize) {
            self.0 = &self.0[amount..];
        }
    }
    let bytes = gzip(&Tar::default().file("a", "b").end());
    let cut = Gone(&bytes[..bytes.len() / 2]);
    let got = unpack(cut, &sent(&bytes), &SMALL, AppDirectory { path: "." });
    assert_eq!(got.unwrap_err(), ArchiveError::Interrupted);
}

#[test]
fn refusal_has_a_remedy() {
    let text = ArchiveError::Kept { limit: 9 }.refusal().to_string();
    assert!(text.contains("rule:   file") && text.contains("manifest-generate-paths"), "{text}");
}

fn tree() -> impl Strategy<Value = std::collections::BTreeMap<String, Vec<u8>>> {
    prop::collection::btree_map(
        "[a-z]{1,3}(/[a-zä]{1,40}){0,3}\\.yaml",
        prop::collection::vec(any::<u8>(), 0..900),
        0..8,
    )
}

fn hits() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec((any::<Index>(), any::<u8>()), 1..6)
}

proptest! {
    #[test]
    fn any_tree_is_unpacked_unchanged(tree in tree()) {
        let mut tar = Tar::default();
        for (path, content) in &tree {
            tar.extended(&[("path", path)]).raw(b"x", b'0', content);
        }
        let limits = ArchiveLimits { entries: 100, ..SMALL };
        let unpacked = open(&gzip(&tar.end()), &limits, ".").unwrap();
        prop_assert_eq!(unpacked.stats.kept_files, tree.len());
        for (path, content) in &tree {
            prop_assert_eq!(&*unpacked.files.read("", path).unwrap(), content.as_slice());
        }
    }

    #[test]
    fn random_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&bytes, &SMALL, ".").is_err(), "random bytes are not an archive");
        // In a valid compression, the bytes reach the reader of entries.
        let _ = open(&gzip(&bytes), &SMALL, ".");
    }

    #[test]
    fn damaged_archive_causes_no_panic(hits in hits(), cut in any::<Index>()) {
        let mut tar = Tar::default();
        tar.directory("app").file("app/a.yaml", "a: 1").link("app/l", "a.yaml");
        tar.extended(&[("path", "app/ö")]).file("o", "x");
        let mut bytes = tar.end();
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let whole = gzip(&bytes);
        let _ = open(&whole, &SMALL, ".");
        // With a corrected checksum, a damaged header reaches more code.
        writer::mend(&mut bytes);
        let _ = open(&gzip(&bytes), &SMALL, ".");
        let cut = &whole[..cut.index(whole.len())];
        let cut = unpack(cut, &sent(&whole), &SMALL, AppDirectory { path: "." });
        prop_assert!(cut.is_err());
    }
}
