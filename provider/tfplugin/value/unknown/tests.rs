use super::*;

#[test]
fn not_null_and_prefix_refinements_are_decoded() {
    for (body, not_null, prefix) in [
        (&b"\x82\x01\xc2\x02\xa8https://"[..], true, Some("https://")),
        (b"\x82\x01\xc2\x03\x92\x00\xc3", true, None),
        (b"\x83\x03\x92\x00\xc3\x04\x92\xa30.1\xc2\x02\xa1x", false, Some("x")),
        (b"\x81\x01\xc3", false, None),
        (b"\x80", false, None),
        (b"\x82\x01", false, None),
        (b"\x81\x02\xa2\xff\xfe", false, None),
        (b"\xdf\xff\xff\xff\xff\x01\xc2", false, None),
        (b"no map", false, None),
        (b"", false, None),
    ] {
        let unknown = Unknown::refined(body);
        assert_eq!(unknown.not_null(), not_null, "{body:?}");
        assert_eq!(unknown.prefix().as_deref(), prefix, "{body:?}");
    }
    assert_eq!(Unknown::refined(b"\x80"), Unknown::plain());
}
