//! Failures of a fetch.

use eod_render::ToolError;

pub(super) fn error(message: String, remedy: &str) -> ToolError {
    ToolError { message, remedy: remedy.to_owned() }
}
