use super::*;

fn answered(code: u16) -> Symptom {
    Symptom::Answered { code, retry_after: None }
}

fn times(symptom: Symptom, idempotent: bool) -> usize {
    let mut tries = Tries::new(RetryPolicy::default(), idempotent);
    (0..100).take_while(|_| tries.next(symptom, Duration::ZERO, 0.5).is_some()).count()
}

#[test]
fn the_status_limits_the_number_of_retries() {
    let cases = [
        (answered(429), 20, 20),
        (answered(500), 3, 0),
        (answered(502), 10, 0),
        (answered(503), 10, 0),
        (answered(504), 10, 0),
        (answered(404), 0, 0),
        (answered(409), 0, 0),
        (answered(501), 0, 0),
        (Symptom::Interrupted, 3, 0),
        (Symptom::Permanent, 0, 0),
    ];
    for (symptom, idempotent, once) in cases {
        assert_eq!((times(symptom, true), times(symptom, false)), (idempotent, once), "{symptom:?}");
    }
}

#[test]
fn pauses_double_up_to_the_maximum() {
    let mut tries = Tries::new(RetryPolicy::default(), true);
    let pauses: Vec<u128> =
        (0..8).filter_map(|_| tries.next(answered(503), Duration::ZERO, 1.0)).map(|pause| pause.as_millis()).collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    let mut tries = Tries::new(RetryPolicy::default(), true);
    assert_eq!(tries.next(answered(503), Duration::ZERO, 0.0), Some(Duration::from_millis(125)));
}

#[test]
fn retry_after_is_obeyed_up_to_thirty_seconds() {
    for (asked, waited) in [(1, 1), (30, 30), (3600, 30)] {
        let retry_after = Some(Duration::from_secs(asked));
        let mut tries = Tries::new(RetryPolicy::default(), false);
        let pause = tries.next(Symptom::Answered { code: 429, retry_after }, Duration::ZERO, 0.0);
        assert_eq!(pause, Some(Duration::from_secs(waited)));
    }
}

#[test]
fn attempts_to_reach_a_server_end_after_twenty_seconds() {
    let mut tries = Tries::new(RetryPolicy::default(), false);
    let mut spent = Duration::from_secs(100);
    while let Some(pause) = tries.next(Symptom::Unreachable, spent, 1.0) {
        spent += pause;
    }
    assert!(spent > Duration::from_secs(105) && spent <= Duration::from_secs(120), "{spent:?}");
}

#[test]
fn jitter_is_between_zero_and_one() {
    let drawn: Vec<f64> = (0..100).map(|_| jitter()).collect();
    assert!(drawn.iter().all(|number| (0.0..=1.0).contains(number)));
    assert!(drawn.iter().any(|number| *number > 0.5) && drawn.iter().any(|number| *number < 0.5));
}
