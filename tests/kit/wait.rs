//! Polling for a condition.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Polls until `ask` succeeds; returns its value.
///
/// The error of `ask` is the last state; the panic prints it. Deadlines are long: they end a broken test and
/// measure nothing.
///
/// # Panics
/// If the deadline has passed.
#[track_caller]
pub fn wait_until<T>(what: &str, deadline: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        let seen = match ask() {
            Ok(answer) => return answer,
            Err(seen) => seen,
        };
        assert!(begun.elapsed() < deadline, "waited {deadline:?} for {what}; last seen: {seen}");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
