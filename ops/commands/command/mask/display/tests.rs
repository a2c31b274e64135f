use super::*;

fn table(name: &str) -> TableName {
    name.parse().unwrap()
}

#[test]
fn counts_never_exceed_the_sizes_of_the_source() {
    let mut counts = TableCounts::of(&[(table("app.a"), 3 << 20), (table("app.b"), 1 << 20)]);
    assert_eq!(counts.bytes(), (0, 4 << 20));
    counts.add(&table("app.a"), 10, 1 << 20);
    counts.add(&table("app.b"), 5, 9 << 20);
    counts.add(&table("app.unknown"), 1, 9 << 20);
    assert_eq!(counts.bytes(), (2 << 20, 4 << 20));
    counts.finish(&table("app.a"));
    assert_eq!(counts.bytes(), (4 << 20, 4 << 20));
    assert_eq!(counts.text(), "1 of 2 tables, 4 MB of 4 MB, 16 rows");
}

#[test]
fn second_attempt_begins_at_zero() {
    let display = ProgressDisplay::new(StatusLine::new(true));
    display.tables(&[(table("app.a"), 100)]);
    display.state().counts.add(&table("app.a"), 7, 50);
    display.tables(&[(table("app.a"), 100)]);
    assert_eq!(display.state().counts.text(), "0 of 1 tables, 0 kB of 1 kB, 0 rows");
}

#[test]
fn bar_is_for_terminals_only() {
    for (is_terminal, expected) in [
        (true, "[##########----------]  50%  verify  0 of 1 tables, 1 MB of 2 MB, 7 rows"),
        (false, "verify: 0 of 1 tables, 1 MB of 2 MB, 7 rows"),
    ] {
        let display = ProgressDisplay::new(StatusLine::new(is_terminal));
        let mut state = display.state();
        state.step = BuildStep::Verify;
        state.counts = TableCounts::of(&[(table("app.a"), 2 << 20)]);
        state.counts.add(&table("app.a"), 7, 1 << 20);
        assert_eq!(state.text(), expected);
    }
}
