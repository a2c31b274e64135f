//! `eod audit`: every event of an environment, and the verification of the chain.

use eod_domain::EnvironmentName;
use eod_domain::ledger::CHAIN_PROOF;
use serde_json::json;

use super::timeline::Timeline;
use crate::arguments::OutputFormat;
use crate::failure::{Failure, Outcome};
use crate::output::{document, note, print};
use crate::session::OpsSession;

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    format: OutputFormat,
    name: &EnvironmentName,
) -> Result<Outcome, Failure> {
    let ledger = session.ledgers.get(name, &session.deadline).await?;
    let Some(ledger) = ledger else {
        let failure = Failure::failed(format!("environment `{name}` has no ledger"));
        return Err(failure.remedy("run `eod list --all`, and check --installation and --context"));
    };
    let now = session.now()?;
    let timeline = Timeline::of(&ledger);
    let sealed = timeline.events.iter().filter(|(number, _)| number.is_some()).count();
    let loose = timeline.events.len() - sealed;
    let is_whole = timeline.broken.is_none() && timeline.problems.is_empty();
    match format {
        OutputFormat::Json => {
            let fields = json!({
                "environment": name,
                "events": timeline.json(),
                "chain": {
                    "valid": is_whole,
                    "problem": timeline.broken.as_ref().map(ToString::to_string),
                    "sealed": sealed,
                    "not_sealed": loose,
                    "folded": timeline.folded,
                    "proof": CHAIN_PROOF,
                },
                "problems": timeline.problems,
            });
            print(&document(now, &session.settings.installation, fields))?;
        }
        OutputFormat::Table => {
            let mut text = timeline.table().text();
            if timeline.broken.is_none() {
                text.push_str(&format!("\nThe chain is valid: {sealed} sealed events, {} folded", timeline.folded));
                text.push_str(&format!(", {loose} not sealed yet.\n{CHAIN_PROOF}\n"));
            }
            print(&text)?;
        }
    }
    if let Some(error) = &timeline.broken {
        note(&format!("error: the chain of `{name}` is broken: {error}; its sealed events are not shown"));
    }
    for problem in &timeline.problems {
        note(&format!("warning: ledger of `{name}`: {problem}"));
    }
    Ok(if is_whole { Outcome::Done } else { Outcome::Found })
}
