use std::slice;

use eod_snapshot::CloneRemoval;

use super::*;

#[test]
fn removals_are_lines_with_the_reason() {
    let clone = PrunedClone {
        database: "shop_pr_7_20261129010203".to_owned(),
        environment: "shop-pr-7".to_owned(),
        reason: CloneRemoval::Over,
        removed: true,
        error: None,
    };
    let login = PrunedLogin {
        role: "shop_pr_8_abcdef".to_owned(),
        database: "shop_pr_8".to_owned(),
        valid_until: "2026-11-29T01:02:03Z".parse().unwrap(),
        removed: false,
        error: Some("denied".to_owned()),
    };
    assert_eq!(
        text(slice::from_ref(&clone), slice::from_ref(&login), false),
        "shop_pr_7_20261129010203 of environment shop-pr-7 was removed: the time that it is kept has passed\n\
         login shop_pr_8_abcdef of shop_pr_8 was not removed: it was valid until 2026-11-29T01:02:03Z\n"
    );
    assert!(text(&[clone], &[login], true).lines().all(|line| line.contains("would be removed")));
    assert_eq!(text(&[], &[], true), "nothing to remove\n");
}
