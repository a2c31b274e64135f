//! `eod show`: everything about an environment.

use eod_domain::ledger::{LedgerHead, summary_name};
use eod_domain::{
    Decision, DecisionInput, EnvironmentName, EnvironmentReading, PullRequestState, ReapAction, decide, labels,
};
use eod_reaper::RunSummary;
use serde_json::{Value, json};

use super::reap::policy;
use super::timeline::Timeline;
use crate::arguments::OutputFormat;
use crate::environment_view::EnvironmentView;
use crate::failure::{Failure, Outcome};
use crate::output::{document, note, print};
use crate::session::{LoadedEnvironment, OpsSession};
use crate::table::printable;

/// Everything that is shown of an environment.
struct Shown<'a> {
    view: EnvironmentView,
    loaded: &'a LoadedEnvironment,
    head: Option<&'a LedgerHead>,
    /// Decision of the reaper; none for an environment without a namespace.
    decision: Option<Decision>,
    timeline: Option<Timeline>,
    /// Problems of the namespace and of the ledger.
    problems: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    format: OutputFormat,
    name: &EnvironmentName,
) -> Result<Outcome, Failure> {
    let loaded = session.load(name).await?;
    let shown = shown(session, name, &loaded).await?;
    let text = match format {
        OutputFormat::Json => {
            document(loaded.now, &session.settings.installation, json!({ "environment": shown.json() }))
        }
        OutputFormat::Table => shown.text(),
    };
    print(&text)?;
    Ok(if shown.problems.is_empty() { Outcome::Done } else { Outcome::Found })
}

async fn shown<'a>(
    session: &OpsSession,
    name: &EnvironmentName,
    loaded: &'a LoadedEnvironment,
) -> Result<Shown<'a>, Failure> {
    let head = loaded.ledger.as_ref().and_then(|ledger| ledger.head.as_ref().ok());
    let domain = session.settings.domain.as_ref();
    let view = match (&loaded.namespace, &loaded.reading, head) {
        (Some(namespace), Some(reading), head) => EnvironmentView::living(namespace, reading, head, domain)
            .with_arguments(namespace, reading, &session.settings),
        (_, _, Some(head)) => EnvironmentView::absent(name.as_str(), head, None),
        _ => return Err(session.missing(name, loaded)),
    };
    let pull_request = pull_request(session, name, loaded.reading.as_ref()).await;
    let decision = decision(session, loaded, head, pull_request, &summary(session, loaded).await);
    let timeline = loaded.ledger.as_ref().map(Timeline::of);
    let of_ledger = timeline.iter().flat_map(|timeline| timeline.problems.clone());
    let problems = view.problems.iter().cloned().chain(of_ledger).collect();
    Ok(Shown { view, loaded, head, decision, timeline, problems })
}

impl Shown<'_> {
    fn json(&self) -> Value {
        let mut environment = self.view.json();
        if let Some(fields) = environment.as_object_mut() {
            let events = self.timeline.as_ref().map(Timeline::json).unwrap_or_default();
            fields.insert("decision".to_owned(), self.decision.as_ref().map_or(Value::Null, decision_json));
            fields.insert("phase".to_owned(), json!(self.head.map(|head| head.phase)));
            fields.insert("timeline".to_owned(), json!(events));
            fields.insert("problems".to_owned(), json!(self.problems));
        }
        environment
    }

    fn text(&self) -> String {
        let mut text = fields(&self.view, self.head, self.loaded);
        if let Some(decision) = &self.decision {
            text.push_str(&line("decision", &format!("{}: {}", action(&decision.action), decision.reason)));
        }
        if let Some(outlook) = outlook(&self.view, self.head, self.decision.as_ref()) {
            text.push_str(&line("outlook", &outlook));
        }
        for problem in &self.problems {
            text.push_str(&line("problem", problem));
        }
        if let Some(timeline) = self.timeline.as_ref().filter(|timeline| !timeline.events.is_empty()) {
            text.push('\n');
            text.push_str(&timeline.table().text());
        }
        text
    }
}

/// Sentence about the next end, or about the return of an ended environment.
fn outlook(view: &EnvironmentView, head: Option<&LedgerHead>, decision: Option<&Decision>) -> Option<String> {
    let name = &view.name;
    if view.ended_at.is_some() {
        if head.is_some_and(|head| head.lifted) {
            return Some("its end is lifted, so the next apply or sync of its configuration brings it back".to_owned());
        }
        return Some(format!(
            "it stays absent until there is a new commit, a new `extension`, or `eod wake {name}` lifts its end"
        ));
    }
    if view.permanent {
        return Some("the reaper never ends it".to_owned());
    }
    match (&decision?.action, view.end()) {
        (ReapAction::Skip, _) => Some("the reaper does not end it until the problem is corrected".to_owned()),
        (ReapAction::AwaitApproval(_), _) => Some(format!("it ends after `eod approve {name}`, not before")),
        (ReapAction::BeginEnd(_) | ReapAction::ResumeEnd, _) => Some("the next run of the reaper ends it".to_owned()),
        (ReapAction::Mark(mark), _) => Some(format!(
            "the next run of the reaper warns, and a run after {} ends it, unless there is activity",
            mark.reap_after
        )),
        (_, None) => Some("the reaper never ends it for its age".to_owned()),
        (_, Some(end)) => Some(format!("it ends after {end}, unless there is activity")),
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<16} {}\n", printable(value))
}

/// State of the pull request or branch. It is unknown, which counts as open, if the forge is not configured or does not report
/// it.
async fn pull_request(
    session: &OpsSession,
    name: &EnvironmentName,
    reading: Option<&EnvironmentReading>,
) -> PullRequestState {
    let Some(identity) = reading.and_then(|reading| reading.identity.as_ref()) else {
        return PullRequestState::Unknown;
    };
    session.forges.state(name, identity, &session.deadline).await.unwrap_or_else(|failure| {
        note(&format!("warning: the state of the pull request is unknown and counts as open: {failure}"));
        PullRequestState::Unknown
    })
}

/// Summary of the newest run of the reaper, which records who put an environment to sleep; empty if it does not matter or cannot
/// be read.
async fn summary(session: &OpsSession, loaded: &LoadedEnvironment) -> RunSummary {
    let is_asleep = loaded.reading.as_ref().is_some_and(|reading| reading.asleep);
    if !is_asleep && session.settings.reap.sleep_when_idle.is_empty() {
        return RunSummary::default();
    }
    let name = summary_name(&session.settings.installation);
    let found = session.ledgers.text(&name, labels::LEDGER_SUMMARY, &session.deadline).await.unwrap_or_else(|error| {
        note(&format!("warning: the summary of the reaper cannot be read: {}", error.chain()));
        None
    });
    let text = found.filter(|found| found.is_ours).map(|found| found.text);
    text.and_then(|text| RunSummary::from_json(&text)).unwrap_or_default()
}

/// Decision about a living environment.
fn decision(
    session: &OpsSession,
    loaded: &LoadedEnvironment,
    head: Option<&LedgerHead>,
    pull_request: PullRequestState,
    summary: &RunSummary,
) -> Option<Decision> {
    let reading = loaded.reading.as_ref()?;
    let input = DecisionInput {
        reading,
        head,
        pull_request,
        asleep_by_us: summary.asleep.contains(&reading.name),
        woken_at: summary.woken.get(&reading.name).copied(),
        tiers: &session.settings.tiers,
        policy: &policy(session),
        holder: "",
    };
    Some(decide(&input, loaded.now))
}

fn fields(view: &EnvironmentView, head: Option<&LedgerHead>, loaded: &LoadedEnvironment) -> String {
    let now = loaded.now;
    let text = |value: Option<String>| value.unwrap_or_default();
    let approval = loaded.reading.as_ref().and_then(|reading| reading.approval.as_ref().map(|found| (reading, found)));
    let approval = approval.map(|(reading, approval)| {
        let validity = if reading.is_approved() { "for this end" } else { "void: for another end" };
        format!("by {} at {} ({validity})", approval.by, approval.at)
    });
    let mark = view.mark.map(|mark| format!("{}, ends after {}", mark.reason, mark.reap_after));
    let lines = [
        ("name", view.name.clone()),
        ("status", view.status.to_string()),
        ("phase", head.map(|head| format!("{}, generation {}", head.phase, head.generation)).unwrap_or_default()),
        ("tier", text(view.tier.map(|tier| tier.to_string()))),
        ("owner", text(view.owner.clone())),
        ("repository", text(view.repository())),
        ("pull request", text(view.pull_request_url.clone())),
        ("commit", text(view.head_sha.as_ref().map(ToString::to_string))),
        ("runs", text(view.deployed_sha.as_ref().map(ToString::to_string))),
        ("failing", text(view.failing.clone())),
        ("made by", text(view.made_by.map(|tool| tool.to_string()))),
        ("created", text(view.created_at.map(|time| time.to_string()))),
        ("last activity", text(view.last_activity_at.map(|time| time.to_string()))),
        ("expires", text(view.expires_at.map(|time| time.to_string()))),
        ("ends", view.ends(now)),
        ("ended because", text(view.ended_reason.clone())),
        ("mark", text(mark)),
        ("approval", text(approval)),
        ("extension", text(view.extension.clone())),
        ("cost per day", view.cost()),
        ("url", text(view.url())),
        ("left", view.left_text()),
    ];
    let shown = lines.iter().filter(|(_, value)| !value.is_empty());
    shown.map(|(name, value)| line(name, value)).collect()
}

fn decision_json(decision: &Decision) -> Value {
    json!({ "action": action(&decision.action), "reason": decision.reason })
}

fn action(action: &ReapAction) -> &'static str {
    match action {
        ReapAction::Keep => "keep",
        ReapAction::Skip => "skip",
        ReapAction::Mark(_) => "mark",
        ReapAction::Unmark => "unmark",
        ReapAction::Sleep => "sleep",
        ReapAction::Wake => "wake",
        ReapAction::AwaitApproval(_) => "await-approval",
        ReapAction::BeginEnd(_) => "begin-end",
        ReapAction::ResumeEnd => "resume-end",
    }
}

#[cfg(test)]
mod tests;
