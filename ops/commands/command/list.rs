//! `eod list`: the environments of the installation.

use eod_domain::Installation;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::arguments::{ListArguments, OutputFormat, SortOrder};
use crate::environment_view::EnvironmentView;
use crate::failure::{Failure, Outcome};
use crate::fleet::Fleet;
use crate::output::{JSON_VERSION, note, print, print_json};
use crate::session::OpsSession;
use crate::settings::OpsSettings;
use crate::table::TextTable;

/// Columns of every list, then those of a wide one.
const TITLES: [&str; 13] = [
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
/// Number of columns of a list that is not wide.
const NARROW: usize = 9;

/// Document of `--output json`.
#[derive(Serialize)]
struct ListDocument<'a> {
    environments: Rows<'a>,
    installation: &'a Installation,
    now: Timestamp,
    version: u32,
}

/// Rows that become JSON objects one after the other, so that the list is never in memory as JSON.
struct Rows<'a>(&'a [EnvironmentView]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(EnvironmentView::json))
    }
}

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    format: OutputFormat,
    arguments: &ListArguments,
) -> Result<Outcome, Failure> {
    let Fleet { mut environments, problems, now } = Fleet::read(session, format).await?;
    if environments.is_empty() && problems.is_empty() {
        note(&nothing_found(session));
    }
    environments.retain(|view| is_selected(view, arguments));
    sort(&mut environments, arguments.sort);
    warn(&environments, &problems);
    let is_wrong = |view: &EnvironmentView| !view.problems.is_empty() || view.is_left_wrong;
    let is_right = problems.is_empty() && !environments.iter().any(is_wrong);
    environments.retain(|view| arguments.all || !view.is_hidden());
    match format {
        OutputFormat::Json => {
            let installation = &session.settings.installation;
            print_json(&ListDocument { environments: Rows(&environments), installation, now, version: JSON_VERSION })?;
        }
        OutputFormat::Table => print(&table(&environments, arguments.wide, now).text())?,
    }
    Ok(if is_right { Outcome::Done } else { Outcome::Found })
}

/// Note for a cluster without any environment of the installation: the search, and the options that change it.
fn nothing_found(session: &OpsSession) -> String {
    let OpsSettings { installation, control_namespace, has_installation, .. } = &session.settings;
    let default = if *has_installation { "" } else { ", which is the default," };
    format!(
        "note: installation `{installation}`{default} has no environment and no ledger in this cluster\n\
         cluster: {}; control namespace: {control_namespace}\n\
         remedy: check --installation, --context or --kubeconfig, and --control-namespace",
        session.kubernetes.place()
    )
}

/// Prints everything that cannot be read or that an end has left, also of environments without a row in the list.
fn warn(environments: &[EnvironmentView], problems: &[String]) {
    for problem in problems {
        note(&format!("warning: {problem}"));
    }
    for view in environments {
        for problem in &view.problems {
            note(&format!("warning: environment `{}`: {problem}; it is kept until this is corrected", view.name));
        }
        if view.is_left_wrong {
            let (name, left) = (&view.name, view.left_text());
            note(&format!("warning: environment `{name}`: left: {left}; each run of the reaper tries again"));
        }
    }
}

fn table(environments: &[EnvironmentView], wide: bool, now: Timestamp) -> TextTable {
    let columns = if wide { TITLES.len() } else { NARROW };
    let mut table = TextTable::new(TITLES.get(..columns).unwrap_or(&TITLES));
    for view in environments {
        let mut cells = cells(view, now).to_vec();
        cells.truncate(columns);
        table.row(cells);
    }
    table
}

/// Cells of a row, in the order of [`TITLES`].
fn cells(view: &EnvironmentView, now: Timestamp) -> [String; TITLES.len()] {
    [
        view.name.clone(),
        view.status.to_string(),
        view.tier.map(|tier| tier.to_string()).unwrap_or_default(),
        view.owner.clone().unwrap_or_default(),
        view.commit(),
        view.age(now),
        view.ends(now),
        view.cost(),
        view.url().unwrap_or_default(),
        view.pull_request_url.clone().unwrap_or_default(),
        view.made_by.map(|tool| tool.to_string()).unwrap_or_default(),
        view.runs(),
        view.left_text(),
    ]
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
