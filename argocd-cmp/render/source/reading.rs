//! Input of reading a source, and paths in the received tree.

use crate::application::{Application, Preview};
use crate::files::Files;
use crate::tools::Tools;

/// Received tree with the Application's directory.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// Files.
    pub files: &'a Files,
    /// Directory of the Application, relative to the tree; `.` for the root.
    pub directory: &'a str,
    /// Directory of the tree in the repository, if only a part was received; empty for the whole repository.
    pub above: &'a str,
}

/// Input of reading a source.
pub(crate) struct Reading<'a> {
    pub(crate) tree: Tree<'a>,
    /// Real path of the Application's directory.
    pub(crate) directory: String,
    pub(crate) application: &'a Application,
    pub(crate) preview: &'a Preview<'a>,
    pub(crate) tools: &'a dyn Tools,
}

/// Path of a name in a directory; the empty directory is the root of the tree.
pub(crate) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Path of the received tree for a path of the repository; none if it is outside the tree.
pub(crate) fn below(path: &str, above: &str) -> Option<String> {
    let clean = path.trim_start_matches("./").trim_matches('/');
    let above = above.trim_matches('/');
    if above.is_empty() || above == "." {
        return Some(clean.to_owned());
    }
    let rest = clean.strip_prefix(above)?;
    if rest.is_empty() { Some(String::new()) } else { rest.strip_prefix('/').map(ToOwned::to_owned) }
}
