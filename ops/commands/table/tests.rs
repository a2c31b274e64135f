use super::*;

#[test]
fn columns_are_aligned_and_empty_cells_are_shown() {
    let mut table = TextTable::new(&["NAME", "URL"]);
    table.row(vec!["shop-pr-1".to_owned(), String::new()]);
    table.row(vec!["x".to_owned(), "a\u{1b}b".to_owned()]);
    assert_eq!(table.text(), "NAME       URL\nshop-pr-1  -\nx          a b\n");
}
