use proptest::prelude::*;

use super::*;
use crate::tier::{Tier, Tiers};

#[test]
fn prices_are_parsed_or_refused_with_a_reason() {
    for (text, micros, canonical) in [
        ("0", 0, "0"),
        ("0.04", 40_000, "0.04"),
        ("0.0044", 4_400, "0.0044"),
        ("1", 1_000_000, "1"),
        ("1.50", 1_500_000, "1.5"),
        ("10", 10_000_000, "10"),
        ("0.0000010000", 1, "0.000001"),
        ("1000000", 1_000_000_000_000, "1000000"),
    ] {
        let money: Money = text.parse().expect(text);
        assert_eq!((money.micros(), money.to_string().as_str()), (micros, canonical));
    }
    for (bad, part) in [
        ("", "invalid price"),
        (".5", "invalid price"),
        ("a", "invalid price"),
        ("1e3", "invalid price"),
        ("-", "must be zero or more"),
        ("-0.1", "must be zero or more"),
        ("0.0000001", "at most six decimals"),
        ("1000000.000001", "at most 1000000"),
        ("99999999999999999999999", "at most 1000000"),
    ] {
        assert!(bad.parse::<Money>().expect_err(bad).to_string().contains(part), "{bad}");
    }
}

#[test]
fn presets_have_their_documented_costs() {
    let tiers = Tiers::default();
    let cost = |tier: Tier| cost_per_day(&tiers.get(tier).quota, &Prices::default()).to_string();
    // Lightweight: 2 * 24 * 0.04 + 4 * 24 * 0.0044 + 20 * 0.10 * 24 / 730 = 1.92 + 0.4224 + 0.0658.
    assert_eq!(Tier::ALL.iter().copied().map(cost).collect::<Vec<_>>(), ["2.41", "4.82", "4.82", "9.63"]);
}

#[test]
fn the_largest_quota_does_not_overflow() {
    let largest: Quantity = "9223372036854775807".parse().unwrap();
    let quota = Quota { cpu: largest.clone(), storage: largest, ..Tiers::default().get(Tier::Full).quota.clone() };
    let price: Money = "1000000".parse().unwrap();
    let prices = Prices { cpu_hour: price, memory_gib_hour: price, storage_gib_month: price };
    assert_eq!(cost_per_day(&quota, &prices), Money::from_micros(u64::MAX));
}

proptest! {
    #[test]
    fn amounts_round_trip(micros in 0..=PRICE_MAX) {
        let money = Money::from_micros(micros);
        prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
    }

    #[test]
    fn more_quota_never_costs_less(a in 0_u32..100_000, b in 0_u32..100_000) {
        let quota = |cpu| Quota { cpu: Quantity::milli(cpu), ..Tiers::default().get(Tier::Full).quota.clone() };
        let cost = |cpu| cost_per_day(&quota(cpu), &Prices::default());
        prop_assert!(cost(a.min(b)) <= cost(a.max(b)));
    }
}
