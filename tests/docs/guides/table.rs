//! Markdown tables.

/// A table with a head and rows.
pub(super) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let mut text = line(&head) + &format!("|{}\n", "---|".repeat(head.len()));
    for row in rows {
        assert_eq!(row.len(), head.len(), "{row:?}");
        let row: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        text.push_str(&line(&row));
    }
    text
}

/// A cell on one line. Outside of code `<` begins an HTML tag, so it is escaped.
fn escaped(cell: &str) -> String {
    let mut in_code = false;
    let mut text = String::new();
    for character in cell.chars() {
        in_code ^= character == '`';
        match character {
            '\n' => text.push(' '),
            '|' => text.push_str("\\|"),
            '<' if !in_code => text.push_str("\\<"),
            other => text.push(other),
        }
    }
    text
}

#[test]
fn cells_are_escaped() {
    assert_eq!(escaped("a<b>|`<c>`\nd"), "a\\<b>\\|`<c>` d");
}

/// A text as code.
pub(super) fn code(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}
