use super::*;

#[test]
fn fullest_ledgers_are_sealed_first_then_changed_ones_then_the_others_in_turn() {
    let names: Vec<EnvironmentName> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| name.parse().unwrap()).collect();
    let unsealed = [0, 60, 0, 90, 0, 0];
    let ledgers = || names.iter().zip(unsealed).collect();
    let found = |changed: &[&str], after: &str| {
        let order = order(ledgers(), &changed.iter().copied().collect(), after);
        order.into_iter().map(|turn| (turn.name.to_string(), turn.is_others)).collect::<Vec<_>>()
    };
    let expected = |turns: [(&str, bool); 6]| turns.map(|(name, is_others)| (name.to_owned(), is_others)).to_vec();
    let turns = [("d", false), ("b", false), ("a", false), ("e", true), ("f", true), ("c", true)];
    assert_eq!(found(&["a", "b"], "d"), expected(turns));
    let turns = [("d", false), ("b", false), ("a", true), ("c", true), ("e", true), ("f", true)];
    assert_eq!(found(&[], "f"), expected(turns));
}
