//! helm and kustomize.

use std::path::Path;

use eod_render::{NoTools, ToolRule, Tools};

use crate::renderer::Toolbox;
use crate::watch::Watch;

/// No tools: what needs one is refused by name.
pub(crate) struct NoToolbox;

/// The tools of this machine.
pub(crate) fn open(_: Option<&Path>) -> NoToolbox {
    NoToolbox
}

impl Toolbox for NoToolbox {
    fn open<'a>(&'a self, _: &'a Watch) -> Box<dyn Tools + 'a> {
        Box::new(NoTools)
    }

    fn version(&self, _: &ToolRule) -> String {
        String::new()
    }
}
