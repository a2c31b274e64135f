//! Threads that render step back behind those that serve connections.

use std::cell::Cell;

/// Steps of politeness, of 19.
const NICE: i32 = 5;

/// Lowers the priority of this thread, once. On Linux a priority belongs to a thread. Where it is not allowed the
/// threads are equals, which is enough as long as there is more than one processor.
pub(crate) fn lower() {
    thread_local!(static IS_LOW: Cell<bool> = const { Cell::new(false) });
    if !IS_LOW.replace(true) {
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}
