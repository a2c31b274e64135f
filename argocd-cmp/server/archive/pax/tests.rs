use proptest::prelude::*;

use super::*;

#[test]
fn records_end_at_their_length() {
    let text = b"18 path=a\n9 b=\nc.\n20 mtime=1234.56789\n";
    assert_eq!(parse(text).unwrap().path.unwrap(), b"a\n9 b=\nc.");
    for bad in
        [&b"5 a=b"[..], b"6 a=b", b"11 mtime=1\n\n", b"06 a=b\n", b"-6 a=b\n", b"7 =abc\n", b" a=b\n", b"99 a=b\n"]
    {
        assert_eq!(parse(bad), Err(ArchiveError::Extended), "{}", String::from_utf8_lossy(bad));
    }
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), Just(b' '), Just(b'='), Just(b'\n'), b'0'..=b'9']
}

proptest! {
    #[test]
    fn random_text_causes_no_panic(text in prop::collection::vec(byte(), 0..60)) {
        let _ = parse(&text);
    }
}
