use serde_json::{Value, json};

use super::*;
use crate::labels;
use crate::ledger::{EndReason, EndRequest, LedgerPhase, history_row};
use crate::{Prices, Tiers};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn reading(annotations: &Value) -> EnvironmentReading {
    let mut all = json!({
        labels::IDENTITY: "github.com/acme/shop#7",
        labels::MADE_BY: "argocd",
        labels::OWNER: "alice",
        labels::SPEC: "{}",
    });
    all.as_object_mut().unwrap().extend(annotations.as_object().unwrap().clone());
    let namespace = json!({ "metadata": {
        "name": "shop-pr-7", "uid": "u1", "resourceVersion": "5", "creationTimestamp": "2026-03-01T12:00:00Z",
        "labels": {
            labels::MANAGED_BY: "eod", labels::INSTALLATION: "acme", labels::TIER: "lightweight", labels::TTL: "4h",
        },
        "annotations": all,
    } });
    EnvironmentReading::new(&namespace, None, &Tiers::default(), &Prices::default(), at("2026-03-01T12:30:00Z"))
}

#[test]
fn adopted_environment_has_owner_price_and_times_in_its_history() {
    let now = at("2026-03-01T12:30:00Z");
    let Adoption { head, event } = adopt(&reading(&json!({})), None, Actor::Cli, "run", now).unwrap();
    assert_eq!((head.phase, head.generation, head.uid.as_deref()), (LedgerPhase::Live, 1, Some("u1")));
    assert_eq!((head.made_by, event.by, event.e), (MadeBy::Argocd, Actor::Cli, EventKind::Adopted));
    let request = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason: EndReason::Expired,
        keep_vault: false,
        holder: "reaper".to_owned(),
    };
    let later = at("2026-03-02T12:30:00Z");
    let head = Transitions::at(later).begin_end(&head, &request).unwrap();
    let deployed = Event::new(at("2026-03-01T12:40:00Z"), 1, EventKind::Deployed, Actor::Reaper);
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head, &[event, deployed], later).unwrap();
    assert_eq!(row.created, Some(at("2026-03-01T12:00:00Z")), "its namespace has no record of a create");
    assert_eq!(
        (row.seconds_to_provisioned, row.seconds_to_deployed, row.seconds_to_ready),
        (None, Some(2400), Some(2400))
    );
    let day = reading(&json!({})).cost_per_day.unwrap();
    assert_eq!((row.owner.as_deref(), i128::from(row.cost_micros)), (Some("alice"), i128::from(day.micros())));
}

#[test]
fn announced_ledger_is_adopted_and_a_running_life_is_not() {
    let now = at("2026-03-01T12:30:00Z");
    let announced = Transitions::at(now).announced();
    let adopted = adopt(&reading(&json!({})), Some(&announced), Actor::Reaper, "run", now).unwrap();
    assert_eq!((adopted.head.generation, adopted.head.identity.as_str()), (1, "github.com/acme/shop#7"));
    let again = adopt(&reading(&json!({})), Some(&adopted.head), Actor::Cli, "run", now);
    assert_eq!(again, Err(AdoptionError::Transition(TransitionError::AlreadyLives(1))));
}

#[test]
fn environment_without_identity_is_not_adopted() {
    let now = at("2026-03-01T12:30:00Z");
    let unreadable = reading(&json!({ labels::IDENTITY: "" }));
    assert_eq!(adopt(&unreadable, None, Actor::Cli, "run", now), Err(AdoptionError::Identity));
}
