use super::*;

#[test]
fn skip_reads_exactly_one_value() {
    for bytes in [&b"\xc0"[..], b"\x92\x82\x01\x91\xc0\xa1x\xc3\xd4\x00\x00", b"\xdc\x00\x02\x90\x80", b"\xc4\x02ab"] {
        let longer = [bytes, b"\x07"].concat();
        let mut reader = MsgpackReader::new(&longer);
        reader.skip().unwrap();
        assert_eq!(reader.token().unwrap(), Token::Int(7));
        assert_eq!(reader.remaining(), 0);
    }
}

#[test]
fn skip_is_not_recursive() {
    let mut nested = vec![0x91; 1_000_000];
    nested.push(0xc0);
    assert!(MsgpackReader::new(&nested).skip().is_ok());
    nested.pop();
    assert!(matches!(MsgpackReader::new(&nested).skip(), Err(DecodeReason::Truncated)));
}

#[test]
fn every_first_byte_is_handled() {
    for first in 0..=u8::MAX {
        let bytes = [first];
        let result = MsgpackReader::new(&bytes).token();
        let alone = matches!(first, 0x00..=0x80 | 0x90 | 0xa0 | 0xc0 | 0xc2 | 0xc3 | 0xe0..);
        assert_eq!(result.is_ok(), alone, "{first:#x}");
    }
}
