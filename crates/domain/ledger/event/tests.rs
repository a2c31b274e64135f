use proptest::prelude::*;

use super::*;

fn event() -> Event {
    Event::new("2026-03-01T12:00:00Z".parse().unwrap(), 1, EventKind::CreateStarted, Actor::Terraform)
}

#[test]
fn an_event_round_trips_as_one_json_line() {
    let event = Event { who: EventText::cut("alice"), ..event() }.with("sha", "0123456").with("seconds", &12);
    let text = event.to_json().unwrap();
    assert_eq!(
        text,
        r#"{"t":"2026-03-01T12:00:00Z","g":1,"e":"create-started","by":"terraform","who":"alice","d":{"seconds":"12","sha":"0123456"}}"#
    );
    assert_eq!(Event::from_json(&text).unwrap(), event);
    assert_eq!((event.number("seconds"), event.number("sha_"), event.number("who")), (Some(12), None, None));
}

#[test]
fn every_event_of_the_interface_has_its_keyword() {
    let all: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(
        all.join(" "),
        "requested queued build-started build-finished create-started provisioned adopted commit deployed failing recovered \
         activity extended tier-changed ttl-changed protected-changed warned unmarked approved asleep woken label-on \
         label-off end-started step ended lifted unlifted lost tests-started tests-finished folded"
    );
}

#[test]
fn unsupported_and_oversized_events_are_errors() {
    for text in [
        "",
        "{}",
        r#"{"t":"now","g":1,"e":"commit","by":"cli"}"#,
        r#"{"t":"2026-03-01T12:00:00Z","g":1,"e":"x","by":"cli"}"#,
    ] {
        assert!(matches!(Event::from_json(text), Err(EventError::Format(_))), "{text}");
    }
    assert!(matches!(Event::from_json(&"x".repeat(EVENT_BYTES_MAX + 1)), Err(EventError::TooLarge(_))));
}

#[test]
fn activity_is_recorded_at_most_every_five_minutes() {
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
    assert!(records_activity(None, at(0)));
    assert!(!records_activity(Some(at(0)), at(299)));
    assert!(records_activity(Some(at(0)), at(300)));
}

proptest! {
    #[test]
    fn texts_are_cut_to_valid_lines(text in "\\PC{0,400}|[\\n\\r\\t\u{0}é🚀]{0,200}") {
        let cut = EventText::cut(&text);
        prop_assert!(cut.as_str().len() <= TEXT_BYTES_MAX);
        prop_assert!(!cut.as_str().chars().any(char::is_control));
        let event = event().with("cause", &text);
        let line = serde_json::to_string(&event).unwrap();
        prop_assert!(!line.contains('\n'));
    }
}
