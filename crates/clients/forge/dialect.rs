//! Differences between forges: pure functions that create requests and parse responses.

use eod_domain::Repository;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::{
    pull_request::{Comment, PullRequest},
    quota::RequestQuota,
    request::ForgeRequest,
};

/// One kind of forge. A parser returns `None` for a response of another form, never a part of it.
pub(super) trait Dialect: Send + Sync {
    /// Header of the token, and the prefix of its value.
    fn authorization(&self) -> (HeaderName, &'static str);

    /// Further headers of every request.
    fn headers(&self) -> HeaderMap;

    /// First page of the open pull requests, oldest first, so that a new one does not move the others to another page.
    fn list_open(&self, repository: &Repository) -> ForgeRequest;

    /// One pull request.
    fn pull_request(&self, repository: &Repository, number: u64) -> ForgeRequest;

    /// Adds a label. Succeeds if the pull request has it already.
    fn add_label(&self, repository: &Repository, number: u64, label: &str) -> ForgeRequest;

    /// Removes a label. May be answered with 404 if the pull request does not have it.
    fn remove_label(&self, repository: &Repository, number: u64, label: &str) -> ForgeRequest;

    /// First page of the comments of a pull request.
    fn list_comments(&self, repository: &Repository, number: u64) -> ForgeRequest;

    /// A new comment.
    fn create_comment(&self, repository: &Repository, number: u64, body: &str) -> ForgeRequest;

    /// A new text of a comment.
    fn update_comment(&self, repository: &Repository, number: u64, comment: u64, body: &str) -> ForgeRequest;

    /// The repository itself.
    fn repository(&self, repository: &Repository) -> ForgeRequest;

    /// Path of a repository in a response: `acme/shop`.
    fn parse_repository_path(&self, value: &Value) -> Option<String>;

    /// A branch.
    fn branch(&self, repository: &Repository, branch: &str) -> ForgeRequest;

    /// Parses a pull request.
    fn parse_pull_request(&self, value: &Value) -> Option<PullRequest>;

    /// Parses a comment.
    fn parse_comment(&self, value: &Value) -> Option<Comment>;

    /// The quota of the token, if the response names it.
    fn quota(&self, headers: &HeaderMap) -> Option<RequestQuota>;
}

/// Name of a pull request in errors.
pub(super) fn pull_request_of(repository: &Repository, number: u64) -> String {
    format!("pull request {number} of {}", repository.short())
}

/// A string field of an object.
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}
