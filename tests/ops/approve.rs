//! `eod approve`.

use eod_domain::labels;
use serde_json::{Value, json};

use super::Ops;

#[test]
fn approval_is_for_one_end_and_an_extension_makes_it_void() {
    let ops = Ops::new("opsapprove");
    let end = ops.minutes(-10);
    let name =
        ops.environment("a", "compliance", "48h", &json!({ "created-at": ops.minutes(-600), "expires-at": end }));
    assert_eq!(ops.json(0, &["show", &name])["environment"]["decision"]["action"], "await-approval");
    let said = ops.eod(&["approve", &name, "--reason", "audit is done"]).expect_ok();
    assert!(said.contains(&format!("its end at {end} in generation 1 is approved by")), "{said}");
    let approval: Value = serde_json::from_str(&ops.annotation(&name, labels::APPROVED)).unwrap();
    assert_eq!((&approval["expires_at"], &approval["generation"]), (&json!(end), &json!(1)));
    assert!(!approval["by"].as_str().unwrap().is_empty());
    assert_eq!(ops.json(0, &["show", &name])["environment"]["decision"]["action"], "mark");
    ops.eod(&["extend", &name, "--reason", "one more look"]).expect_ok();
    let shown = ops.eod(&["show", &name]).expect_ok();
    assert!(shown.contains("void: for another end"), "{shown}");
    assert_eq!(ops.events(&name), ["adopted", "approved", "extended"]);
}

#[test]
fn other_tiers_need_no_approval() {
    let ops = Ops::new("opsapproveno");
    let name = ops.environment("a", "full", "24h", &json!({}));
    let refused = ops.eod(&["approve", &name]);
    assert_eq!(refused.code, Some(1), "{}", refused.report());
    assert!(refused.stderr.contains("tier full"), "{}", refused.report());
}
