//! Runs that are killed at any moment: what is left is closed and marked or open and whole, and the next run continues.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use eod_golden::GoldenName;
use eod_testkit::postgres::{ADMIN, PASSWORD, servers};

use super::{ENVIRONMENT, Golden, client_at, deadline, nonce, password, superuser, values};
use crate::{CloneError, CloneName, CloneOwner, CloneRequest, CloneServer, CloneState, KeptClone};

/// Rounds with a killed create, and with a killed removal.
const ROUNDS: u32 = 25;
const DAY: Duration = Duration::from_hours(24);
/// Variable with the description of the work of a child.
const CHILD: &str = "EOD_CLONE_CHILD";

/// Work of a child.
#[derive(Clone, Copy, strum::Display, strum::EnumString)]
enum Work {
    Create,
    Keep,
    Login,
    Remove,
    Restore,
}

/// The run that is killed. It is another process, and runs this test only.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_works_on_a_clone() {
    let Ok(described) = std::env::var(CHILD) else { return };
    let fields: Vec<_> = described.split(' ').collect();
    let [port, installation, golden, work] = fields.as_slice() else { panic!("{described}") };
    let server = client_at(port.parse().unwrap(), ADMIN, PASSWORD, "postgres");
    let owner = CloneOwner { environment: ENVIRONMENT.parse().unwrap(), installation: installation.parse().unwrap() };
    let golden = GoldenName::new(golden).unwrap();
    let name = CloneName::of(&golden, &owner.environment);
    let mut clones = CloneServer::connect(&server, &owner.installation, &deadline()).await.unwrap();
    match work.parse().unwrap() {
        Work::Create => {
            let request = CloneRequest { name: &name, owner: &owner, golden: &golden, nonce: &nonce(1) };
            clones.begin(request, &deadline()).await.unwrap();
            clones.open(&name, &owner, &password(1), &deadline()).await.unwrap();
        }
        Work::Keep => drop(clones.keep(&name, &owner, None, DAY, &deadline()).await.unwrap().unwrap()),
        Work::Login => {
            let valid_for = Duration::from_secs(1);
            let made = clones.create_login(&name, &owner, &nonce(2), &password(2), valid_for, &deadline()).await;
            clones.close_login(&name, &made.unwrap().role, &deadline()).await.unwrap();
        }
        Work::Remove => clones.destroy(&name, &owner, None, &deadline()).await.unwrap(),
        Work::Restore => {
            let kept = clones.latest(&name, &owner, &golden, &deadline()).await.unwrap().unwrap();
            let request = CloneRequest { name: &name, owner: &owner, golden: &golden, nonce: &nonce(1) };
            clones.restore(request, kept.name(), &deadline()).await.unwrap();
            clones.open(&name, &owner, &password(1), &deadline()).await.unwrap();
        }
    }
}

fn child(golden: &Golden<'_>, work: Work) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::on_postgres::kill::child_that_works_on_a_clone", "--test-threads=1"]);
    command.env(CHILD, format!("{} {} {} {work}", golden.server.port, golden.installation, golden.name));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Duration of the whole work of a child.
fn whole(golden: &Golden<'_>, work: Work) -> Duration {
    let begun = Instant::now();
    assert!(child(golden, work).wait().unwrap().success());
    begun.elapsed()
}

fn kill_after(mut child: Child, pause: Duration) {
    std::thread::sleep(pause);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Destroys the clone as soon as the server has ended the session of the killed run.
async fn destroy(golden: &Golden<'_>, name: &CloneName, owner: &CloneOwner) {
    let mut clones = golden.clones().await;
    let begun = Instant::now();
    loop {
        match clones.destroy(name, owner, None, &deadline()).await {
            Err(CloneError::Busy(_)) if begun.elapsed() < Duration::from_secs(60) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done.unwrap_or_else(|error| panic!("{}", error.chain())),
        }
    }
}

/// Keeps the clone as soon as the server has ended the session of the killed run.
async fn keep(golden: &Golden<'_>, name: &CloneName, owner: &CloneOwner) -> KeptClone {
    let mut clones = golden.clones().await;
    let begun = Instant::now();
    loop {
        match clones.keep(name, owner, Some(&nonce(1)), DAY, &deadline()).await {
            Err(CloneError::Busy(_) | CloneError::Held { .. }) if begun.elapsed() < Duration::from_secs(60) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done.unwrap_or_else(|error| panic!("{}", error.chain())).unwrap(),
        }
    }
}

/// A clone that is not open admits neither its login nor others. Returns true if it is open.
async fn is_open_or_closed(golden: &Golden<'_>, name: &CloneName, owner: &CloneOwner) -> bool {
    assert!(!golden.stranger_enters(name).await);
    let is_entered = golden.enters(&name.login(), password(1).reveal(), name.as_str()).await;
    match golden.clones().await.look(name, owner, &deadline()).await.unwrap() {
        CloneState::Open(..) => {
            assert!(is_entered);
            true
        }
        CloneState::Absent | CloneState::Unfinished(_) | CloneState::Keeping(..) => {
            assert!(!is_entered);
            false
        }
        state @ (CloneState::Kept(..) | CloneState::Foreign { .. }) => panic!("{state:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_create_leaves_nothing_that_can_be_entered_and_a_destroy_removes_it_for_good() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let whole = whole(&golden, Work::Create);
        destroy(&golden, &name, &owner).await;
        let mut opened = 0;
        for round in 0..ROUNDS {
            kill_after(child(&golden, Work::Create), whole * round / ROUNDS);
            opened += u32::from(is_open_or_closed(&golden, &name, &owner).await);
            if round % 3 == 2
                && golden.clones().await.look(&name, &owner, &deadline()).await.unwrap() != CloneState::Absent
            {
                // The next create makes it again, unless it is open.
                continue;
            }
            destroy(&golden, &name, &owner).await;
            assert_eq!(golden.left(&name).await, [""; 0], "{} after round {round}", golden.described());
        }
        assert!(opened < ROUNDS, "no round was killed before the opening");
        destroy(&golden, &name, &owner).await;
        // A database of an interrupted CREATE DATABASE does not appear later.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(golden.left(&name).await, [""; 0], "{}", golden.described());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_removal_is_continued_by_the_next_one() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        golden.opened(ENVIRONMENT).await;
        let whole = whole(&golden, Work::Remove);
        for round in 0..ROUNDS {
            golden.opened(ENVIRONMENT).await;
            kill_after(child(&golden, Work::Remove), whole * round / ROUNDS);
            is_open_or_closed(&golden, &name, &owner).await;
            destroy(&golden, &name, &owner).await;
            assert_eq!(golden.left(&name).await, [""; 0], "{} after round {round}", golden.described());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_keep_is_continued_and_the_clone_returns_as_it_was() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        golden.opened(ENVIRONMENT).await;
        let whole = whole(&golden, Work::Keep);
        let first = keep(&golden, &name, &owner).await;
        golden.clones().await.destroy(first.name(), &owner, None, &deadline()).await.unwrap();
        for round in 0..ROUNDS {
            golden.opened(ENVIRONMENT).await;
            kill_after(child(&golden, Work::Keep), whole * round / ROUNDS);
            is_open_or_closed(&golden, &name, &owner).await;
            let kept = keep(&golden, &name, &owner).await;
            assert_eq!(kept.facts.contents.rows, 100, "{} after round {round}", golden.described());
            let expected = [kept.name().to_string(), kept.name().owner()];
            assert_eq!(golden.left(&name).await, expected, "{} after round {round}", golden.described());
            golden.clones().await.destroy(kept.name(), &owner, None, &deadline()).await.unwrap();
            assert_eq!(golden.left(&name).await, [""; 0], "{} after round {round}", golden.described());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_return_leaves_the_kept_clone_and_nothing_that_can_be_entered() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        golden.opened(ENVIRONMENT).await;
        let kept = keep(&golden, &name, &owner).await;
        let expected = [kept.name().to_string(), kept.name().owner()];
        let whole = whole(&golden, Work::Restore);
        destroy(&golden, &name, &owner).await;
        for round in 0..ROUNDS {
            kill_after(child(&golden, Work::Restore), whole * round / ROUNDS);
            is_open_or_closed(&golden, &name, &owner).await;
            destroy(&golden, &name, &owner).await;
            assert_eq!(golden.left(&name).await, expected, "{} after round {round}", golden.described());
        }
        // The server ends the session of the last round a moment later.
        let mut clones = golden.clones().await;
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
        let restored = loop {
            match clones.restore(request, kept.name(), &deadline()).await {
                Err(CloneError::Busy(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                done => break done.unwrap_or_else(|error| panic!("{}", error.chain())),
            }
        };
        assert_eq!(restored.contents, kept.facts.contents);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_of_a_killed_run_is_swept_after_its_end() {
    for server in servers() {
        let golden = Golden::publish(server, ADMIN).await;
        let name = golden.clone_name(ENVIRONMENT);
        golden.opened(ENVIRONMENT).await;
        let whole = whole(&golden, Work::Login);
        for round in 0..ROUNDS {
            kill_after(child(&golden, Work::Login), whole * round / ROUNDS);
            if round % 5 == 4 {
                tokio::time::sleep(Duration::from_millis(1100)).await;
                for login in golden.clones().await.prune_logins(false, &deadline()).await.unwrap() {
                    assert!(login.removed, "{} after round {round}: {login:?}", golden.described());
                }
                let expected = [name.to_string(), name.login(), name.owner()];
                assert_eq!(golden.left(&name).await, expected, "{} after round {round}", golden.described());
            }
        }
        assert!(golden.enters(&name.login(), password(1).reveal(), name.as_str()).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_server_process_fails_the_create_and_the_next_one_is_whole() {
    let golden = Golden::publish(servers().last().unwrap(), ADMIN).await;
    let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
    let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
    let mut other = superuser(golden.server, "postgres").await;
    let begun = Instant::now();
    golden.opened(ENVIRONMENT).await;
    let whole = begun.elapsed();
    destroy(&golden, &name, &owner).await;
    for round in 0..ROUNDS {
        let create = async {
            let mut clones = golden.clones().await;
            clones.begin(request, &deadline()).await?;
            clones.open(&name, &owner, &password(1), &deadline()).await
        };
        let end = async {
            tokio::time::sleep(whole * round / ROUNDS).await;
            let sql = format!(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                 WHERE usename = '{ADMIN}' AND query LIKE '%{name}%' AND pid <> pg_backend_pid()"
            );
            values(&mut other, &sql).await
        };
        let (created, _) = tokio::join!(create, end);
        let is_open = is_open_or_closed(&golden, &name, &owner).await;
        // The session can end after the opening, before its answer.
        assert!(is_open || created.is_err(), "round {round}");
        if is_open {
            destroy(&golden, &name, &owner).await;
        }
    }
    golden.opened(ENVIRONMENT).await;
    destroy(&golden, &name, &owner).await;
    assert_eq!(golden.left(&name).await, [""; 0]);
}
