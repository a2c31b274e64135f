//! Output on stdout, and questions on a terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use eod_domain::Installation;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// Version of the JSON format.
const JSON_VERSION: u32 = 1;

/// Prints a result. A closed stdout is not a failure, but a full disk is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a note to stderr. An error of stderr cannot be reported.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
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

/// Asks before a change on a cluster, unless `yes` is set. Without a terminal nothing is asked and the change is refused.
pub(crate) fn confirm(yes: bool, cluster: &str, change: &str) -> Result<(), Failure> {
    note(&format!("cluster: {cluster}"));
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
