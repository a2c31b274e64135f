//! `eod list`: the environments of the installation.

use serde_json::json;

use crate::arguments::{ListArguments, OutputFormat, SortOrder};
use crate::environment_view::EnvironmentView;
use crate::failure::{Failure, Outcome};
use crate::fleet::Fleet;
use crate::output::{document, note, print};
use crate::session::OpsSession;
use crate::table::TextTable;

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    format: OutputFormat,
    arguments: &ListArguments,
) -> Result<Outcome, Failure> {
    let Fleet { environments, problems, now } = Fleet::read(session).await?;
    let mut shown: Vec<EnvironmentView> = environments;
    shown.retain(|view| (arguments.all || !view.is_hidden()) && is_selected(view, arguments));
    sort(&mut shown, arguments.sort);
    for problem in &problems {
        note(&format!("warning: {problem}"));
    }
    for view in &shown {
        for problem in &view.problems {
            note(&format!("warning: environment `{}`: {problem}; it is kept until this is corrected", view.name));
        }
    }
    let text = match format {
        OutputFormat::Json => {
            let list: Vec<_> = shown.iter().map(EnvironmentView::json).collect();
            document(now, &session.settings.installation, json!({ "environments": list }))
        }
        OutputFormat::Table => {
            let mut table = TextTable::new(titles(arguments.wide));
            for view in &shown {
                let mut cells = vec![
                    view.name.clone(),
                    view.status.to_string(),
                    view.tier.map(|tier| tier.to_string()).unwrap_or_default(),
                    view.owner.clone().unwrap_or_default(),
                    view.commit(),
                    view.age(now),
                    view.ends(now),
                    view.cost(),
                    view.url().unwrap_or_default(),
                ];
                if arguments.wide {
                    cells.push(view.pull_request_url.clone().unwrap_or_default());
                    cells.push(view.made_by.map(|tool| tool.to_string()).unwrap_or_default());
                    cells.push(view.runs());
                    cells.push(view.left_text());
                }
                table.row(cells);
            }
            table.text()
        }
    };
    print(&text)?;
    let is_wrong = !problems.is_empty() || shown.iter().any(|view| !view.problems.is_empty() || !view.left.is_empty());
    Ok(if is_wrong { Outcome::Found } else { Outcome::Done })
}

fn titles(wide: bool) -> &'static [&'static str] {
    const WIDE: [&str; 13] = [
        "NAME",
        "STATUS",
        "TIER",
        "OWNER",
        "COMMIT",
        "AGE",
        "ENDS",
        "COST/DAY",
        "URL",
        "PULL-REQUEST",
        "MADE-BY",
        "RUNS",
        "LEFT",
    ];
    if wide { &WIDE } else { WIDE.split_at(9).0 }
}

fn is_selected(view: &EnvironmentView, arguments: &ListArguments) -> bool {
    let ListArguments { repository, owner, tier, status, all: _, wide: _, sort: _ } = arguments;
    let is_repository = |wanted: &String| {
        let full = view.identity.as_ref().and_then(|identity| identity.repository.as_ref());
        full.is_some_and(|found| {
            found.short().eq_ignore_ascii_case(wanted) || found.canonical().eq_ignore_ascii_case(wanted)
        })
    };
    repository.as_ref().is_none_or(is_repository)
        && owner.as_ref().is_none_or(|wanted| view.owner.as_ref() == Some(wanted))
        && tier.is_none_or(|wanted| view.tier == Some(wanted))
        && status.is_none_or(|wanted| view.status == wanted)
}

fn sort(views: &mut [EnvironmentView], order: SortOrder) {
    match order {
        SortOrder::Name => views.sort_by(|one, other| one.name.cmp(&other.name)),
        // Those without an end come last.
        SortOrder::Ends => views.sort_by_key(|view| (view.end().is_none(), view.end(), view.name.clone())),
        SortOrder::Cost => views.sort_by_key(|view| (std::cmp::Reverse(view.cost_per_day), view.name.clone())),
    }
}
