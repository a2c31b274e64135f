//! Many runs for one target at the same moment.

use eod_testkit::{terraform::Terraform, workspace::Run};

use super::{SOURCE, TARGET, VaultStory};

/// Applies all of them at once; returns the runs after all have ended.
#[track_caller]
fn apply_all(stories: &[VaultStory]) -> Vec<Run> {
    let running: Vec<_> = stories.iter().map(|story| story.spawn(&["apply", "-no-color", "-auto-approve"])).collect();
    running.into_iter().map(|running| running.wait().expect_ok()).collect()
}

#[track_caller]
fn results(stories: &[VaultStory], result: &str) -> usize {
    stories.iter().filter(|story| story.results()[TARGET] == result).count()
}

/// One engine and one configuration in many folders, under the policy for the creation of copies.
#[track_caller]
fn racers(test: &str, count: usize) -> Vec<VaultStory> {
    let first = VaultStory::new(Terraform::first(), test, SOURCE);
    let token = first.cloner(false);
    let racer = |_| {
        let mut racer = first.elsewhere();
        racer.token(&token);
        racer
    };
    (0..count).map(racer).collect()
}

#[test]
fn one_of_twelve_runs_for_one_environment_creates_the_copy_and_all_have_it() {
    let racers = racers("race", 12);
    let audit = racers[0].vault.audit().starting_here();
    for run in apply_all(&racers) {
        assert!(!run.said().contains("of another owner was kept"), "{run}");
    }
    let one = &racers[0];
    one.expect_whole("stage/shop", TARGET);
    assert_eq!((results(&racers, "cloned"), results(&racers, "adopted")), (1, 11));
    let stored = audit.operations(&format!("{}/data/{TARGET}", one.mount));
    let stored =
        stored.iter().filter(|call| matches!(call.operation.as_str(), "create" | "update") && call.error.is_none());
    assert_eq!(stored.count(), 1);

    // The copy belongs to one of them, and is destroyed with that one.
    for racer in &racers {
        racer.destroy().expect_ok();
    }
    one.expect_nothing_left();
}

#[test]
fn one_of_twelve_runs_for_twelve_environments_creates_the_copy_and_the_others_keep_it() {
    let mut racers = racers("race-others", 12);
    for (number, racer) in racers.iter_mut().enumerate() {
        let block = racer.block("config", &format!("{SOURCE}\ntarget_path = \"{TARGET}\""));
        racer.body(&block.replace("\"shop-pr-7\"", &format!("\"pr-{number}\"")));
    }
    let runs = apply_all(&racers);
    assert_eq!((results(&racers, "cloned"), results(&racers, "kept_foreign")), (1, 11));
    for (racer, run) in racers.iter().zip(&runs) {
        let kept = racer.results()[TARGET] == "kept_foreign";
        assert_eq!(run.said().contains("A secret of another owner was kept"), kept, "{run}");
    }
    let one = &racers[0];
    one.expect_whole("stage/shop", TARGET);
    let (winner, losers): (Vec<_>, Vec<_>) = racers.iter().partition(|racer| racer.results()[TARGET] == "cloned");
    for loser in losers {
        loser.destroy().expect_ok();
    }
    one.expect_whole("stage/shop", TARGET);
    winner[0].destroy().expect_ok();
    one.expect_nothing_left();
}
