//! `eod show`: everything about an environment.

use eod_domain::ledger::LedgerHead;
use eod_domain::{Decision, DecisionInput, EnvironmentName, EnvironmentReading, PullRequestState, ReapAction, decide};
use serde_json::{Value, json};

use super::reap::policy;
use super::timeline::Timeline;
use crate::arguments::OutputFormat;
use crate::environment_view::EnvironmentView;
use crate::failure::{Failure, Outcome};
use crate::output::{document, note, print};
use crate::session::{LoadedEnvironment, OpsSession};
use crate::table::printable;

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    format: OutputFormat,
    name: &EnvironmentName,
) -> Result<Outcome, Failure> {
    let loaded = session.load(name).await?;
    let head = loaded.ledger.as_ref().and_then(|ledger| ledger.head.as_ref().ok());
    let domain = session.settings.domain.as_ref();
    let view = match (&loaded.namespace, &loaded.reading, head) {
        (Some(namespace), Some(reading), head) => EnvironmentView::living(namespace, reading, head, domain),
        (_, _, Some(head)) => EnvironmentView::absent(name.as_str(), head, None),
        _ => return Err(session.missing(name, &loaded)),
    };
    let pull_request = pull_request(session, name, loaded.reading.as_ref()).await;
    let decision = decision(session, &loaded, head, pull_request);
    let timeline = loaded.ledger.as_ref().map(Timeline::of);
    let mut problems = view.problems.clone();
    problems.extend(timeline.iter().flat_map(|timeline| timeline.problems.clone()));
    let text = match format {
        OutputFormat::Json => {
            let events = timeline.as_ref().map(Timeline::json).unwrap_or_default();
            let mut environment = view.json();
            if let Some(fields) = environment.as_object_mut() {
                fields.insert("decision".to_owned(), decision.as_ref().map_or(Value::Null, decision_json));
                fields.insert("phase".to_owned(), json!(head.map(|head| head.phase)));
                fields.insert("timeline".to_owned(), json!(events));
                fields.insert("problems".to_owned(), json!(problems));
            }
            document(loaded.now, &session.settings.installation, json!({ "environment": environment }))
        }
        OutputFormat::Table => {
            let mut text = fields(&view, head, &loaded);
            if let Some(decision) = &decision {
                text.push_str(&format!("{:<16} {}: {}\n", "decision", action(&decision.action), decision.reason));
            }
            for problem in &problems {
                text.push_str(&format!("{:<16} {}\n", "problem", printable(problem)));
            }
            if let Some(timeline) = timeline.filter(|timeline| !timeline.events.is_empty()) {
                text.push('\n');
                text.push_str(&timeline.table().text());
            }
            text
        }
    };
    print(&text)?;
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// State of the pull request or branch. It is unknown, which counts as open, if the forge is not configured or does not tell
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

/// Decision about a living environment.
fn decision(
    session: &OpsSession,
    loaded: &LoadedEnvironment,
    head: Option<&LedgerHead>,
    pull_request: PullRequestState,
) -> Option<Decision> {
    let input = DecisionInput {
        reading: loaded.reading.as_ref()?,
        head,
        pull_request,
        asleep_by_us: false,
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
    shown.map(|(name, value)| format!("{name:<16} {}\n", printable(value))).collect()
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
