use super::*;

const LIMITS: OutputLimits = OutputLimits { stdout: 100_000, stderr: 40 };

fn sh(script: &str, progress: &RenderProgress) -> Result<FinishedChild, RunError> {
    run(Command::new("sh").args(["-c", script]), progress, LIMITS)
}

fn minute() -> RenderProgress {
    RenderProgress::until(Instant::now() + Duration::from_secs(60))
}

#[test]
fn outputs_and_status_are_returned() {
    let finished = sh("printf out; printf %045d 7 >&2; exit 3", &minute()).unwrap();
    assert_eq!((finished.stdout.as_slice(), finished.stderr.as_slice()), (&b"out"[..], &[b'0'; 40][..]));
    assert_eq!(finished.status.code(), Some(3));
    let much = sh("head -c 90000 /dev/zero; head -c 90000 /dev/zero >&2", &minute()).unwrap();
    assert_eq!((much.stdout.len(), much.stderr.len()), (90_000, 40), "output above the limit of stderr is discarded");
}

#[test]
fn too_much_output_kills_the_child() {
    assert!(matches!(sh("while :; do echo x; done", &minute()), Err(RunError::TooMuchOutput)));
}

#[test]
fn late_or_cancelled_child_is_killed_with_its_children() {
    let late = RenderProgress::until(Instant::now() + Duration::from_millis(100));
    assert!(matches!(sh("sleep 600 & sleep 600", &late), Err(RunError::TimedOut)));
    let cancelled = minute();
    cancelled.cancel();
    assert!(matches!(sh("exec sleep 600", &cancelled), Err(RunError::TimedOut)));
    // Children left in the process group are killed, too, and keep no pipe open.
    let marker = tempfile::NamedTempFile::new().unwrap();
    let script = format!("(sleep 600; echo >{}) & echo $$", marker.path().display());
    let finished = sh(&script, &minute()).unwrap();
    let group: i32 = String::from_utf8(finished.stdout).unwrap().trim().parse().unwrap();
    let group = Pid::from_raw(group).unwrap();
    let mut attempts = 0;
    while rustix::process::test_kill_process_group(group).is_ok() {
        attempts += 1;
        assert!(attempts < 2000, "a child outlived its tool");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn temporary_failures_are_distinguished() {
    let memory_loss = |script| sh(script, &minute()).unwrap().memory_loss();
    assert_eq!(memory_loss("kill -KILL $$"), Some(MemoryLoss::Container));
    assert_eq!(memory_loss("echo fatal error: out of memory >&2; exit 2"), Some(MemoryLoss::OwnLimit));
    assert_eq!(memory_loss("echo warning: out of memory >&2"), None, "the child succeeded");
    assert_eq!(memory_loss("exit 1"), None);
    assert_eq!(memory_loss("kill -TERM $$"), None);
    let missing = run(&mut Command::new("/nowhere/helm"), &minute(), LIMITS).unwrap_err();
    assert!(matches!(missing, RunError::Start(_)) && !missing.is_temporary());
    assert!(RunError::Start(io::ErrorKind::WouldBlock.into()).is_temporary());
}
