use proptest::prelude::*;

use super::*;
use crate::ledger::phase::MadeBy;
use crate::ledger::transition::{CreateRequest, Transitions};
use crate::tier::Tier;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn name(number: usize) -> EnvironmentName {
    format!("shop-pr-{number:03}").parse().unwrap()
}

fn waits(number: usize, since: i64, beat: i64) -> LedgerHead {
    let request = CreateRequest::new(&format!("#{number}"), Tier::Full, MadeBy::Terraform, "run");
    let first = Transitions::at(at(since)).queue(None, &request).unwrap();
    Transitions::at(at(beat)).queue(Some(&first), &request).unwrap()
}

#[test]
fn a_free_place_goes_to_the_first_in_the_queue() {
    let (first, second) = (waits(1, 0, 50), waits(2, 5, 50));
    let waiting = [(name(1), &first), (name(2), &second)];
    let living = (at(-100), name(9));
    let admit = |number: usize| {
        let own = (at(60), name(number));
        admit(&own, &[living.clone(), own.clone()], &waiting, 2, at(60))
    };
    assert_eq!(admit(1), Admission::Admitted);
    assert_eq!(admit(2), Admission::Queued { position: 2, waiting: 2 });
    assert_eq!(admit(3), Admission::Queued { position: 3, waiting: 3 });
}

#[test]
fn recorded_environments_come_before_one_that_is_refused_in_the_same_second() {
    let second = waits(2, 0, 0);
    let waiting = [(name(2), &second)];
    let own = (at(0), name(1));
    let claimed = [(at(-100), name(9)), own.clone()];
    assert_eq!(admit(&own, &claimed, &waiting, 1, at(0)), Admission::Queued { position: 2, waiting: 2 });
}

#[test]
fn a_place_is_lost_after_an_hour_without_another_try() {
    let head = waits(1, 0, 30);
    assert_eq!(place_in_queue(&head, at(89)), Some(at(0)));
    assert_eq!(place_in_queue(&head, at(90)), None);
    let waiting = [(name(1), &head)];
    let own = (at(95), name(2));
    assert_eq!(admit(&own, std::slice::from_ref(&own), &waiting, 1, at(95)), Admission::Admitted);
    let own = (at(80), name(2));
    assert_eq!(
        admit(&own, std::slice::from_ref(&own), &waiting, 1, at(80)),
        Admission::Queued { position: 2, waiting: 2 }
    );
}

proptest! {
    /// Of concurrent creates, each with the same view, exactly the maximum is admitted.
    #[test]
    fn the_maximum_holds_under_concurrent_creates(times in proptest::collection::vec(0_i64..3, 1..40), maximum in 0_usize..20) {
        let claimed: Vec<ClaimedPlace> =
            times.iter().enumerate().map(|(number, minute)| (at(*minute), name(number))).collect();
        let admitted = claimed
            .iter()
            .filter(|own| admit(own, &claimed, &[], maximum, at(5)) == Admission::Admitted)
            .count();
        prop_assert_eq!(admitted, maximum.min(claimed.len()));
    }

    /// The order of admission is the order of the claims.
    #[test]
    fn a_later_claim_never_takes_the_place_of_an_earlier_one(count in 1_usize..20, maximum in 1_usize..20) {
        let claimed: Vec<ClaimedPlace> = (0..count).map(|number| (at(0), name(number))).collect();
        for (index, own) in claimed.iter().enumerate() {
            let is_admitted = admit(own, &claimed, &[], maximum, at(1)) == Admission::Admitted;
            prop_assert_eq!(is_admitted, index < maximum);
        }
    }
}
