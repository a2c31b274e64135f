use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn event(second: i64, kind: EventKind) -> Event {
    Event::new(at(second), 2, kind, Actor::Reaper)
}

#[test]
fn summary_has_the_sums_of_its_events_and_can_be_summed_again() {
    let step = |second: i64, step: EndStep| event(second, EventKind::Step).with("step", &step).with("seconds", &7);
    let events = [
        event(3, EventKind::Commit),
        event(5, EventKind::Commit),
        step(6, EndStep::Vault),
        step(8, EndStep::Vault),
        step(9, EndStep::Namespace),
    ];
    let mut sums = EventSums::default();
    events.iter().for_each(|event| sums.add(&EventSums::of(event)));
    sums.cost = Some(FoldedCost { until: at(9), micros: 12 });
    let summary = sums.summary(at(9), 2, "abc");
    let details: Vec<(&str, &str)> = summary.d.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let (from, to) = (at(3).to_string(), at(9).to_string());
    assert_eq!(
        details,
        [
            ("cost_micros", "12"),
            ("cost_until", &to),
            ("count", "5"),
            ("from", &from),
            ("hash", "abc"),
            ("kinds", "commit:2 step:3"),
            ("seconds", "21"),
            ("step_seconds", "namespace:7 vault:14"),
            ("to", &to),
        ]
    );
    assert_eq!(EventSums::of(&summary), sums);
}

#[test]
fn summary_counts_every_kind_of_event_and_step() {
    let mut sums = EventSums::default();
    for kind in EventKind::ALL.iter().filter(|kind| **kind != EventKind::Folded) {
        let number = u64::from(u32::MAX);
        sums.add(&EventSums {
            count: number,
            kinds: BTreeMap::from([(*kind, number)]),
            ..EventSums::of(&event(1, *kind))
        });
    }
    sums.step_seconds = EndStep::ALL.iter().map(|step| (*step, 999_999)).collect();
    sums.cost = Some(FoldedCost { until: at(9), micros: u64::MAX });
    assert_eq!(EventSums::of(&sums.summary(at(9), 2, "abc")), sums);
}

#[test]
fn summary_of_an_older_version_is_read() {
    let old = event(9, EventKind::Folded).with("count", &7).with("kinds", "commit:2 folded:1 deploy");
    let sums = EventSums::of(&old);
    assert_eq!((sums.count, sums.from, sums.kinds), (7, Some(at(9)), BTreeMap::from([(EventKind::Commit, 2)])));
}
