//! GitHub and GitHub Enterprise: <https://docs.github.com/rest>.

use eod_domain::Repository;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION},
};
use serde_json::{Value, json};

use super::{
    dialect::{Dialect, pull_request_of, text},
    pull_request::{Comment, MergeState, PullRequest},
    quota::RequestQuota,
    request::{ForgeRequest, escape},
};

/// Version of the API that the parsers support.
const VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));

/// The dialect of GitHub.
pub(super) struct GitHub;

impl Dialect for GitHub {
    fn authorization(&self) -> (HeaderName, &'static str) {
        (AUTHORIZATION, "Bearer ")
    }

    fn headers(&self) -> HeaderMap {
        HeaderMap::from_iter([VERSION, (ACCEPT, HeaderValue::from_static("application/vnd.github+json"))])
    }

    fn list_open(&self, repository: &Repository) -> ForgeRequest {
        let path = format!("{}/pulls?state=open&sort=created&direction=asc&per_page=100", root(repository));
        ForgeRequest::get("list", format!("the open pull requests of {}", repository.short()), path)
    }

    fn pull_request(&self, repository: &Repository, number: u64) -> ForgeRequest {
        let path = format!("{}/pulls/{number}", root(repository));
        ForgeRequest::get("read", pull_request_of(repository, number), path)
    }

    fn add_label(&self, repository: &Repository, number: u64, label: &str) -> ForgeRequest {
        let target = format!("label `{label}` to {}", pull_request_of(repository, number));
        let path = format!("{}/issues/{number}/labels", root(repository));
        ForgeRequest::write(Method::POST, "add", target, path, Some(json!({ "labels": [label] })))
    }

    fn remove_label(&self, repository: &Repository, number: u64, label: &str) -> ForgeRequest {
        let target = format!("label `{label}` from {}", pull_request_of(repository, number));
        let path = format!("{}/issues/{number}/labels/{}", root(repository), escape(label));
        ForgeRequest::write(Method::DELETE, "remove", target, path, None)
    }

    fn list_comments(&self, repository: &Repository, number: u64) -> ForgeRequest {
        let path = format!("{}/issues/{number}/comments?per_page=100", root(repository));
        ForgeRequest::get("list", format!("the comments of {}", pull_request_of(repository, number)), path)
    }

    fn create_comment(&self, repository: &Repository, number: u64, body: &str) -> ForgeRequest {
        let target = format!("a comment on {}", pull_request_of(repository, number));
        let path = format!("{}/issues/{number}/comments", root(repository));
        ForgeRequest::write(Method::POST, "create", target, path, Some(json!({ "body": body })))
    }

    fn update_comment(&self, repository: &Repository, number: u64, comment: u64, body: &str) -> ForgeRequest {
        let target = format!("comment {comment} on {}", pull_request_of(repository, number));
        let path = format!("{}/issues/comments/{comment}", root(repository));
        ForgeRequest::write(Method::PATCH, "update", target, path, Some(json!({ "body": body })))
    }

    fn repository(&self, repository: &Repository) -> ForgeRequest {
        ForgeRequest::get("read", format!("repository {}", repository.short()), root(repository))
    }

    fn parse_repository_path(&self, value: &Value) -> Option<String> {
        text(value, "/full_name")
    }

    fn branch(&self, repository: &Repository, branch: &str) -> ForgeRequest {
        let path = format!("{}/branches/{}", root(repository), escape(branch));
        ForgeRequest::get("read", format!("branch `{branch}` of {}", repository.short()), path)
    }

    fn parse_pull_request(&self, value: &Value) -> Option<PullRequest> {
        let merged = value.get("merged_at").is_some_and(|time| !time.is_null());
        let state = match (value.get("state")?.as_str()?, merged) {
            ("open", _) => MergeState::Open,
            ("closed", true) => MergeState::Merged,
            ("closed", false) => MergeState::Closed,
            _ => return None,
        };
        let labels =
            value.get("labels")?.as_array()?.iter().map(|label| text(label, "/name")).collect::<Option<_>>()?;
        // The repository of the head is null if the fork was deleted.
        let head = value.pointer("/head/repo/id").and_then(Value::as_u64);
        let base = value.pointer("/base/repo/id").and_then(Value::as_u64)?;
        Some(PullRequest {
            number: value.get("number")?.as_u64()?,
            state,
            // The author is null if the account was deleted.
            author: text(value, "/user/login").unwrap_or_default(),
            labels,
            branch: text(value, "/head/ref")?,
            head_sha: text(value, "/head/sha")?,
            is_fork: head != Some(base),
            is_draft: value.get("draft").and_then(Value::as_bool).unwrap_or(false),
            url: text(value, "/html_url")?,
            repository: text(value, "/base/repo/full_name"),
        })
    }

    fn parse_comment(&self, value: &Value) -> Option<Comment> {
        Some(Comment {
            id: value.get("id")?.as_u64()?,
            author: text(value, "/user/login").unwrap_or_default(),
            body: text(value, "/body").unwrap_or_default(),
        })
    }

    fn quota(&self, headers: &HeaderMap) -> Option<RequestQuota> {
        RequestQuota::read(headers, "x-ratelimit")
    }
}

fn root(repository: &Repository) -> String {
    format!("/repos/{}/{}", escape(repository.owner()), escape(repository.repo()))
}
