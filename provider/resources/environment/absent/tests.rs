use eod_domain::EnvironmentSpec;
use eod_domain::Tier;
use eod_domain::ledger::{CreateRequest, EndReason, EndRequest, LedgerHead, MadeBy, Transitions};

use super::*;

/// Tombstone of an environment that ended at commit `aaaaaaa1`.
fn absence(reason: EndReason) -> Absence {
    let at = |text: &str| Transitions::at(text.parse().unwrap());
    let request = CreateRequest {
        head_sha: Some("aaaaaaa1".parse().unwrap()),
        ..CreateRequest::new("github.com/acme/shop#7", Tier::Lightweight, MadeBy::Terraform, "terraform")
    };
    let created = at("2026-03-01T12:00:00Z").create(None, &request).unwrap();
    let living = at("2026-03-01T12:00:00Z").provisioned(&created, 1, "u1").unwrap();
    let end = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason,
        keep_vault: false,
        holder: "reaper".to_owned(),
    };
    let tombstone: LedgerHead = at("2026-03-01T16:00:00Z").begin_end(&living, &end).unwrap();
    Absence { ended_at: tombstone.since, reason, tombstone }
}

fn input(change: impl Fn(&mut EnvironmentSpec)) -> Input {
    let mut spec = EnvironmentSpec::from_json(
        r#"{"repository":"acme/shop","pull_request":7,"head_sha":"aaaaaaa1","extension":"a demo"}"#,
    )
    .unwrap();
    change(&mut spec);
    arguments::input(&spec)
}

#[test]
fn only_a_request_brings_an_environment_back() {
    let before = input(|_| {});
    let of = |change: &dyn Fn(&mut EnvironmentSpec)| return_of(&absence(EndReason::Closed), &before, &input(change));
    assert_eq!(of(&|_| {}), None);
    assert_eq!(of(&|spec| spec.owner = Some("bob".parse().unwrap())), None);
    assert_eq!(of(&|spec| spec.head_sha = Some("aaaaaaa1ffff".parse().unwrap())), None, "the same commit");
    assert_eq!(of(&|spec| spec.extension = None), None);
    assert_eq!(of(&|spec| spec.extension = Some(String::new())), None);
    assert_eq!(of(&|spec| spec.head_sha = Some("bbbbbbb2".parse().unwrap())), Some(CreateReason::Recorded));
    assert_eq!(of(&|spec| spec.extension = Some("another".to_owned())), Some(CreateReason::Requested));
    assert_eq!(of(&|spec| spec.on_expired = OnExpired::Recreate), Some(CreateReason::Requested));
    let mut lifted = absence(EndReason::Closed);
    lifted.tombstone.lifted = true;
    assert_eq!(return_of(&lifted, &before, &before), Some(CreateReason::Recorded));
}

#[test]
fn state_of_an_older_provider_gets_the_default_of_on_expired() {
    let state = upgraded(0, json!({ "name": "shop-pr-7" })).unwrap();
    assert_eq!(state, json!({ "name": "shop-pr-7", "on_expired": "keep_absent" }));
    let state = upgraded(0, json!({ "on_expired": null })).unwrap();
    assert_eq!(state, json!({ "on_expired": "keep_absent" }));
    let state = upgraded(0, json!({ "on_expired": "recreate" })).unwrap();
    assert_eq!(state, json!({ "on_expired": "recreate" }));
    assert!(upgraded(1, json!({})).is_err());
}

#[test]
fn warning_says_when_and_why_the_environment_ended_and_how_it_returns() {
    let name = "shop-pr-7".parse().unwrap();
    let kept = ended_warning(&name, &absence(EndReason::Expired), OnExpired::KeepAbsent);
    for part in ["2026-03-01T16:00:00Z", "`expired`"] {
        assert!(kept.detail.contains(part), "{kept:?}");
    }
    let hint = kept.hint.unwrap();
    for part in ["head_sha", "extension", "recreate", "eod wake shop-pr-7"] {
        assert!(hint.contains(part), "{hint}");
    }
    let recreated = ended_warning(&name, &absence(EndReason::Closed), OnExpired::Recreate);
    assert!(recreated.detail.contains("leaves the state"), "{recreated:?}");
    let hint = |end: &Absence| ended_warning(&name, end, OnExpired::Recreate).hint.unwrap();
    for reason in [EndReason::Closed, EndReason::BranchDeleted] {
        assert!(hint(&absence(reason)).contains("a create with the same commit is refused"), "{reason}");
        let mut lifted = absence(reason);
        lifted.tombstone.lifted = true;
        assert!(hint(&lifted).contains("apply to create it again"), "{reason}");
    }
    assert!(hint(&absence(EndReason::Expired)).contains("apply to create it again"));
}

#[test]
fn interrupted_return_is_not_reported_as_a_replacement() {
    let warning = returning_warning(&"shop-pr-7".parse().unwrap());
    assert!(warning.summary.contains("shop-pr-7 was interrupted"), "{warning:?}");
    assert!(warning.hint.unwrap().contains("continues the interrupted create"));
}
