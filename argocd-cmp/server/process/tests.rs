use super::*;

const ROOM: Room = Room { stdout: 100_000, stderr: 10 };

fn sh(script: &str, progress: &RenderProgress) -> Result<Finished, RunError> {
    run(Command::new("sh").args(["-c", script]), progress, ROOM)
}

fn minute() -> RenderProgress {
    RenderProgress::until(Instant::now() + Duration::from_secs(60))
}

#[test]
fn both_outputs_and_the_end() {
    let finished = sh("printf out; printf 0123456789abc >&2; exit 3", &minute()).unwrap();
    assert_eq!((finished.stdout.as_slice(), finished.stderr.as_slice()), (&b"out"[..], &b"0123456789"[..]));
    assert_eq!(finished.status.code(), Some(3));
    let much = sh("head -c 90000 /dev/zero; head -c 90000 /dev/zero >&2", &minute()).unwrap();
    assert_eq!((much.stdout.len(), much.stderr.len()), (90_000, 10), "a full stderr holds nobody up");
}

#[test]
fn too_much_is_refused_without_waiting_for_the_end() {
    assert!(matches!(sh("while :; do echo x; done", &minute()), Err(RunError::TooMuch)));
}

#[test]
fn late_or_unwanted_it_is_killed_with_its_children() {
    let late = RenderProgress::until(Instant::now() + Duration::from_millis(100));
    assert!(matches!(sh("sleep 600 & sleep 600", &late), Err(RunError::Over)));
    let unwanted = minute();
    unwanted.stop();
    assert!(matches!(sh("exec sleep 600", &unwanted), Err(RunError::Over)));
    // Children in its group that it left behind go with it, and hold no pipe open.
    let marker = tempfile::NamedTempFile::new().unwrap();
    let script = format!("(sleep 600; echo >{}) & echo $$", marker.path().display());
    let finished = sh(&script, &minute()).unwrap();
    let group: i32 = String::from_utf8(finished.stdout).unwrap().trim().parse().unwrap();
    let group = Pid::from_raw(group).unwrap();
    let mut looks = 0;
    while rustix::process::test_kill_process_group(group).is_ok() {
        looks += 1;
        assert!(looks < 2000, "a child outlived its tool");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_may_pass_is_told_apart() {
    assert!(sh("kill -KILL $$", &minute()).unwrap().lost_to_memory());
    assert!(!sh("exit 1", &minute()).unwrap().lost_to_memory());
    assert!(!sh("kill -TERM $$", &minute()).unwrap().lost_to_memory());
    let missing = run(&mut Command::new("/nowhere/helm"), &minute(), ROOM).unwrap_err();
    assert!(matches!(missing, RunError::Start(_)) && !missing.may_pass());
    assert!(RunError::Start(io::ErrorKind::WouldBlock.into()).may_pass());
}
