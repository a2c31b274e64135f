//! Many cases of one test.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// How many run at once: a case mostly waits for a server, and other tests want their turn.
const AT_ONCE: usize = 3;

/// Runs `case` with every number below `count`, a few at a time. A panic of a case is one of the test.
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
