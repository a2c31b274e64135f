use super::*;

fn at(time: &str) -> Timestamp {
    format!("2026-11-29T{time}:00Z").parse().unwrap()
}

fn clone(state: CloneStage) -> ListedClone {
    ListedClone {
        database: "shop_pr_7".to_owned(),
        environment: "shop-pr-7".to_owned(),
        golden: "shop".to_owned(),
        golden_version: "20261128120000".to_owned(),
        state,
        is_busy: false,
        is_blocked: false,
        begun_at: at("01:00"),
        opened_at: Some(at("01:01")),
        kept_until: None,
        is_over: false,
        bytes: Some(30 << 20),
        own_bytes: Some(2 << 20),
        sessions: 0,
        last_connection_at: Some(at("02:00")),
    }
}

#[test]
fn clones_are_rows_and_documents() {
    let found = clone(CloneStage::Open);
    let line = text(std::slice::from_ref(&found), at("05:00")).lines().nth(1).unwrap().to_owned();
    let words: Vec<_> = line.split_whitespace().collect();
    let expected =
        ["shop-pr-7", "shop_pr_7", "open", "shop", "20261128120000", "4h", "30", "MB", "2", "MB", "-", "3h", "ago"];
    assert_eq!(words, expected);
    let document = document(&found);
    assert_eq!((&document["state"], &document["own_bytes"]), (&json!("open"), &json!(2 << 20)));
    assert_eq!(document["kept_until"], Value::Null);
    let used = ListedClone { sessions: 2, ..clone(CloneStage::Open) };
    assert_eq!(last_connection(&used, at("05:00")), "now, 2 sessions");
    let unknown = ListedClone { last_connection_at: None, ..clone(CloneStage::Open) };
    assert_eq!(last_connection(&unknown, at("05:00")), "");
}

#[test]
fn problems_have_a_remedy_and_running_work_is_none() {
    let kept = ListedClone { kept_until: Some(at("04:00")), ..clone(CloneStage::Kept) };
    let over = ListedClone { is_over: true, ..kept.clone() };
    let blocked = ListedClone { is_blocked: true, ..clone(CloneStage::Open) };
    for (found, expected) in [
        (over, "shop_pr_7 was kept until 2026-11-29T04:00:00Z; remove it with `eod mask clones prune`"),
        (clone(CloneStage::Unfinished), "was interrupted; remove it with `eod mask clones prune`"),
        (clone(CloneStage::Keeping), "repeat the destroy of environment shop-pr-7"),
        (clone(CloneStage::Foreign), "was changed by hand"),
        (blocked, "ALTER DATABASE shop_pr_7 ALLOW_CONNECTIONS true"),
    ] {
        let text = problem(&found).unwrap();
        assert!(text.contains(expected), "{text}");
        assert_eq!(problem(&ListedClone { is_busy: true, ..found }), None);
    }
    for found in [clone(CloneStage::Open), kept] {
        assert_eq!(problem(&found), None);
    }
}
