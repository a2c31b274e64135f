//! Policy with `approval`: a pull request from a fork runs only the commits that a maintainer has approved.

use eod_testkit::{argocd::Forge, command};

use super::{CONFIG, POLICY, Previews, controllers, image, uid};
use crate::cmp::examples::workflow_step;

/// Runs the workflow `approve.yaml` of the examples, as the forge does after a review, a label or a push.
#[track_caller]
fn run_workflow(previews: &Previews<'_>) {
    let mut step = workflow_step("github/approve.yaml");
    step.command.env("GITHUB_API_URL", previews.forge.api());
    step.command.env("GITHUB_REPOSITORY", format!("acme/{}", previews.name));
    command::run(&mut step.command, "").expect_ok();
}

fn approval(sha: &str) -> String {
    format!("approved/{sha}")
}

impl Previews<'_> {
    /// Opens a labelled pull request from a fork. Returns the SHA.
    #[track_caller]
    fn open_from_fork(&self, number: u32, author: &str) -> String {
        let branch = format!("feature-{number}");
        self.story.repository.branch("main");
        self.story.repository.branch(&branch);
        let sha = self.commit(&[("shop/config.yaml", &CONFIG.replace("production", "fork"))]);
        self.forge.open_from_fork(number, author, &branch, &sha);
        self.forge.label(number, "preview");
        sha
    }

    /// Waits until a commit is refused, and expects that the text has the required action.
    #[track_caller]
    fn expect_not_approved(&self, number: u32, sha: &str, reason: &str) {
        // The condition may still have the reason of the refusal before.
        let text = self.expect_condition(number, reason);
        assert!(text.contains(&format!("commit {sha} is not approved: ")), "{text}");
        assert!(text.contains("parameters: labels\n  rule:   approval\n"), "{text}");
        let remedy = format!("a maintainer has to review this commit and set the label `{}`", approval(sha));
        assert!(text.contains(&remedy), "{text}");
    }
}

#[test]
fn commits_of_a_fork_run_only_after_their_approval() {
    let argocd = controllers();
    let keys = "    approval: { trusted_authors: [Developer] }\n";
    let previews = Previews::under(&argocd, |_| POLICY.to_owned() + keys);
    previews.forge.allow_writes("maintainer");
    let first = previews.open_from_fork(7, "mallory");
    previews.expect_not_approved(7, &first, "and the pull request has no label `approved/");
    assert!(!previews.cluster.namespace_exists(&previews.namespace(7)), "nothing runs");

    // Neither a shorter SHA nor a review of somebody without write access is an approval.
    previews.forge.label(7, &approval(&first[..12]));
    let short = format!("the label `{}` does not have all 40 digits", approval(&first[..12]));
    previews.expect_condition(7, &short);
    previews.forge.review(7, "mallory", "APPROVED");
    previews.forge.review(7, "stranger", "APPROVED");
    run_workflow(&previews);
    assert!(!previews.forge.has_label(7, &approval(&first[..12])) && !previews.forge.has_label(7, &approval(&first)));
    assert!(!previews.cluster.namespace_exists(&previews.namespace(7)), "nothing runs");

    previews.forge.review(7, "maintainer", "APPROVED");
    run_workflow(&previews);
    previews.expect_synced(7, &first);
    let running = previews.deployment(7);

    // A push: the new commit is refused, and the old one keeps running, also without its label.
    let second = previews.push(7, &[("shop/config.yaml", &CONFIG.replace("production", "hostile"))]);
    previews.expect_not_approved(7, &second, &format!("and the label `{}` approves another commit", approval(&first)));
    run_workflow(&previews);
    assert!(!previews.forge.has_label(7, &approval(&first)), "an old label is removed");
    previews.expect_not_approved(7, &second, "and the pull request has no label `approved/");
    let now = previews.deployment(7);
    assert_eq!((uid(&now), image(&now)), (uid(&running), image(&running)));
    assert_eq!(previews.read(7, "api/v1", "configmaps/settings").unwrap()["data"]["mode"], "fork");

    previews.forge.review(7, "maintainer", "APPROVED");
    run_workflow(&previews);
    previews.expect_synced(7, &second);
    assert_eq!(uid(&previews.deployment(7)), uid(&running), "it was updated");

    // A trusted author needs no approval.
    let trusted = previews.open(8, &[]);
    previews.expect_synced(8, &trusted);
    previews.end(&[7, 8]);
}

/// Labels of approvals after a run of the workflow for the newest commit.
#[test]
fn workflow_sets_labels_from_the_newest_review_of_each_user() {
    let forge = Forge::start("acme", "shop");
    let (old, sha) = ("0".repeat(40), "1234567890".repeat(4));
    let run = || {
        let mut step = workflow_step("github/approve.yaml");
        step.command.env("GITHUB_API_URL", forge.api()).env("GITHUB_REPOSITORY", "acme/shop");
        command::run(&mut step.command, "")
    };
    let is_approved = || {
        run().expect_ok();
        forge.has_label(7, &approval(&sha))
    };
    forge.allow_writes("alice");
    forge.allow_writes("bob");
    forge.open_from_fork(7, "bob", "feature", &old);
    forge.review(7, "alice", "APPROVED");
    forge.push(7, &sha);
    assert!(!is_approved(), "it has no label for previews");
    forge.label(7, "preview");
    assert!(!is_approved(), "the review is for another commit");
    forge.label(7, &approval(&sha));
    forge.label(7, "approved/by hand, %2F");
    assert!(!is_approved() && !forge.has_label(7, "approved/by hand, %2F"), "labels that were set by hand");
    forge.review(7, "bob", "APPROVED");
    assert!(!is_approved(), "of the author");
    forge.review(7, "carol", "APPROVED");
    assert!(!is_approved(), "of a user without write access");
    forge.review(7, "alice", "APPROVED");
    forge.review(7, "alice", "COMMENTED");
    assert!(is_approved() && is_approved(), "a second run changes nothing");
    for state in ["CHANGES_REQUESTED", "DISMISSED"] {
        forge.review(7, "alice", "APPROVED");
        assert!(is_approved(), "{state}");
        forge.review(7, "alice", state);
        assert!(!is_approved(), "{state}");
    }
    assert!(forge.has_label(7, "preview"), "other labels stay");
    // A failure is reported, and changes nothing.
    forge.review(7, "alice", "APPROVED");
    forge.fail_with(Some(503));
    let failed = run();
    assert!(failed.code == Some(1) && failed.stderr.contains("503"), "{}", failed.report());
    forge.fail_with(None);
    assert!(is_approved());
}
