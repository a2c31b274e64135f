//! Priority of the threads that render, below that of the threads that serve connections.

/// Nice value, of at most 19.
const NICE: i32 = 5;

/// Lowers the priority of this thread permanently. On Linux, a priority belongs to a thread. If this is not permitted,
/// all threads have the same priority, which is sufficient on more than one processor.
pub(crate) fn lower_thread_priority() {
    let _ = rustix::process::setpriority_process(None, NICE);
}
