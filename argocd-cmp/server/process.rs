//! Runs a child process with a deadline and a limit of its output. No process of its group exists after the call.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process_group, pidfd_open, waitpgid};

use crate::progress::RenderProgress;

/// Result of a child that ended by itself.
#[derive(Debug)]
pub(crate) struct FinishedChild {
    /// Exit status.
    pub(crate) status: ExitStatus,
    /// Everything written to stdout.
    pub(crate) stdout: Vec<u8>,
    /// First part of stderr, up to the limit.
    pub(crate) stderr: Vec<u8>,
}

/// Reasons for a child without a result.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The child could not be started.
    Start(io::Error),
    /// The deadline expired, or the call was cancelled.
    TimedOut,
    /// The child wrote more to stdout than the limit.
    TooMuchOutput,
    /// Reading the output or waiting for the child failed.
    Io(io::Error),
}

/// Limits of the output, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputLimits {
    /// Limit of stdout. A child that writes more is killed.
    pub(crate) stdout: usize,
    /// Limit of stderr. Output above the limit is discarded.
    pub(crate) stderr: usize,
}

/// Interval of the checks for cancellation.
const CANCEL_CHECK: Duration = Duration::from_millis(25);

/// Runs a child to its end.
///
/// # Errors
///
/// Fails if the child cannot be started, does not end in time or writes too much.
pub(crate) fn run(
    command: &mut Command,
    progress: &RenderProgress,
    limits: OutputLimits,
) -> Result<FinishedChild, RunError> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(RunError::Start)?;
    let outputs = read_outputs(&mut child, progress, limits);
    // Until the child is waited for, its process id cannot be reused.
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = child.wait().map_err(RunError::Io)?;
    // The first process of a container becomes the parent of the child's own children.
    while group.is_some_and(|group| matches!(waitpgid(group, WaitOptions::empty()), Ok(Some(_)))) {}
    let (stdout, stderr) = outputs?;
    Ok(FinishedChild { status, stdout, stderr })
}

/// Reads both outputs until the child ends.
fn read_outputs(
    child: &mut Child,
    progress: &RenderProgress,
    limits: OutputLimits,
) -> Result<(Vec<u8>, Vec<u8>), RunError> {
    let ended = pidfd(child).map_err(RunError::Io)?;
    let mut stdout = ChildOutput::new(child.stdout.take(), limits.stdout).map_err(RunError::Io)?;
    let mut stderr = ChildOutput::new(child.stderr.take(), limits.stderr).map_err(RunError::Io)?;
    loop {
        if progress.should_stop() {
            return Err(RunError::TimedOut);
        }
        let has_ended = wait(&[&stdout, &stderr], &ended, progress.until).map_err(RunError::Io)?;
        for output in [&mut stdout, &mut stderr] {
            output.read().map_err(RunError::Io)?;
        }
        if stdout.exceeds_limit() {
            return Err(RunError::TooMuchOutput);
        }
        if has_ended {
            return Ok((stdout.bytes, stderr.bytes));
        }
    }
}

/// Descriptor that becomes readable when the child ends.
fn pidfd(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Waits until an output is readable or the child has ended, at most [`CANCEL_CHECK`]. Returns true if the child has
/// ended; its whole output is then readable.
fn wait(outputs: &[&ChildOutput], ended: &OwnedFd, until: Instant) -> io::Result<bool> {
    let left = until.saturating_duration_since(Instant::now()).min(CANCEL_CHECK);
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
    let open = outputs.iter().filter_map(|output| output.descriptor());
    let mut descriptors: Vec<_> =
        std::iter::once(ended.as_fd()).chain(open).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
    match poll(&mut descriptors, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(descriptors.first().is_some_and(|ended| ended.revents().contains(PollFlags::IN)))
}

/// Stdout or stderr of a child.
struct ChildOutput {
    /// None after the end of the output.
    pipe: Option<Box<dyn ReadableFd>>,
    bytes: Vec<u8>,
    limit: usize,
    /// Bytes read, including those above the limit.
    total: usize,
}

trait ReadableFd: Read + AsFd {}

impl<T: Read + AsFd> ReadableFd for T {}

impl ChildOutput {
    fn new(pipe: Option<impl ReadableFd + 'static>, limit: usize) -> io::Result<Self> {
        let pipe: Box<dyn ReadableFd> = Box::new(pipe.ok_or(io::ErrorKind::NotConnected)?);
        ioctl_fionbio(pipe.as_fd(), true)?;
        Ok(Self { pipe: Some(pipe), bytes: Vec::new(), limit, total: 0 })
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(|pipe| pipe.as_fd())
    }

    /// Reads everything that is available.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(read) => {
                    let fits = read.min(self.limit.saturating_sub(self.bytes.len()));
                    self.bytes.extend_from_slice(buffer.get(..fits).unwrap_or_default());
                    self.total = self.total.saturating_add(read);
                    if self.exceeds_limit() {
                        // A child that never stops writing must not keep this loop busy.
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn exceeds_limit(&self) -> bool {
        self.total > self.limit
    }
}

/// Reason for a child that lost its memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MemoryLoss {
    /// SIGKILL, which the kernel sends if the container has no memory left. This may be temporary.
    Container,
    /// The child reached its own limit and ended by itself. Another start has the same result.
    OwnLimit,
}

impl FinishedChild {
    /// Reason for a lack of memory, if the child failed because of it.
    ///
    /// Kubernetes nodes run with `vm.overcommit_memory=1`: the kernel refuses memory only at the limit of the process
    /// itself (`RLIMIT_DATA`, set by the sandbox). A lack of memory in the container is a SIGKILL.
    pub(crate) fn memory_loss(&self) -> Option<MemoryLoss> {
        if self.status.signal() == Some(libc::SIGKILL) {
            return Some(MemoryLoss::Container);
        }
        let stderr = String::from_utf8_lossy(&self.stderr);
        let is_reported = ["cannot allocate memory", "out of memory"].iter().any(|text| stderr.contains(text));
        (!self.status.success() && is_reported).then_some(MemoryLoss::OwnLimit)
    }
}

impl RunError {
    /// True if another start may succeed: the system had no memory or no room for a process.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Start(error) => matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock),
            Self::TimedOut | Self::TooMuchOutput | Self::Io(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
