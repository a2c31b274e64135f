use super::*;

fn session(name: &str) -> WatchedSession {
    let row = json!({
        "pid": 7, "name": name, "state": "active", "waits": null, "seconds": 1.5, "rows": null, "bytes": null,
        "bytes_total": null, "index_phase": null, "blocks": null, "blocks_total": null,
    });
    serde_json::from_value(row).unwrap()
}

#[test]
fn line_has_the_phase_the_table_and_a_bar_if_the_end_is_known() {
    let copy = WatchedSession { rows: Some(5000), bytes: Some(3 << 20), ..session("eod: load public.orders") };
    assert_eq!(copy.line(), "eod: load public.orders  5000 rows  3 MB");
    let index = WatchedSession {
        index_phase: Some("building index: scanning table".to_owned()),
        blocks: Some(50),
        blocks_total: Some(200),
        waits: Some(true),
        ..session("eod: index orders")
    };
    assert_eq!(
        index.line(),
        "[#####---------------]  25%  eod: index orders  index: building index: scanning table  waits for a lock"
    );
    assert_eq!(session("eod\u{1b}[2J").line(), "eod [2J");
}

#[test]
fn document_has_all_numbers() {
    let found = document(&[WatchedSession { rows: Some(1), ..session("eod: load t") }]);
    assert_eq!(
        (&found[0]["work"], &found[0]["rows"], &found[0]["bytes"]),
        (&json!("eod: load t"), &json!(1), &Value::Null)
    );
}
