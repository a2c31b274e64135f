//! GitLab: <https://docs.gitlab.com/api/rest/>.

use eod_domain::Repository;
use http::{HeaderMap, HeaderName, Method};
use serde_json::{Value, json};

use super::{
    dialect::{Dialect, pull_request_of, text},
    pull_request::{Comment, MergeState, PullRequest},
    quota::RequestQuota,
    request::{ForgeRequest, escape},
};

/// The dialect of GitLab.
pub(super) struct GitLab;

impl Dialect for GitLab {
    fn authorization(&self) -> (HeaderName, &'static str) {
        (HeaderName::from_static("private-token"), "")
    }

    fn headers(&self) -> HeaderMap {
        HeaderMap::new()
    }

    fn list_open(&self, repository: &Repository) -> ForgeRequest {
        let query = "state=opened&order_by=created_at&sort=asc&per_page=100";
        let path = format!("{}/merge_requests?{query}", root(repository));
        ForgeRequest::get("list", format!("the open pull requests of {}", repository.short()), path)
    }

    fn pull_request(&self, repository: &Repository, number: u64) -> ForgeRequest {
        ForgeRequest::get("read", pull_request_of(repository, number), merge_request(repository, number))
    }

    fn add_label(&self, repository: &Repository, number: u64, label: &str) -> ForgeRequest {
        let target = format!("label `{label}` to {}", pull_request_of(repository, number));
        let body = json!({ "add_labels": label });
        ForgeRequest::write(Method::PUT, "add", target, merge_request(repository, number), Some(body))
    }

    fn remove_label(&self, repository: &Repository, number: u64, label: &str) -> ForgeRequest {
        let target = format!("label `{label}` from {}", pull_request_of(repository, number));
        let body = json!({ "remove_labels": label });
        ForgeRequest::write(Method::PUT, "remove", target, merge_request(repository, number), Some(body))
    }

    fn list_comments(&self, repository: &Repository, number: u64) -> ForgeRequest {
        let target = format!("the comments of {}", pull_request_of(repository, number));
        let path = format!("{}/notes?sort=asc&per_page=100", merge_request(repository, number));
        ForgeRequest::get("list", target, path)
    }

    fn create_comment(&self, repository: &Repository, number: u64, body: &str) -> ForgeRequest {
        let target = format!("a comment on {}", pull_request_of(repository, number));
        let path = format!("{}/notes", merge_request(repository, number));
        ForgeRequest::write(Method::POST, "create", target, path, Some(json!({ "body": body })))
    }

    fn update_comment(&self, repository: &Repository, number: u64, comment: u64, body: &str) -> ForgeRequest {
        let target = format!("comment {comment} on {}", pull_request_of(repository, number));
        let path = format!("{}/notes/{comment}", merge_request(repository, number));
        ForgeRequest::write(Method::PUT, "update", target, path, Some(json!({ "body": body })))
    }

    fn repository(&self, repository: &Repository) -> ForgeRequest {
        ForgeRequest::get("read", format!("repository {}", repository.short()), root(repository))
    }

    fn parse_repository_path(&self, value: &Value) -> Option<String> {
        text(value, "/path_with_namespace")
    }

    fn branch(&self, repository: &Repository, branch: &str) -> ForgeRequest {
        let path = format!("{}/repository/branches/{}", root(repository), escape(branch));
        ForgeRequest::get("read", format!("branch `{branch}` of {}", repository.short()), path)
    }

    fn parse_pull_request(&self, value: &Value) -> Option<PullRequest> {
        let state = match value.get("state")?.as_str()? {
            // GitLab locks a merge request for a moment while it merges it.
            "opened" | "locked" => MergeState::Open,
            "closed" => MergeState::Closed,
            "merged" => MergeState::Merged,
            _ => return None,
        };
        let labels = value.get("labels")?.as_array()?.iter();
        let labels = labels.map(|label| label.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        // The source project is null if the fork was deleted.
        let source = value.get("source_project_id").and_then(Value::as_u64);
        let target = value.get("target_project_id")?.as_u64()?;
        Some(PullRequest {
            number: value.get("iid")?.as_u64()?,
            state,
            author: text(value, "/author/username").unwrap_or_default(),
            labels,
            branch: text(value, "/source_branch")?,
            head_sha: text(value, "/sha")?,
            is_fork: source != Some(target),
            is_draft: value.get("draft").and_then(Value::as_bool).unwrap_or(false),
            url: text(value, "/web_url")?,
            repository: text(value, "/references/full").and_then(|full| Some(full.split_once('!')?.0.to_owned())),
        })
    }

    fn parse_comment(&self, value: &Value) -> Option<Comment> {
        Some(Comment {
            id: value.get("id")?.as_u64()?,
            author: text(value, "/author/username").unwrap_or_default(),
            body: text(value, "/body").unwrap_or_default(),
        })
    }

    fn quota(&self, headers: &HeaderMap) -> Option<RequestQuota> {
        RequestQuota::read(headers, "ratelimit")
    }
}

/// Groups may be nested, so the whole path of the project is one escaped segment.
fn root(repository: &Repository) -> String {
    format!("/projects/{}", escape(&format!("{}/{}", repository.owner(), repository.repo())))
}

fn merge_request(repository: &Repository, number: u64) -> String {
    format!("{}/merge_requests/{number}", root(repository))
}
