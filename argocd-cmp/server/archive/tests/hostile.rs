//! Invalid archives, each with its expected error.

use super::super::ArchiveError as E;
use super::super::pax;
use super::writer::{Tar, gzip, put, record, sent};
use super::*;

/// Description, compressed bytes and expected error.
pub(crate) type HostileArchive = (&'static str, Vec<u8>, E);

fn tar(write: impl FnOnce(&mut Tar) -> &mut Tar) -> Vec<u8> {
    let mut tar = Tar::default();
    write(&mut tar);
    gzip(&tar.end())
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn names() -> Vec<HostileArchive> {
    let deep = "a/".repeat(8) + "a";
    let long = "a".repeat(301);
    vec![
        ("an absolute file", tar(|t| t.file("/etc/passwd", "x")), E::Absolute(s("/etc/passwd"))),
        ("an absolute directory", tar(|t| t.directory("/")), E::Absolute(s("/"))),
        ("an absolute link", tar(|t| t.link("/a", "b")), E::Absolute(s("/a"))),
        ("two slashes first", tar(|t| t.file("//a", "x")), E::Absolute(s("//a"))),
        ("up and out", tar(|t| t.file("../a", "x")), E::Upward(s("../a"))),
        ("up in the middle", tar(|t| t.file("a/../b", "x")), E::Upward(s("a/../b"))),
        ("up at the end", tar(|t| t.directory("a/..")), E::Upward(s("a/.."))),
        ("only up", tar(|t| t.directory("..")), E::Upward(s(".."))),
        (
            "up and out in an extended header",
            tar(|t| t.extended(&[("path", "../a")]).file("b", "x")),
            E::Upward(s("../a")),
        ),
        ("absolute in an extended header", tar(|t| t.extended(&[("path", "/a")]).file("b", "x")), E::Absolute(s("/a"))),
        ("up and out by the prefix", tar(|t| t.header(b"a", b'0', 0, |h| put(h, 345, b".."))), E::Upward(s("../a"))),
        ("absolute by the prefix", tar(|t| t.header(b"a", b'0', 0, |h| put(h, 345, b"/x"))), E::Absolute(s("/x/a"))),
        ("a dot first", tar(|t| t.file("./a", "x")), E::Name(s("./a"))),
        ("a dot in the middle", tar(|t| t.file("a/./b", "x")), E::Name(s("a/./b"))),
        ("an empty part", tar(|t| t.file("a//b", "x")), E::Name(s("a//b"))),
        ("a file that ends with a slash", tar(|t| t.file("a/", "x")), E::Name(s("a/"))),
        ("a file that is the tree", tar(|t| t.file(".", "x")), E::Name(s("."))),
        ("a directory with two slashes", tar(|t| t.directory("a//")), E::Name(s("a/"))),
        ("no name", tar(|t| t.file("", "x")), E::Name(s(""))),
        ("a directory without a name", tar(|t| t.directory("")), E::Name(s(""))),
        ("a name that is not UTF-8", tar(|t| t.raw(b"caf\xe9", b'0', b"x")), E::NotText(s("caf\u{fffd}"))),
        ("too many parts", tar(|t| t.file(&deep, "x")), E::Depth { path: deep.clone(), limit: 8 }),
        (
            "too long a name",
            tar(|t| t.extended(&[("path", &long)]).file("b", "x")),
            E::Long { path: "a".repeat(200), limit: 300 },
        ),
        (
            "too long a target",
            tar(|t| t.extended(&[("linkpath", &long)]).link("b", "x")),
            E::Long { path: s("b"), limit: 300 },
        ),
    ]
}

fn doubles() -> Vec<HostileArchive> {
    vec![
        ("a file twice", tar(|t| t.file("a", "1").file("a", "2")), E::Duplicate(s("a"))),
        ("a file and a link", tar(|t| t.file("a", "1").link("a", "b")), E::Duplicate(s("a"))),
        ("a link and a file", tar(|t| t.link("a", "b").file("a", "1")), E::Duplicate(s("a"))),
        ("a directory twice", tar(|t| t.directory("a").directory("a/")), E::Duplicate(s("a"))),
        ("a directory and a link", tar(|t| t.directory("a").link("a", "b")), E::Duplicate(s("a"))),
        ("a link and a directory", tar(|t| t.link("a", "b").directory("a")), E::Duplicate(s("a"))),
        ("below a file", tar(|t| t.file("a", "1").file("a/b", "2")), E::Below(s("a/b"))),
        ("below a link", tar(|t| t.link("a", "..").file("a/b/c", "2")), E::Below(s("a/b/c"))),
        ("a directory below a link", tar(|t| t.link("a", "/").directory("a/b")), E::Below(s("a/b"))),
        ("a file that was a directory", tar(|t| t.file("a/b", "1").file("a", "2")), E::Below(s("a"))),
        ("a link that was a directory", tar(|t| t.file("a/b", "1").link("a", "b")), E::Below(s("a"))),
        (
            "twice in a folder that is not kept",
            tar(|t| t.file(".git/a", "1").file(".git/a", "2")),
            E::Duplicate(s(".git/a")),
        ),
        (
            "twice by an extended header",
            tar(|t| t.file("a", "1").extended(&[("path", "a")]).file("b", "2")),
            E::Duplicate(s("a")),
        ),
        (
            "twice by the prefix",
            tar(|t| t.file("a/b", "1").header(b"b", b'0', 0, |h| put(h, 345, b"a"))),
            E::Duplicate(s("a/b")),
        ),
    ]
}

fn kinds() -> Vec<HostileArchive> {
    let special = |kind| tar(|t| t.raw(b"a", kind, b""));
    let old = |header: &mut [u8; 512]| put(header, 257, &[0; 8]);
    let gnu = |header: &mut [u8; 512]| put(header, 257, b"ustar  \0");
    vec![
        ("a hard link", special(b'1'), E::HardLink(s("a"))),
        ("a hard link in .git", tar(|t| t.raw(b".git/a", b'1', b"")), E::HardLink(s(".git/a"))),
        ("a character device", special(b'3'), E::Special(s("a"))),
        ("a block device", special(b'4'), E::Special(s("a"))),
        ("a pipe", special(b'6'), E::Special(s("a"))),
        ("a contiguous file", special(b'7'), E::Special(s("a"))),
        ("a socket of star", special(b's'), E::Special(s("a"))),
        ("a volume header", special(b'V'), E::Special(s("a"))),
        ("a part of another volume", special(b'M'), E::Special(s("a"))),
        ("a Solaris header", special(b'X'), E::Special(s("a"))),
        ("a sparse file", special(b'S'), E::Sparse(s("a"))),
        ("a long name of GNU", tar(|t| t.raw(b"././@LongLink", b'L', b"/etc/passwd\0").file("a", "x")), E::Format),
        ("a long link of GNU", tar(|t| t.raw(b"././@LongLink", b'K', b"/etc/passwd\0").link("a", "x")), E::Format),
        ("the form of GNU", tar(|t| t.header(b"a", b'0', 0, gnu)), E::Format),
        ("the oldest form", tar(|t| t.header(b"a", b'0', 0, old)), E::Format),
        ("a directory with contents", tar(|t| t.raw(b"a", b'5', b"x")), E::Contents(s("a"))),
        ("a link with contents", tar(|t| t.raw(b"a", b'2', b"x")), E::Contents(s("a"))),
        ("a link to nothing", tar(|t| t.raw(b"a", b'2', b"")), E::Target(s("a"))),
        (
            "a link target that is not UTF-8",
            tar(|t| t.header(b"a", b'2', 0, |h| put(h, 157, b"\xff"))),
            E::NotText(s("a")),
        ),
    ]
}

fn extended() -> Vec<HostileArchive> {
    let with = |records: &[(&str, &str)]| tar(|t| t.extended(records).file("a", "x"));
    let raw = |text: &str| tar(|t| t.raw(b"x", b'x', text.as_bytes()).file("a", "x"));
    let many = record("comment", &"x".repeat(70 << 10));
    vec![
        ("a global header", tar(|t| t.raw(b"g", b'g', record("path", "b").as_bytes()).file("a", "x")), E::Global),
        ("another size", with(&[("size", "0")]), E::ExtendedKey(s("size"))),
        ("a sparse file in pax", with(&[("GNU.sparse.major", "1")]), E::ExtendedKey(s("GNU.sparse.major"))),
        ("a name of GNU in pax", with(&[("GNU.sparse.name", "/etc/x")]), E::ExtendedKey(s("GNU.sparse.name"))),
        ("another character set", with(&[("hdrcharset", "BINARY")]), E::ExtendedKey(s("hdrcharset"))),
        (
            "extended attributes",
            with(&[("SCHILY.xattr.security.capability", "x")]),
            E::ExtendedKey(s("SCHILY.xattr.security.capability")),
        ),
        ("a key twice", with(&[("path", "a"), ("path", "b")]), E::ExtendedTwice(s("path"))),
        ("an empty name", with(&[("path", "")]), E::Extended),
        ("a zero byte in a name", with(&[("path", "a\0b")]), E::Extended),
        ("a zero byte in a target", tar(|t| t.extended(&[("linkpath", "a\0b")]).link("a", "x")), E::Extended),
        ("a record that is too short", raw("5 path=b\n"), E::Extended),
        ("a record that is too long", raw("99 path=b\n"), E::Extended),
        ("a record without a length", raw("path=b\n"), E::Extended),
        ("a record without a key", raw("7 =bcd\n"), E::Extended),
        ("a length with zeros first", raw("010 path=b\n"), E::Extended),
        ("too large a header", raw(&many), E::ExtendedSize { limit: pax::LIMIT }),
        (
            "two headers in a row",
            tar(|t| t.extended(&[("path", "a")]).extended(&[("path", "b")]).file("c", "x")),
            E::ExtendedAlone,
        ),
        ("a header before the end", tar(|t| t.extended(&[("path", "a")])), E::ExtendedAlone),
        ("a header for a global one", tar(|t| t.extended(&[("path", "a")]).raw(b"g", b'g', b"")), E::Global),
    ]
}

fn sizes() -> Vec<HostileArchive> {
    let zeros = "\0".repeat(200 << 10);
    let noise: String = (0..700_u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761))).collect();
    let kept = tar(|t| (0..7).fold(t, |t, n| t.file(&format!("f{n}"), &noise)));
    let field = |at: usize, bytes: &'static [u8]| tar(|t| t.header(b"a", b'0', 0, |h| put(h, at, bytes)));
    vec![
        ("zeros without end", tar(|t| t.raw(b"a", b'0', zeros.as_bytes())), E::Ratio { limit: 50 }),
        ("zeros that are not kept", tar(|t| t.raw(b".git/a", b'0', zeros.as_bytes())), E::Ratio { limit: 50 }),
        ("many entries", tar(|t| (0..41).fold(t, |t, n| t.directory(&format!("d{n}")))), E::Entries { limit: 40 }),
        ("many files to keep", kept, E::Kept { limit: 32 << 10 }),
        ("a claim of 8 GiB", field(124, b"77777777777\0"), E::Unpacked { limit: 4 << 20 }),
        ("a claim of 2^63", field(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), E::Unpacked { limit: 4 << 20 }),
        (
            "a size that is not a number",
            field(124, b"12x\0\0\0\0\0\0\0\0\0"),
            E::HeaderField { path: s("a"), field: "size" },
        ),
        (
            "a wrong checksum",
            {
                let mut tar = Tar::default();
                let mut bytes = tar.file("a", "x").end();
                bytes[0] = b'b';
                gzip(&bytes)
            },
            E::HeaderChecksum,
        ),
        ("no end", gzip(&Tar::default().file("a", "x").open_ended()), E::NoEnd),
        ("half an end", gzip(&[Tar::default().file("a", "x").open_ended(), vec![0; 512]].concat()), E::NoEnd),
        (
            "a header behind one block of zeros",
            {
                let rest = Tar::default().file("b", "x").end();
                gzip(&[Tar::default().file("a", "x").open_ended(), vec![0; 512], rest].concat())
            },
            E::NoEnd,
        ),
        ("cut in the middle of a file", gzip(&Tar::default().file("a", "x").open_ended()[..600]), E::NoEnd),
        (
            "a second archive behind the end",
            {
                let one = Tar::default().file("a", "x").end();
                gzip(&[one.clone(), one].concat())
            },
            E::AfterEnd,
        ),
        (
            "a second stream of gzip",
            {
                let one = gzip(&Tar::default().file("a", "x").end());
                [one.clone(), one].concat()
            },
            E::AfterCompression,
        ),
        (
            "bytes behind the gzip",
            [gzip(&Tar::default().file("a", "x").end()), b"x".to_vec()].concat(),
            E::AfterCompression,
        ),
    ]
}

/// All invalid archives, for the limits [`SMALL`].
pub(crate) fn rows() -> Vec<HostileArchive> {
    [names(), doubles(), kinds(), extended(), sizes()].concat()
}

#[test]
fn invalid_archives_are_refused() {
    let rows = rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    for (what, bytes, expected) in rows {
        assert_eq!(open(&bytes, &SMALL, ".").err(), Some(expected), "{what}");
    }
}

#[test]
fn declared_size_and_checksum_are_verified() {
    let bytes = tar(|t| t.file("a", "x"));
    let declared = sent(&bytes);
    let size = declared.size;
    let check = |what: &str, bytes: &[u8], declared: DeclaredArchive, expected: E| {
        let got = unpack(bytes, &declared, &SMALL, AppDirectory { path: "." });
        assert_eq!(got.err(), Some(expected), "{what}");
    };
    check("another checksum", &bytes, DeclaredArchive { sha256: [0; 32], ..declared }, E::Checksum);
    check("fewer bytes", &bytes[..40], declared, E::Size { declared: size, got: 40 });
    check("nothing", &[], declared, E::Size { declared: size, got: 0 });
    check(
        "a smaller size",
        &bytes,
        DeclaredArchive { size: size - 1, ..declared },
        E::Size { declared: size - 1, got: size },
    );
    check(
        "a larger size",
        &bytes,
        DeclaredArchive { size: size + 1, ..declared },
        E::Size { declared: size + 1, got: size },
    );
    check("too large a size", &bytes, DeclaredArchive { size: 2 << 20, ..declared }, E::Compressed { limit: 1 << 20 });
    let mut flipped = bytes.clone();
    let last = flipped.len() - 5;
    flipped[last] ^= 1;
    let got = unpack(&*flipped, &sent(&flipped), &SMALL, AppDirectory { path: "." });
    assert!(matches!(got, Err(E::Compression(_))), "a wrong CRC: {got:?}");
    let got =
        unpack(&b"PK\x03\x04 a zip file"[..], &sent(b"PK\x03\x04 a zip file"), &SMALL, AppDirectory { path: "." });
    assert!(matches!(got, Err(E::Compression(_))), "no gzip at all: {got:?}");
}

#[test]
fn declared_values_are_parsed() {
    let hex = "00ff".repeat(16);
    assert_eq!(DeclaredArchive::parse(7, &hex).unwrap().sha256[..3], [0, 255, 0]);
    assert_eq!(DeclaredArchive::parse(7, &hex.to_uppercase()).unwrap().size, 7);
    assert_eq!(DeclaredArchive::parse(-1, &hex), Err(E::DeclaredSize(-1)));
    for bad in [String::new(), "0".repeat(63), "0".repeat(65), "g".repeat(64), "+f".repeat(32), "é".repeat(32)] {
        assert_eq!(DeclaredArchive::parse(7, &bad), Err(E::DeclaredChecksum(bad.clone())), "{bad}");
    }
}
