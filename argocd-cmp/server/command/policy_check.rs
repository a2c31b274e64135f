//! `policy check`: reads a policy as the sidecar would.

use std::path::Path;

use super::{Ended, print, refuse};
use crate::policy::load;

pub(super) fn run(file: &Path) -> Ended {
    match load(file) {
        Ok(_) => print(&format!("{}: ok\n", file.display())),
        Err(refusals) => refuse(&refusals),
    }
}
