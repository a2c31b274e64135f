//! Parallel cases of one test.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Maximum number of parallel cases. A case mostly waits for a server, and other tests run at the same time.
const AT_ONCE: usize = 3;

/// Runs `case` with every number below `count`, a few in parallel.
///
/// # Panics
/// If a case panics.
pub fn for_each_number(count: usize, case: impl Fn(usize) + Sync) {
    for_each_number_at_once(count, AT_ONCE, case);
}

/// Runs `case` with every number below `count`, at most `at_once` in parallel: a higher number than usual, for cases
/// that only wait.
///
/// # Panics
/// If a case panics.
pub fn for_each_number_at_once(count: usize, at_once: usize, case: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    case(number);
                }
            });
        }
    });
}
