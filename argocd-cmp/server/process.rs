//! Runs a child to its end, or to ours: with a deadline, with room for only so much output, and leaving nothing behind.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process_group, pidfd_open, waitpgid};

use crate::watch::Watch;

/// A child that ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum RunError {
    /// It could not be started.
    Start(io::Error),
    /// Its answer came too late, or nobody wants it any more.
    Over,
    /// It said more than there was room for.
    TooMuch,
    /// It could not be followed.
    Follow(io::Error),
}

/// How much it may say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) stdout: usize,
    /// What is said beyond this is read and forgotten.
    pub(crate) stderr: usize,
}

/// Between two looks at whether anybody still wants the answer.
const LOOK: Duration = Duration::from_millis(25);

/// Runs it.
pub(crate) fn run(command: &mut Command, watch: &Watch, room: Room) -> Result<Finished, RunError> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(RunError::Start)?;
    let followed = follow(&mut child, watch, room);
    // Before the child is waited for, its number is nobody else's.
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = child.wait().map_err(RunError::Follow)?;
    // As the first process of a container we inherit whatever it left.
    while group.is_some_and(|group| matches!(waitpgid(group, WaitOptions::empty()), Ok(Some(_)))) {}
    let (stdout, stderr) = followed?;
    Ok(Finished { status, stdout, stderr })
}

/// Reads what it says until it ends.
fn follow(child: &mut Child, watch: &Watch, room: Room) -> Result<(Vec<u8>, Vec<u8>), RunError> {
    let ended = ending(child).map_err(RunError::Follow)?;
    let mut stdout = Output::of(child.stdout.take(), room.stdout).map_err(RunError::Follow)?;
    let mut stderr = Output::of(child.stderr.take(), room.stderr).map_err(RunError::Follow)?;
    loop {
        if watch.is_over() {
            return Err(RunError::Over);
        }
        let has_ended = wait(&[&stdout, &stderr], &ended, watch.until).map_err(RunError::Follow)?;
        for output in [&mut stdout, &mut stderr] {
            output.read().map_err(RunError::Follow)?;
        }
        if stdout.is_over() {
            return Err(RunError::TooMuch);
        }
        if has_ended {
            return Ok((stdout.said, stderr.said));
        }
    }
}

fn ending(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Waits until there is something to read or it has ended, but not for long. What it said before its end is there when
/// its end is seen.
fn wait(outputs: &[&Output], ended: &OwnedFd, until: Instant) -> io::Result<bool> {
    let left = until.saturating_duration_since(Instant::now()).min(LOOK);
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

/// One of its outputs.
struct Output {
    pipe: Option<Box<dyn Pipe>>,
    said: Vec<u8>,
    room: usize,
    total: usize,
}

trait Pipe: Read + AsFd {}

impl<T: Read + AsFd> Pipe for T {}

impl Output {
    fn of(pipe: Option<impl Pipe + 'static>, room: usize) -> io::Result<Self> {
        let pipe: Box<dyn Pipe> = Box::new(pipe.ok_or(io::ErrorKind::NotConnected)?);
        ioctl_fionbio(pipe.as_fd(), true)?;
        Ok(Self { pipe: Some(pipe), said: Vec::new(), room, total: 0 })
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(|pipe| pipe.as_fd())
    }

    /// Reads what is there, as far as there is room.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(read) => {
                    let fits = read.min(self.room.saturating_sub(self.said.len()));
                    self.said.extend_from_slice(buffer.get(..fits).unwrap_or_default());
                    self.total = self.total.saturating_add(read);
                    if self.is_over() {
                        // Whoever never stops is looked at again in the next round.
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

    fn is_over(&self) -> bool {
        self.total > self.room
    }
}

impl Finished {
    /// Whether the system killed it, which is what a lack of memory looks like, or it said so itself. That may pass.
    pub(crate) fn lost_to_memory(&self) -> bool {
        let stderr = String::from_utf8_lossy(&self.stderr);
        let says = ["cannot allocate memory", "out of memory"].iter().any(|text| stderr.contains(text));
        self.status.signal() == Some(libc::SIGKILL) || (!self.status.success() && says)
    }
}

impl RunError {
    /// Whether it may pass by itself: no memory or no room for a process just now.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Start(error) => {
                matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock)
            }
            Self::Over | Self::TooMuch | Self::Follow(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
