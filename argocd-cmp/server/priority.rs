//! Threads that render step back behind those that serve connections.

/// Steps of politeness, of 19.
const NICE: i32 = 5;

/// Lowers the priority of this thread, for good. On Linux a priority belongs to a thread. Where it is not allowed the
/// threads are equals, which is enough as long as there is more than one processor.
pub(crate) fn lower() {
    let _ = rustix::process::setpriority_process(None, NICE);
}
