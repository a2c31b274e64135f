use super::*;

#[test]
fn comments_round_trip_and_others_are_refused() {
    let at: Timestamp = "2026-11-29T01:02:03Z".parse().unwrap();
    let plan = KeepPlan {
        database: "shop_pr_7".parse().unwrap(),
        kept_as: "shop_pr_7_20261129010203".parse().unwrap(),
        opened: CloneFacts { login: "shop_pr_7_app".to_owned(), opened_at: at },
        closed_at: at,
        until: at,
    };
    assert_eq!(KeepPlan::of_comment(&plan.comment()), Some(plan.clone()));
    let contents = CloneContents { tables: 1, rows: 2, digest: "ab".to_owned() };
    let kept = KeptFacts { plan: plan.clone(), contents };
    assert_eq!(KeptFacts::of_comment(&kept.comment()), Some(kept.clone()));
    assert_eq!(KeptFacts::of_comment(&plan.comment()), None);
    assert_eq!(KeepPlan::of_comment(&kept.comment()), None);
    let wrong = kept.comment().replace("\"shop_pr_7\"", "\"Shop PR\"");
    assert_eq!(KeptFacts::of_comment(&wrong), None);
    assert_eq!(CloneFacts::of_comment(&kept.comment()), None);
}
