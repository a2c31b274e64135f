use super::*;

#[test]
fn literals_are_read() {
    assert_eq!(literal(" 'a''b' ").as_deref(), Some("a'b"));
    assert_eq!(literal("$x$a'b$x$").as_deref(), Some("a'b"));
    for text in ["'a' || 'b'", "a", "$1", "E'a'", "format('a')", "$$a$$ || $$b$$"] {
        assert_eq!(literal(text), None, "{text}");
    }
}

#[test]
fn lines_are_counted_through_texts() {
    let file = Lines::of_file("a\nb\nc");
    assert_eq!([0, 1, 2, 4].map(|at| file.line(TextSize::from(at))), [1, 1, 2, 3]);
    let map = |range: TextRange| range + TextSize::from(2);
    assert_eq!(Lines::Inside { outer: &file, map: &map }.line(TextSize::from(2)), 3);
}
