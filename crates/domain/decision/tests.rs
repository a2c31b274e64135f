use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cost::Prices;
use crate::ledger::{CreateRequest, EndRequest, MadeBy, Transitions};

const CREATED: &str = "2026-03-01T12:00:00Z";

/// Minutes after the creation.
fn at(minute: i64) -> Timestamp {
    CREATED.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn namespace(tier: &str, extra: &[(&str, &str)]) -> Value {
    let ttl = match tier {
        "lightweight" => "4h",
        "full" => "24h",
        "compliance" => "48h",
        _ => "none",
    };
    let mut annotations = json!({
        "environment.on-demand/identity": "github.com/acme/shop#7",
        "environment.on-demand/created-at": CREATED,
        "environment.on-demand/provisioned-at": CREATED,
        "environment.on-demand/spec": "{}",
    });
    for (key, value) in extra {
        annotations[format!("environment.on-demand/{key}")] = json!(value);
    }
    json!({ "metadata": {
        "name": "shop-pr-7", "uid": "u1", "resourceVersion": "5", "creationTimestamp": CREATED,
        "labels": {
            "app.kubernetes.io/managed-by": "eod",
            "environment.on-demand/installation": "acme",
            "environment.on-demand/tier": tier,
            "environment.on-demand/ttl": ttl,
        },
        "annotations": annotations,
    } })
}

struct Case {
    namespace: Value,
    head: Option<LedgerHead>,
    pull_request: PullRequestState,
    policy: ReapPolicy,
    asleep_by_us: bool,
    woken_at: Option<Timestamp>,
}

impl Case {
    fn new(tier: &str, extra: &[(&str, &str)]) -> Self {
        let pull_request = PullRequestState::Open { labelled: Some(true) };
        let (namespace, policy) = (namespace(tier, extra), ReapPolicy::default());
        Self { namespace, head: Some(live()), pull_request, policy, asleep_by_us: false, woken_at: None }
    }

    fn pull_request(mut self, state: PullRequestState) -> Self {
        self.pull_request = state;
        self
    }

    fn head(mut self, head: LedgerHead) -> Self {
        self.head = Some(head);
        self
    }

    fn decide(&self, minute: i64) -> Decision {
        self.decide_at(at(minute))
    }

    fn decide_at(&self, now: Timestamp) -> Decision {
        let tiers = Tiers::default();
        let reading = EnvironmentReading::new(&self.namespace, self.head.as_ref(), &tiers, &Prices::default(), now);
        let input = DecisionInput {
            reading: &reading,
            head: self.head.as_ref(),
            pull_request: self.pull_request,
            asleep_by_us: self.asleep_by_us,
            woken_at: self.woken_at,
            tiers: &tiers,
            policy: &self.policy,
            holder: "run-2",
        };
        decide(&input, now)
    }

    #[track_caller]
    fn expect(&self, minute: i64, action: &ReapAction) {
        let decision = self.decide(minute);
        assert_eq!(&decision.action, action, "minute {minute}: {}", decision.reason);
        assert!(!decision.reason.is_empty() && !decision.reason.ends_with('.'));
    }
}

fn live() -> LedgerHead {
    let request = CreateRequest::new("github.com/acme/shop#7", Tier::Full, MadeBy::Terraform, "run-1");
    let creating = Transitions::at(at(0)).create(None, &request).unwrap();
    Transitions::at(at(0)).provisioned(&creating, 1, "u1").unwrap()
}

fn seen(removed_by_us: bool) -> LedgerHead {
    let mut head = live();
    head.label.seen = true;
    head.label.removed_by_us = removed_by_us;
    head
}

fn mark(minute: i64, reason: EndReason) -> ReapAction {
    ReapAction::Mark(EndMark { reap_after: at(minute), reason })
}

const UNLABELLED: PullRequestState = PullRequestState::Open { labelled: Some(false) };

#[test]
fn time_of_a_mark_is_in_whole_seconds_and_gives_the_whole_warning() {
    let now = at(239) + SignedDuration::from_millis(300);
    let action = Case::new("lightweight", &[]).decide_at(now).action;
    let ReapAction::Mark(mark) = action else { panic!("{action:?}") };
    assert_eq!(mark.reap_after, at(269) + SignedDuration::from_secs(1));
}

#[test]
fn a_protected_or_staging_environment_is_kept() {
    let closed = PullRequestState::Closed;
    Case::new("staging", &[]).pull_request(closed).expect(100_000, &ReapAction::Keep);
    Case::new("full", &[("protected", "true")]).pull_request(closed).expect(100_000, &ReapAction::Keep);
    let marked = [("protected", "true"), ("reap-after", CREATED), ("reap-reason", "closed")];
    Case::new("full", &marked).pull_request(closed).expect(100_000, &ReapAction::Keep);
}

#[test]
fn an_environment_with_an_unreadable_value_is_kept_and_reported() {
    for extra in [
        ("expires-at", "soon"),
        ("expires-at", "2206-03-01T12:00:00Z"),
        ("expires-at", "2026-02-01T12:00:00Z"),
        ("last-activity-at", "yesterday"),
        ("identity", "garbage"),
        ("protected", "yes"),
        ("reap-after", "soon"),
        ("approved", "yes"),
        ("spec", "{"),
    ] {
        Case::new("full", &[extra]).pull_request(PullRequestState::Closed).expect(100_000, &ReapAction::Skip);
    }
    Case::new("huge", &[]).pull_request(PullRequestState::Closed).expect(100_000, &ReapAction::Skip);
    let other = LedgerHead { identity: "github.com/other/shop#7".to_owned(), ..live() };
    Case::new("full", &[]).head(other).pull_request(PullRequestState::Closed).expect(100_000, &ReapAction::Skip);
}

#[test]
fn a_running_end_is_resumed_by_its_own_run_or_after_15_minutes_of_silence() {
    let end = |holder: &str| {
        let request = EndRequest {
            generation: 1,
            uid: Some("u1".to_owned()),
            reason: EndReason::Closed,
            keep_vault: false,
            holder: holder.to_owned(),
        };
        Transitions::at(at(10)).begin_end(&live(), &request).unwrap()
    };
    let other = Case::new("full", &[]).head(end("run-1"));
    other.expect(11, &ReapAction::Keep);
    other.expect(24, &ReapAction::Keep);
    other.expect(25, &ReapAction::ResumeEnd);
    Case::new("full", &[]).head(end("run-2")).expect(11, &ReapAction::ResumeEnd);
}

#[test]
fn a_namespace_that_was_created_again_is_reported_and_not_ended_in_a_loop() {
    let request = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason: EndReason::Closed,
        keep_vault: false,
        holder: "run-1".to_owned(),
    };
    let ending = Transitions::at(at(10)).begin_end(&live(), &request).unwrap();
    let mut again = Case::new("full", &[]).head(ending);
    again.namespace["metadata"]["uid"] = json!("u2");
    again.expect(60, &ReapAction::Skip);
}

#[test]
fn the_tombstone_of_another_identity_neither_stops_nor_causes_an_end() {
    let mut other = LedgerHead { identity: "github.com/other/shop#7".to_owned(), ..seen(false) };
    other.phase = LedgerPhase::Ended;
    let case = Case::new("lightweight", &[]).head(other);
    case.expect(60, &ReapAction::Keep);
    case.expect(3 * 60 + 30, &mark(4 * 60, EndReason::Expired));
    // Its record of the trigger label is not ours.
    let unlabelled = Case { pull_request: UNLABELLED, ..case };
    unlabelled.expect(60, &ReapAction::Keep);
}

#[test]
fn compliance_waits_for_an_approval_of_this_very_end() {
    let end = at(48 * 60).to_string();
    let approval = |expires_at: &str, generation: u64| {
        json!({ "by": "alice", "at": CREATED, "expires_at": expires_at, "generation": generation }).to_string()
    };
    let due = [("reap-after", end.as_str()), ("reap-reason", "expired")];
    let marked = |approved: &str| {
        let mut extra = due.to_vec();
        extra.push(("approved", approved));
        Case::new("compliance", &extra)
    };
    let awaiting = ReapAction::AwaitApproval(EndReason::Expired);
    Case::new("compliance", &due).expect(48 * 60, &awaiting);
    Case::new("compliance", &due).expect(400 * 60, &awaiting);
    marked(&approval(&end, 1)).expect(48 * 60, &ReapAction::BeginEnd(EndReason::Expired));
    marked(&approval(&at(47 * 60).to_string(), 1)).expect(48 * 60, &awaiting);
    marked(&approval(&end, 0)).expect(48 * 60, &awaiting);
    // A closed pull request is a reason, too, and needs the approval before its mark.
    let closed = Case::new("compliance", &[]).pull_request(PullRequestState::Closed);
    closed.expect(60, &ReapAction::AwaitApproval(EndReason::Closed));
    let approved = approval(&end, 1);
    let closed = Case::new("compliance", &[("approved", &approved)]).pull_request(PullRequestState::Closed);
    closed.expect(60, &mark(75, EndReason::Closed));
    // The request of a person needs the approval, too, before and after the end.
    let requested = [("reap-after", CREATED), ("reap-reason", "requested")];
    Case::new("compliance", &requested).expect(60, &ReapAction::AwaitApproval(EndReason::Requested));
    Case::new("compliance", &requested).expect(50 * 60, &awaiting);
    let mut extra = requested.to_vec();
    extra.push(("approved", &approved));
    Case::new("compliance", &extra).expect(60, &ReapAction::BeginEnd(EndReason::Requested));
    // Within its warning time it is warned like every other.
    Case::new("compliance", &[]).expect(45 * 60, &mark(49 * 60, EndReason::Expired));
}

#[test]
fn a_closed_pull_request_or_a_deleted_branch_is_marked_and_ended_after_the_hand_over() {
    for (state, reason, word) in [
        (PullRequestState::Closed, EndReason::Closed, "closed"),
        (PullRequestState::BranchDeleted, EndReason::BranchDeleted, "branch-deleted"),
    ] {
        Case::new("full", &[]).pull_request(state).expect(60, &mark(75, reason));
        let due = at(75).to_string();
        let marked = Case::new("full", &[("reap-after", &due), ("reap-reason", word)]).pull_request(state);
        marked.expect(74, &ReapAction::Keep);
        marked.expect(75, &ReapAction::BeginEnd(reason));
        // A mark for another reason is replaced, and never delayed.
        let end = at(24 * 60).to_string();
        let expired = Case::new("full", &[("reap-after", &end), ("reap-reason", "expired")]).pull_request(state);
        expired.expect(23 * 60, &mark(23 * 60 + 15, reason));
        expired.expect(23 * 60 + 50, &mark(24 * 60, reason));
        // A mark for an earlier end is not a warning.
        let void = at(65).to_string();
        let expired = Case::new("full", &[("reap-after", &void), ("reap-reason", "expired")]).pull_request(state);
        expired.expect(60, &mark(75, reason));
        expired.expect(70, &mark(85, reason));
    }
}

#[test]
fn a_removed_trigger_label_ends_an_environment_only_if_it_was_seen_and_not_removed_by_us() {
    let case = |head| Case::new("full", &[]).head(head).pull_request(UNLABELLED);
    case(seen(false)).expect(60, &mark(75, EndReason::Unlabelled));
    case(seen(true)).expect(60, &ReapAction::Keep);
    case(live()).expect(60, &ReapAction::Keep);
    let no_label = PullRequestState::Open { labelled: None };
    Case::new("full", &[]).head(seen(false)).pull_request(no_label).expect(60, &ReapAction::Keep);
    let due = [("reap-after", CREATED), ("reap-reason", "unlabelled")];
    let marked = Case::new("full", &due).head(seen(false)).pull_request(UNLABELLED);
    marked.expect(60, &ReapAction::BeginEnd(EndReason::Unlabelled));
}

#[test]
fn unknown_is_open() {
    let unknown = PullRequestState::Unknown;
    Case::new("full", &[]).head(seen(false)).pull_request(unknown).expect(60, &ReapAction::Keep);
    for word in ["closed", "branch-deleted", "unlabelled"] {
        let due = [("reap-after", CREATED), ("reap-reason", word)];
        let marked = Case::new("full", &due).head(seen(false)).pull_request(unknown);
        marked.expect(60, &ReapAction::Keep);
    }
    // The end for expiry needs no forge.
    Case::new("full", &[]).pull_request(unknown).expect(23 * 60, &mark(25 * 60, EndReason::Expired));
}

#[test]
fn an_environment_is_warned_in_its_warning_time_and_ends_on_time() {
    let case = Case::new("lightweight", &[]);
    case.expect(3 * 60 + 29, &ReapAction::Keep);
    case.expect(3 * 60 + 30, &mark(4 * 60, EndReason::Expired));
    let due = at(4 * 60).to_string();
    let marked = Case::new("lightweight", &[("reap-after", &due), ("reap-reason", "expired")]);
    marked.expect(4 * 60 - 1, &ReapAction::Keep);
    marked.expect(4 * 60, &ReapAction::BeginEnd(EndReason::Expired));
}

#[test]
fn no_environment_ends_before_the_whole_warning_time() {
    let case = Case::new("lightweight", &[]);
    // The reaper was down: the warning is given late, and in full.
    case.expect(3 * 60 + 50, &mark(4 * 60 + 20, EndReason::Expired));
    case.expect(100_000, &mark(100_030, EndReason::Expired));
    // A TTL shorter than the warning time has half of itself as the warning time.
    let mut short = Case::new("lightweight", &[]);
    short.namespace["metadata"]["labels"]["environment.on-demand/ttl"] = json!("20m");
    short.expect(9, &ReapAction::Keep);
    short.expect(10, &mark(20, EndReason::Expired));
}

#[test]
fn a_mark_for_an_earlier_end_is_not_a_warning() {
    // Warned of the end at 4 h, used at 3 h 50, and no run until the new end at 7 h 50.
    let active = at(230).to_string();
    let due = at(240).to_string();
    let extra = [("last-activity-at", active.as_str()), ("reap-after", &due), ("reap-reason", "expired")];
    let case = Case::new("lightweight", &extra);
    case.expect(230 + 240 + 5, &mark(230 + 240 + 35, EndReason::Expired));
    case.expect(230 + 240 - 10, &mark(230 + 240 + 20, EndReason::Expired));
    // An end that moved by less than the warning time has been warned of in time.
    let end = at(250).to_string();
    let moved =
        Case::new("lightweight", &[("expires-at", end.as_str()), ("reap-after", &due), ("reap-reason", "expired")]);
    moved.expect(249, &ReapAction::Keep);
    moved.expect(250, &ReapAction::BeginEnd(EndReason::Expired));
}

#[test]
fn activity_takes_the_mark_away() {
    let active = at(230).to_string();
    let due = at(240).to_string();
    let extra = [("last-activity-at", active.as_str()), ("reap-after", &due), ("reap-reason", "expired")];
    let case = Case::new("lightweight", &extra);
    case.expect(235, &ReapAction::Unmark);
    case.expect(245, &ReapAction::Unmark);
    // A reopened pull request, and a label that is back.
    for word in ["closed", "branch-deleted", "unlabelled"] {
        let due = [("reap-after", CREATED), ("reap-reason", word)];
        Case::new("full", &due).head(seen(false)).expect(60, &ReapAction::Unmark);
    }
}

#[test]
fn a_requested_end_needs_no_other_reason() {
    let due = at(60).to_string();
    let case = Case::new("full", &[("reap-after", &due), ("reap-reason", "requested")]);
    case.expect(59, &ReapAction::Keep);
    case.expect(60, &ReapAction::BeginEnd(EndReason::Requested));
}

#[test]
fn an_idle_environment_sleeps_if_the_policy_says_so_and_only_ours_are_woken() {
    let mut case = Case::new("full", &[]);
    case.expect(12 * 60, &ReapAction::Keep);
    case.policy.sleep_when_idle.insert(Tier::Full);
    case.expect(11 * 60, &ReapAction::Keep);
    case.expect(12 * 60, &ReapAction::Sleep);
    case.woken_at = Some(at(8 * 60));
    case.expect(12 * 60, &ReapAction::Keep);
    case.expect(20 * 60, &ReapAction::Sleep);
    let active = at(12 * 60).to_string();
    let extra = [("state", "asleep"), ("last-activity-at", active.as_str())];
    let mut asleep = Case::new("full", &extra);
    asleep.policy.sleep_when_idle.insert(Tier::Full);
    asleep.expect(13 * 60, &ReapAction::Keep);
    asleep.asleep_by_us = true;
    asleep.expect(13 * 60, &ReapAction::Wake);
    asleep.expect(24 * 60, &ReapAction::Keep);
    // A deployment that failed before the sleep recovers only if it runs again.
    let failing = [("state", "asleep"), ("last-activity-at", active.as_str()), ("failing", "Deployment/web: no image")];
    let mut failed = Case { asleep_by_us: true, ..Case::new("full", &failing) };
    failed.expect(13 * 60, &ReapAction::Wake);
    failed.expect(24 * 60, &ReapAction::Keep);
    failed.asleep_by_us = false;
    failed.expect(13 * 60, &ReapAction::Keep);
}

#[test]
fn an_interrupted_create_and_a_rendered_environment_expire() {
    let mut interrupted = Case::new("lightweight", &[]);
    let annotations = interrupted.namespace["metadata"]["annotations"].as_object_mut().unwrap();
    annotations.remove("environment.on-demand/provisioned-at");
    interrupted.expect(3 * 60 + 30, &mark(4 * 60, EndReason::Expired));
    let mut rendered = Case::new("lightweight", &[("made-by", "argocd")]);
    let annotations = rendered.namespace["metadata"]["annotations"].as_object_mut().unwrap();
    annotations.remove("environment.on-demand/provisioned-at");
    annotations.remove("environment.on-demand/created-at");
    rendered.expect(3 * 60 + 30, &mark(4 * 60, EndReason::Expired));
    interrupted.head = None;
    interrupted.expect(3 * 60 + 30, &mark(4 * 60, EndReason::Expired));
}

proptest! {
    /// For any values on a namespace: an end begins only with a valid mark that is due, and a reason that is reported.
    #[test]
    fn no_end_without_a_due_mark(
        tier in "lightweight|full|compliance|staging|huge|production",
        expires in proptest::option::of("[0-9TZ:-]{0,12}|2026-03-0[1-9]T12:00:00Z"),
        reap_after in proptest::option::of("[a-z]{0,3}|2026-03-0[1-9]T12:00:00Z"),
        reason in proptest::option::of("expired|closed|branch-deleted|unlabelled|requested|destroyed|lost|x"),
        protected in proptest::option::of("true|false|x"),
        state in 0_usize..5,
        minute in 0_i64..20_000,
    ) {
        let mut extra: Vec<(&str, &str)> = Vec::new();
        for (key, value) in [("expires-at", &expires), ("reap-after", &reap_after), ("reap-reason", &reason), ("protected", &protected)] {
            if let Some(value) = value {
                extra.push((key, value));
            }
        }
        let states = [
            PullRequestState::Unknown,
            PullRequestState::Closed,
            PullRequestState::BranchDeleted,
            UNLABELLED,
            PullRequestState::Open { labelled: Some(true) },
        ];
        let case = Case::new(&tier, &extra).head(seen(false)).pull_request(states[state]);
        let action = case.decide(minute).action;
        if let ReapAction::BeginEnd(end_reason) = action {
            let due: Timestamp = reap_after.as_deref().unwrap_or_default().parse().unwrap();
            prop_assert!(due <= at(minute));
            prop_assert!(!["staging", "compliance", "huge", "production"].contains(&tier.as_str()));
            prop_assert!(protected.as_deref().is_none_or(|text| text == "false"));
            match end_reason {
                EndReason::Expired => prop_assert!(reason.as_deref() == Some("expired")),
                EndReason::Requested => prop_assert!(reason.as_deref() == Some("requested")),
                EndReason::Closed => prop_assert_eq!(state, 1),
                EndReason::BranchDeleted => prop_assert_eq!(state, 2),
                EndReason::Unlabelled => prop_assert_eq!(state, 3),
                EndReason::Destroyed | EndReason::Lost => prop_assert!(false),
            }
        }
    }
}
