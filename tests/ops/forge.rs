//! Commands and reaper with a forge: labels, sleep, forks, branches, and facts that a forge does not report.

use std::fs;

use eod_domain::labels;
use eod_testkit::{
    cluster::PATIENCE,
    command::Finished,
    forge::{FakeForge, ForgeDialect, InjectedAnswer},
    wait::wait_until,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Ops;

/// Token of the forge; it must be in no output.
const TOKEN: &str = "canary-token-of-the-forge";

pub(super) const FIRST: &str = "1111111111111111111111111111111111111111";
const SECOND: &str = "2222222222222222222222222222222222222222";

/// An installation with a forge and a configuration file.
pub(super) struct ForgeStory {
    pub(super) ops: Ops,
    pub(super) forge: FakeForge,
    folder: TempDir,
}

impl ForgeStory {
    pub(super) fn new(test: &str, dialect: ForgeDialect) -> Self {
        let story =
            Self { ops: Ops::new(test), forge: FakeForge::start(dialect), folder: tempfile::tempdir().unwrap() };
        let path = |name: &str| story.folder.path().join(name);
        fs::write(path("token"), TOKEN).unwrap();
        story.write_config(&json!({ "token_file": path("token") }), &json!({}));
        story
    }

    /// Writes the configuration file.
    pub(super) fn write_config(&self, auth: &Value, more: &Value) {
        self.write_config_for(self.forge.api(), auth, more);
    }

    /// Writes the configuration file with another URL of the forge's API. JSON is YAML.
    pub(super) fn write_config_for(&self, api: &str, auth: &Value, more: &Value) {
        let kind = if self.forge.dialect() == ForgeDialect::GitHub { "github" } else { "gitlab" };
        let mut config = json!({
            "version": 1,
            "forges": [{
                "host": self.host(), "kind": kind, "api": api, "auth": auth,
                "trigger_label": "preview", "sleep_label": "asleep",
            }],
            "reap": { "handover": "1s", "sleep_when_idle": ["lightweight"] },
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(self.config(), config.to_string()).unwrap();
    }

    pub(super) fn config(&self) -> String {
        self.folder.path().join("eod.yaml").to_str().unwrap().to_owned()
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn host(&self) -> &'static str {
        match self.forge.dialect() {
            ForgeDialect::GitHub => "github.com",
            ForgeDialect::GitLab => "gitlab.com",
        }
    }

    /// Runs `eod` with the configuration file.
    #[track_caller]
    pub(super) fn eod(&self, arguments: &[&str]) -> Finished {
        let finished = self.ops.eod(&[arguments, &["--config", &self.config()]].concat());
        assert!(!finished.report().contains(TOKEN), "the token is in the output of {arguments:?}");
        finished
    }

    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let finished = self.eod(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.report()))
    }

    /// Creates the environment of a pull request or branch, such as `#7` or `@feature`.
    #[track_caller]
    pub(super) fn environment(&self, suffix: &str, subject: &str, more: &Value) -> String {
        let repository = match self.forge.dialect() {
            ForgeDialect::GitHub => "acme/shop",
            ForgeDialect::GitLab => "acme/team/shop",
        };
        let mut annotations =
            json!({ "identity": format!("{}/{repository}{subject}", self.host()), "head-sha": FIRST });
        annotations.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ops.environment(suffix, "lightweight", "4h", &annotations)
    }

    /// Annotations of an environment past its end with a mark that is due.
    pub(super) fn due(&self) -> Value {
        let minutes = |minutes| self.ops.minutes(minutes);
        json!({
            "created-at": minutes(-300), "last-activity-at": minutes(-300), "expires-at": minutes(-60),
            "reap-after": minutes(-30), "reap-reason": "expired",
        })
    }

    /// Runs the reaper until a check of the list of environments succeeds.
    #[track_caller]
    fn reap_until(&self, what: &str, check: impl Fn(&[Value]) -> bool) {
        wait_until(what, PATIENCE, || {
            let run = self.eod(&["reap"]);
            let list = self.json(&["list", "--all"]);
            let list = list["environments"].as_array().unwrap();
            if check(list) { Ok(()) } else { Err(format!("{list:#?}\n{}", run.report())) }
        });
    }

    /// Reason of the end of an environment.
    fn reason(&self, list: &[Value], name: &str) -> Value {
        let found = list.iter().find(|found| found["name"] == name);
        found
            .filter(|found| !found["ended_at"].is_null())
            .map(|found| found["ended_reason"].clone())
            .unwrap_or_default()
    }

    fn said(&self, name: &str) -> Vec<String> {
        let audit = self.json(&["audit", name]);
        audit["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    }
}

/// Ends through the forge: expiry takes the label off, a push puts it back, but never on a fork.
#[track_caller]
fn ends_and_returns(dialect: ForgeDialect) {
    let story = ForgeStory::new(&format!("opsforge{dialect:?}"), dialect);
    let forge = &story.forge;
    forge.open(1, FIRST);
    forge.open_from_fork(2, FIRST);
    forge.open(3, FIRST);
    for number in 1..=3 {
        forge.label(number, "preview");
    }
    forge.create_branch("kept");
    let (own, fork) = (story.environment("a", "#1", &story.due()), story.environment("b", "#2", &story.due()));
    let closed = story.environment("c", "#3", &json!({}));
    let (gone, kept) = (story.environment("d", "@gone", &json!({})), story.environment("e", "@kept", &json!({})));
    forge.set_open(3, false);
    let reasons = [(&own, "expired"), (&fork, "expired"), (&closed, "closed"), (&gone, "branch-deleted")];
    story.reap_until("all four ends", |list| reasons.iter().all(|(name, reason)| story.reason(list, name) == *reason));
    assert!(story.ops.cluster.namespace_exists(&kept));
    // One write for each label that EoD removes; a closed pull request keeps its label.
    assert_eq!([1, 2, 3].map(|number| forge.labels(number)), [vec![], vec![], vec!["preview".to_owned()]]);
    assert_eq!(forge.writes().len(), 2, "{:?}", forge.writes());
    assert!(story.said(&own).contains(&"label-off".to_owned()));

    forge.push(1, SECOND);
    forge.push(2, SECOND);
    let run = story.json(&["reap"]);
    assert_eq!([1, 2].map(|number| forge.labels(number)), [vec!["preview".to_owned()], vec![]], "{run:#}");
    assert!(story.said(&own).contains(&"label-on".to_owned()));
    let refused = story.eod(&["wake", &fork]);
    assert_eq!(refused.code, Some(2), "{}", refused.report());
    assert!(refused.stderr.contains(&format!("--sha {SECOND}")), "{}", refused.report());
    assert_eq!(story.eod(&["wake", &fork, "--sha", FIRST]).code, Some(2), "not the newest commit");
    story.eod(&["wake", &fork, "--sha", SECOND]).expect_ok();
    assert_eq!(forge.labels(2), ["preview"]);

    forge.set_open(3, true);
    let run = story.json(&["reap"]);
    let actions = run["actions"].as_array().unwrap();
    let is_lift = |one: &Value| one["target"] == closed.as_str() && one["action"] == "lift";
    assert!(actions.iter().any(is_lift), "{run:#}");
}

#[test]
fn github_ends_and_returns_follow_the_labels() {
    ends_and_returns(ForgeDialect::GitHub);
}

#[test]
fn gitlab_ends_and_returns_follow_the_labels() {
    ends_and_returns(ForgeDialect::GitLab);
}

/// Sleep by a person, and by the reaper if an environment is idle.
#[track_caller]
fn sleeps_and_wakes(dialect: ForgeDialect) {
    let story = ForgeStory::new(&format!("opssleep{dialect:?}"), dialect);
    let forge = &story.forge;
    for number in 1..=4 {
        forge.open(number, FIRST);
    }
    let named = story.environment("a", "#1", &json!({}));
    story.eod(&["sleep", &named]).expect_ok();
    assert_eq!(forge.labels(1), ["asleep"]);
    story.eod(&["wake", &named]).expect_ok();
    assert!(forge.labels(1).is_empty());
    let said = story.said(&named);
    assert!(said.contains(&"asleep".to_owned()) && said.contains(&"woken".to_owned()), "{said:?}");

    let quiet = json!({
        "created-at": story.ops.minutes(-180), "last-activity-at": story.ops.minutes(-130),
        "expires-at": story.ops.minutes(110),
    });
    let (idle, woken) = (story.environment("b", "#2", &quiet), story.environment("d", "#4", &quiet));
    story.eod(&["reap"]).expect_ok();
    assert_eq!([2, 4].map(|number| forge.labels(number)), [["asleep"], ["asleep"]]);
    story.eod(&["wake", &woken]).expect_ok();
    // Argo CD renders the environment asleep. Activity wakes it, but never one that a person has put to sleep.
    let by_person = story.environment("c", "#3", &json!({ "state": "asleep" }));
    forge.label(3, "asleep");
    let asleep = json!({ "metadata": { "annotations": { labels::STATE: labels::STATE_ASLEEP } } });
    assert_eq!(story.ops.cluster.call("PATCH", &format!("/api/v1/namespaces/{idle}"), Some(&asleep)).0, 200);
    story.eod(&["touch", &idle]).expect_ok();
    let shown = story.json(&["show", &idle]);
    assert_eq!(shown["environment"]["decision"]["action"], "wake", "{shown:#}");
    story.eod(&["reap"]).expect_ok();
    assert!(forge.labels(2).is_empty());
    assert!(forge.labels(4).is_empty(), "its idle time has begun anew");
    assert_eq!(forge.labels(3), ["asleep"], "{by_person}");
}

#[test]
fn github_environments_sleep_and_wake() {
    sleeps_and_wakes(ForgeDialect::GitHub);
}

#[test]
fn gitlab_environments_sleep_and_wake() {
    sleeps_and_wakes(ForgeDialect::GitLab);
}

/// Answers to the list and to the read by number that say nothing about a pull request.
fn silent_answers() -> Vec<(&'static str, InjectedAnswer, InjectedAnswer)> {
    let empty = || InjectedAnswer::json(200, &json!([]));
    let cut = InjectedAnswer { status: 200, headers: Vec::new(), body: "[{\"number\":1".to_owned() };
    let page = InjectedAnswer { status: 200, headers: Vec::new(), body: "<html>sign in</html>".to_owned() };
    let elsewhere = InjectedAnswer::refusal(301, "moved").with("location", "http://127.0.0.2:1/moved");
    let refused = InjectedAnswer::refusal;
    vec![
        ("empty list, 404", empty(), refused(404, "Not Found")),
        ("empty list, 403", empty(), refused(403, "Resource not accessible by integration")),
        ("empty list, 410", empty(), refused(410, "Gone")),
        ("empty list, 401", empty(), refused(401, "Bad credentials")),
        ("empty list, moved to another host", empty(), elsewhere.clone()),
        ("empty list, web page", empty(), page.clone()),
        ("list cut short, 404", cut, refused(404, "Not Found")),
        ("web page, 404", page, refused(404, "Not Found")),
        ("moved, moved", elsewhere.clone(), elsewhere),
        ("404, 404", refused(404, "Not Found"), refused(404, "Not Found")),
        ("empty list, 500", empty(), refused(500, "internal error")),
    ]
}

#[track_caller]
fn silence_ends_nothing(dialect: ForgeDialect) {
    let story = ForgeStory::new(&format!("opssilent{dialect:?}"), dialect);
    let forge = &story.forge;
    forge.open(1, FIRST);
    forge.label(1, "preview");
    let name = story.environment("a", "#1", &json!({}));
    // The first run records the label as seen.
    story.eod(&["reap"]).expect_ok();
    let is_list = |path: &str| path.ends_with("/pulls") || path.ends_with("/merge_requests");
    for (case, list, number) in silent_answers() {
        forge.inject(move |_, path| is_list(path), usize::MAX, list);
        forge.inject(|_, _| true, usize::MAX, number);
        let run = story.eod(&["reap", "-o", "json"]);
        assert_eq!(run.code, Some(3), "{case}: {}", run.report());
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["actions"], json!([]), "{case}: {report:#}");
        assert!(report["problems"].to_string().contains("is unknown and counts as open"), "{case}: {report:#}");
        assert!(story.ops.annotation(&name, labels::REAP_AFTER).is_empty(), "{case}");
        forge.clear_injected();
    }
    // A limit with a time is waited for.
    let limit = InjectedAnswer::refusal(403, "You have exceeded a secondary rate limit").with("retry-after", "1");
    forge.inject(|_, _| true, 1, limit);
    story.eod(&["reap"]).expect_ok();
    // A list in pages is read to its end.
    forge.set_page(1);
    forge.open(2, FIRST);
    forge.clear_calls();
    story.eod(&["reap"]).expect_ok();
    assert_eq!(forge.calls().len(), 2, "{:?}", forge.calls());
}

#[test]
fn github_that_reports_nothing_ends_nothing() {
    silence_ends_nothing(ForgeDialect::GitHub);
}

#[test]
fn gitlab_that_reports_nothing_ends_nothing() {
    silence_ends_nothing(ForgeDialect::GitLab);
}
