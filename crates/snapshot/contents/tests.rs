use super::*;

#[test]
fn contents_differ_in_tables_rows_and_digests() {
    let table = |rows: u64, digest: &str| StoredTable { rows, digest: digest.to_owned() };
    let of = |tables: &[(&str, StoredTable)]| CloneContents::of(&tables.iter().cloned().collect());
    let contents = of(&[("app.a", table(2, "x")), ("app.b", table(3, "y"))]);
    assert_eq!((contents.tables, contents.rows), (2, 5));
    assert!(contents.to_string().starts_with("5 rows in 2 tables (digest "), "{contents}");
    for other in [
        of(&[("app.a", table(2, "x"))]),
        of(&[("app.a", table(2, "x")), ("app.c", table(3, "y"))]),
        of(&[("app.a", table(3, "x")), ("app.b", table(2, "y"))]),
        of(&[("app.a", table(2, "y")), ("app.b", table(3, "x"))]),
    ] {
        assert_ne!(contents.digest, other.digest);
    }
}
