//! `policy check`: reads a policy file like `serve`.

use std::path::Path;

use super::{CommandResult, print, print_refusals};
use crate::policy::load;

pub(super) fn run(file: &Path) -> CommandResult {
    match load(file) {
        Ok(_) => print(&format!("{}: ok\n", file.display())),
        Err(refusals) => print_refusals(&refusals),
    }
}
