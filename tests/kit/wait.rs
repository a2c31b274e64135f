//! Waiting for a state of the outside world.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Asks again and again until there is an answer.
///
/// `ask` answers what was waited for, or what it saw instead, which the panic shows.
/// Deadlines are generous: they end a broken test, they measure nothing.
///
/// # Panics
/// When the deadline has passed.
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
