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
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
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
