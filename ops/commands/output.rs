//! Output on stdout, and questions on a terminal.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::OnceLock;

use eod_domain::Installation;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::arguments::ColorChoice;
use crate::failure::Failure;

/// Use of color in this process; none before it is set.
static COLORS: OnceLock<Colors> = OnceLock::new();

/// Use of color on both outputs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Colors {
    stdout: bool,
    stderr: bool,
}

/// Version of the JSON format.
pub(crate) const JSON_VERSION: u32 = 1;

/// Prints a result. A closed stdout is not a failure, but a full disk is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints a result as JSON while it is serialized, so that a long list needs no memory for its text.
pub(crate) fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from);
    written(result.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a note to stderr. An error of stderr cannot be reported.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", with_colored_prefix(text, colors().stderr));
}

/// Sets the use of color. Later calls have no effect.
pub(crate) fn set_colors(choice: ColorChoice, variables: &BTreeMap<String, String>) {
    let is_used = |is_terminal: bool| is_colored(choice, variables, is_terminal);
    let colors = Colors { stdout: is_used(io::stdout().is_terminal()), stderr: is_used(io::stderr().is_terminal()) };
    // The first choice stays.
    let _ = COLORS.set(colors);
}

/// First row of a table.
pub(crate) fn heading(text: &str) -> String {
    if colors().stdout { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn colors() -> Colors {
    COLORS.get().copied().unwrap_or_default()
}

fn is_colored(choice: ColorChoice, variables: &BTreeMap<String, String>, is_terminal: bool) -> bool {
    let variable = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_terminal && variable("NO_COLOR").is_empty() && variable("TERM") != "dumb",
    }
}

fn with_colored_prefix(text: &str, is_used: bool) -> String {
    let prefixes = [("error:", "31"), ("warning:", "33")];
    let found = prefixes.into_iter().find_map(|(prefix, color)| Some((prefix, color, text.strip_prefix(prefix)?)));
    match found.filter(|_| is_used) {
        Some((prefix, color, rest)) => format!("\u{1b}[{color}m{prefix}\u{1b}[0m{rest}"),
        None => text.to_owned(),
    }
}

/// JSON object with the version, the time of the cluster, the installation and these fields.
pub(crate) fn document(now: Timestamp, installation: &Installation, fields: Value) -> String {
    let mut object = Map::new();
    object.insert("version".to_owned(), json!(JSON_VERSION));
    object.insert("now".to_owned(), json!(now));
    object.insert("installation".to_owned(), json!(installation));
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    format!("{:#}\n", Value::Object(object))
}

/// Shows the place of a change, and asks before it unless `yes` is set. Without a terminal nothing is asked and the change is
/// refused.
pub(crate) fn confirm(yes: bool, place: &str, change: &str) -> Result<(), Failure> {
    note(place);
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let failure = Failure::usage(format!("{change}: this needs a confirmation, and stdin is not a terminal"));
        return Err(failure.remedy("add --yes"));
    }
    // An error of stderr cannot be reported.
    let _ = write!(io::stderr(), "{change}? Type `yes`: ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        Ok(_) | Err(_) => Err(Failure::failed("not confirmed; nothing was changed")),
    }
}

#[cfg(test)]
mod tests;
