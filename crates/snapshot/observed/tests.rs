use super::*;

#[test]
fn touched_tables_follow_from_two_states() {
    let table = |oid: u32, name: &str, definition: &str, reads: u64, writes: u64| {
        let (name, definition) = (name.to_owned(), definition.to_owned());
        (oid, ObservedTable { oid, name, definition, reads, writes })
    };
    let before = ObservedTables(BTreeMap::from([
        table(1, "app.same", "a", 1, 1),
        table(2, "app.dropped", "a", 0, 0),
        table(3, "app.old", "a", 0, 0),
        table(4, "app.used", "a", 3, 3),
        table(5, "app.read", "a", 0, 0),
    ]));
    let after = ObservedTables(BTreeMap::from([
        table(1, "app.same", "a", 1, 1),
        table(3, "app.new", "b", 0, 0),
        table(4, "app.used", "a", 4, 9),
        table(5, "app.read", "a", 1, 0),
        table(6, "app.created", "c", 0, 7),
    ]));
    let touched = before.touched_until(&after);
    let shown: Vec<_> = touched
        .iter()
        .map(|touched| {
            let uses: Vec<_> = touched.uses.iter().map(ToString::to_string).collect();
            format!("{} {:?} {}", touched.table, touched.renamed_to, uses.join(","))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "app.created None created",
            "app.dropped None dropped",
            "app.old Some(\"app.new\") altered",
            "app.read None read",
            "app.used None written,read",
        ]
    );
    assert_eq!(before.touched_until(&before), []);
}
