use proptest::prelude::*;

use super::*;

/// One row: its fields, none for NULL.
type Row = Vec<Option<Vec<u8>>>;

fn encoded(columns: usize, rows: &[Row]) -> Vec<u8> {
    let mut encoder = CopyEncoder::new(columns);
    let mut bytes = Vec::new();
    for row in rows {
        encoder.begin_row();
        for field in row {
            encoder.field(field.as_deref());
        }
        bytes.extend_from_slice(&encoder.take());
    }
    bytes.extend_from_slice(&encoder.finish());
    bytes
}

/// Decodes pieces of so many bytes.
fn decoded(columns: usize, bytes: &[u8], piece: usize) -> Result<Vec<Row>, CopyFormatError> {
    let mut decoder = CopyDecoder::new(columns, 1 << 16);
    let mut rows = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        while let Some(row) = decoder.next_row()? {
            rows.push(row.fields().map(|field| field.map(<[u8]>::to_vec)).collect());
        }
    }
    assert_eq!(decoder.finish()?, rows.len() as u64);
    Ok(rows)
}

proptest! {
    #[test]
    fn rows_are_equal_after_any_cut(
        (columns, rows) in (0_usize..5).prop_flat_map(|columns| {
            let field = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
            (Just(columns), prop::collection::vec(prop::collection::vec(field, columns), 0..8))
        }),
        piece in 1_usize..70,
    ) {
        let bytes = encoded(columns, &rows);
        prop_assert_eq!(decoded(columns, &bytes, piece).unwrap(), rows);
    }

    #[test]
    fn hostile_bytes_are_an_error_and_no_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        has_header in any::<bool>(),
        piece in 1_usize..70,
    ) {
        if has_header {
            bytes = [&encoded(2, &[])[..HEADER], &bytes].concat();
        }
        // The result does not matter; random bytes are a copy once in a while.
        let _result = decoded(2, &bytes, piece);
    }

    #[test]
    fn copy_that_is_cut_is_incomplete(rows in 0_usize..4, cut in 1_usize..30) {
        let bytes = encoded(1, &vec![vec![Some(b"value".to_vec())]; rows]);
        let end = bytes.len().saturating_sub(cut);
        prop_assert!(decoded(1, &bytes[..end], 7).is_err());
    }
}

#[test]
fn wrong_copies_are_refused() {
    let whole = encoded(1, &[vec![Some(b"x".to_vec())]]);
    let changed = |at: usize, bytes: &[u8]| {
        let mut copy = whole.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        decoded(1, &copy, 1000).unwrap_err()
    };
    assert_eq!(changed(0, b"X"), CopyFormatError::Header);
    // The flag of OIDs, which servers before 12 set.
    assert_eq!(changed(SIGNATURE.len(), &[0, 1, 0, 0]), CopyFormatError::Header);
    assert_eq!(changed(SIGNATURE.len() + 4, &[0xff; 4]), CopyFormatError::Header);
    assert_eq!(changed(HEADER, &[0, 2]), CopyFormatError::Fields { expected: 1, found: 2 });
    assert_eq!(changed(HEADER, &[0xff, 0xfe]), CopyFormatError::Fields { expected: 1, found: -2 });
    assert_eq!(changed(HEADER + 2, &[0xff, 0xff, 0xff, 0xfe]), CopyFormatError::Length(-2));
    assert_eq!(changed(HEADER + 2, &[0x7f, 0xff, 0xff, 0xff]), CopyFormatError::RowTooLarge { limit: 1 << 16 });
    let after = [whole.as_slice(), b"x"].concat();
    assert_eq!(decoded(1, &after, 1000), Err(CopyFormatError::AfterEnd));
    assert_eq!(decoded(1, &after, 1), Err(CopyFormatError::AfterEnd));
    assert_eq!(decoded(1, b"", 1), Err(CopyFormatError::Incomplete));
}

#[test]
fn limit_is_that_of_a_whole_row() {
    let row = |size: usize| vec![Some(vec![0; size]), Some(vec![0; size])];
    assert!(decoded(2, &encoded(2, &[row(1 << 14)]), 1000).is_ok());
    assert_eq!(
        decoded(2, &encoded(2, &[row((1 << 15) + 1)]), 1000),
        Err(CopyFormatError::RowTooLarge { limit: 1 << 16 })
    );
}

#[test]
fn memory_of_a_large_row_is_released() {
    let mut decoder = CopyDecoder::new(1, 8 << 20);
    let bytes = encoded(1, &[vec![Some(vec![7; 4 << 20])]]);
    decoder.push(&bytes[..bytes.len() - 2]);
    assert!(decoder.next_row().unwrap().is_some());
    decoder.push(&bytes[bytes.len() - 2..]);
    assert!(decoder.buffer.capacity() < 1 << 20);
    assert!(decoder.next_row().unwrap().is_none());
    assert_eq!(decoder.finish(), Ok(1));
}
