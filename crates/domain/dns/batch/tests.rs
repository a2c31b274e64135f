use proptest::prelude::*;

use super::*;

fn weight(values: usize, characters: usize) -> ChangeWeight {
    ChangeWeight { changes: 1, values, characters }
}

#[test]
fn default_limits_are_those_of_route_53() {
    let limits = BatchLimits::default();
    assert!(limits.allow(weight(1_000, 32_000)));
    assert!(!limits.allow(weight(1_001, 0)) && !limits.allow(weight(0, 32_001)));
    assert!(!limits.allow(ChangeWeight { changes: 1_001, values: 0, characters: 0 }));
}

#[test]
fn batch_ends_before_the_item_that_exceeds_a_limit() {
    let limits = BatchLimits { changes: 3, values: 10, characters: 100 };
    let split = |weights: &[(usize, usize)]| {
        let packed = batches(weights.iter().copied(), |&(values, characters)| weight(values, characters), &limits);
        (packed.batches.iter().map(Vec::len).collect::<Vec<_>>(), packed.too_large.len())
    };
    assert_eq!(split(&[]), (vec![], 0));
    assert_eq!(split(&[(5, 1), (5, 1), (1, 1)]), (vec![2, 1], 0));
    assert_eq!(split(&[(1, 60), (1, 40), (1, 1)]), (vec![2, 1], 0));
    assert_eq!(split(&[(0, 0), (0, 0), (0, 0), (0, 0)]), (vec![3, 1], 0));
    assert_eq!(split(&[(1, 1), (11, 1), (1, 101), (1, 1)]), (vec![2], 2));
}

#[test]
fn refused_batch_is_taken_apart() {
    assert_eq!(take_apart(Vec::<u8>::new(), |_| true), None);
    assert_eq!(take_apart(vec![1], |_| false), Some(RefusedBatch::Single(1)));
    let halves = Some(RefusedBatch::Parts(vec![vec![1, 2], vec![3, 4, 5]]));
    assert_eq!(take_apart(vec![1, 2, 3, 4, 5], |_| false), halves);
    assert_eq!(take_apart(vec![1, 2, 3, 4, 5], |_| true), halves);
    assert_eq!(
        take_apart(vec![1, 2, 3, 4, 5], |item| [2, 5].contains(item)),
        Some(RefusedBatch::Parts(vec![vec![1, 3, 4], vec![2], vec![5]]))
    );
}

/// Sends batches to a server that refuses every batch with a bad item, and names it or not. Returns the items that were
/// applied, those that failed, and the number of calls.
fn send(items: Vec<usize>, is_bad: impl Fn(usize) -> bool, names: bool) -> (Vec<usize>, Vec<usize>, usize) {
    let (mut applied, mut failed, mut calls) = (Vec::new(), Vec::new(), 0);
    let mut waiting = vec![items];
    while let Some(batch) = waiting.pop() {
        calls += 1;
        if !batch.iter().any(|&item| is_bad(item)) {
            applied.extend(batch);
            continue;
        }
        match take_apart(batch, |&item| names && is_bad(item)) {
            None => {}
            Some(RefusedBatch::Single(item)) => failed.push(item),
            Some(RefusedBatch::Parts(parts)) => waiting.extend(parts),
        }
    }
    applied.sort_unstable();
    failed.sort_unstable();
    (applied, failed, calls)
}

#[test]
fn named_bad_item_costs_two_more_calls() {
    let (applied, failed, calls) = send((0..100).collect(), |item| item == 42, true);
    assert_eq!((applied.len(), failed, calls), (99, vec![42], 3));
}

proptest! {
    #[test]
    fn batches_keep_the_limits_and_every_item(
        items in prop::collection::vec((0..8_usize, 0..14_usize, 0..140_usize), 0..60),
        changes in 1..8_usize,
        values in 1..14_usize,
        characters in 1..140_usize,
    ) {
        let limits = BatchLimits { changes, values, characters };
        let weight = |&(_, (changes, values, characters)): &(usize, (usize, usize, usize))| {
            ChangeWeight { changes, values, characters }
        };
        let numbered: Vec<_> = items.into_iter().enumerate().collect();
        let packed = batches(numbered.clone(), weight, &limits);
        for batch in &packed.batches {
            prop_assert!(!batch.is_empty());
            prop_assert!(limits.allow(batch.iter().map(weight).fold(ChangeWeight::default(), |sum, own| sum + own)));
        }
        prop_assert!(packed.too_large.iter().all(|item| !limits.allow(weight(item))));
        // Every item once, in its order.
        let small: Vec<_> = numbered.iter().copied().filter(|item| limits.allow(weight(item))).collect();
        prop_assert_eq!(packed.batches.concat(), small);
        prop_assert_eq!(packed.batches.concat().len() + packed.too_large.len(), numbered.len());
    }

    #[test]
    fn bad_items_fail_alone_and_the_others_are_applied(
        bad in prop::collection::btree_set(0..40_usize, 0..8),
        names in any::<bool>(),
    ) {
        let (applied, failed, _) = send((0..40).collect(), |item| bad.contains(&item), names);
        prop_assert_eq!(failed, bad.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(applied, (0..40).filter(|item| !bad.contains(item)).collect::<Vec<_>>());
    }
}
