//! Answers of the fake forge, without I/O.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{FakePull, ForgeCall, ForgeDialect, ForgeState, InjectedAnswer};

/// Maximum number of writes in a minute.
const WRITES_PER_MINUTE: usize = 80;

/// A call with its body.
pub(super) struct ArrivedCall<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) if_none_match: Option<&'a str>,
    pub(super) body: &'a Value,
}

impl ForgeState {
    /// Answers a call and logs it.
    pub(super) fn answer(&mut self, call: &ArrivedCall<'_>) -> InjectedAnswer {
        let mut answer = self.injected(call).or_else(|| self.refused()).unwrap_or_else(|| self.normal(call));
        if call.method != "GET" && self.has_too_many_writes() {
            answer = InjectedAnswer::refusal(403, "You have exceeded a secondary rate limit").with("retry-after", "60");
        }
        if let Some(limits) = &mut self.limits {
            if answer.status != 304 {
                limits.remaining = limits.remaining.saturating_sub(1);
            }
            let remaining = ("x-ratelimit-remaining", limits.remaining.to_string());
            answer.headers.extend([remaining, ("x-ratelimit-reset", limits.reset.to_string())]);
        }
        let path = if call.query.is_empty() { call.path.to_owned() } else { format!("{}?{}", call.path, call.query) };
        self.calls.push(ForgeCall { method: call.method.to_owned(), path, status: answer.status });
        answer
    }

    fn injected(&mut self, call: &ArrivedCall<'_>) -> Option<InjectedAnswer> {
        let is_match = |(matches, left, _): &&mut (super::CallMatcher, usize, InjectedAnswer)| {
            *left > 0 && matches(call.method, call.path)
        };
        let (_, left, answer) = self.injected.iter_mut().find(is_match)?;
        *left = left.saturating_sub(1);
        Some(answer.clone())
    }

    /// Refusal of a call after the quota is used up.
    fn refused(&self) -> Option<InjectedAnswer> {
        let is_used_up = self.limits.as_ref().is_some_and(|limits| limits.remaining == 0);
        is_used_up.then(|| InjectedAnswer::refusal(403, "API rate limit exceeded"))
    }

    fn has_too_many_writes(&mut self) -> bool {
        let Some(limits) = &mut self.limits else { return false };
        let now = Instant::now();
        limits.writes.push_back(now);
        while limits.writes.front().is_some_and(|at| now.duration_since(*at) > Duration::from_secs(60)) {
            limits.writes.pop_front();
        }
        limits.writes.len() > WRITES_PER_MINUTE
    }

    fn normal(&mut self, call: &ArrivedCall<'_>) -> InjectedAnswer {
        let answer = match self.dialect {
            ForgeDialect::GitHub => self.github(call),
            ForgeDialect::GitLab => self.gitlab(call),
        };
        answer.unwrap_or_else(|| InjectedAnswer::refusal(404, "Not Found"))
    }

    fn github(&mut self, call: &ArrivedCall<'_>) -> Option<InjectedAnswer> {
        if call.method == "POST" && call.path.starts_with("/app/installations/") {
            let token = json!({ "token": super::APP_TOKEN, "expires_at": "2100-01-01T00:00:00Z" });
            return Some(InjectedAnswer::json(201, &token));
        }
        let parts: Vec<&str> = call.path.strip_prefix("/repos/")?.split('/').skip(2).collect();
        match (call.method, parts.as_slice()) {
            ("GET", []) => Some(InjectedAnswer::json(200, &json!({ "full_name": call.path.strip_prefix("/repos/")? }))),
            ("GET", ["pulls"]) => Some(self.list(call)),
            ("GET", ["pulls", number]) => self.entry(number.parse().ok()?),
            ("POST", ["issues", number, "labels"]) => {
                let labels = call.body["labels"].as_array()?.iter().filter_map(Value::as_str);
                let labels: BTreeSet<String> = labels.map(ToOwned::to_owned).collect();
                self.pulls.get_mut(&number.parse().ok()?)?.labels.extend(labels);
                Some(InjectedAnswer::json(200, &json!([])))
            }
            ("DELETE", ["issues", number, "labels", label]) => {
                let removed = self.pulls.get_mut(&number.parse().ok()?)?.labels.remove(*label);
                let missing = InjectedAnswer::refusal(404, "Label does not exist");
                Some(if removed { InjectedAnswer::json(200, &json!([])) } else { missing })
            }
            ("GET", ["branches", branch]) => {
                let exists = self.branches.contains(*branch);
                let missing = InjectedAnswer::refusal(404, "Branch not found");
                Some(if exists { InjectedAnswer::json(200, &json!({ "name": branch })) } else { missing })
            }
            _ => None,
        }
    }

    fn gitlab(&mut self, call: &ArrivedCall<'_>) -> Option<InjectedAnswer> {
        let parts: Vec<&str> = call.path.strip_prefix("/projects/")?.split('/').skip(1).collect();
        match (call.method, parts.as_slice()) {
            ("GET", []) => {
                let path = call.path.strip_prefix("/projects/")?.replace("%2F", "/");
                Some(InjectedAnswer::json(200, &json!({ "path_with_namespace": path })))
            }
            ("GET", ["merge_requests"]) => Some(self.list(call)),
            ("GET", ["merge_requests", number]) => self.entry(number.parse().ok()?),
            ("PUT", ["merge_requests", number]) => {
                let number = number.parse().ok()?;
                let labels = |key: &str| call.body[key].as_str().unwrap_or_default().to_owned();
                let (added, removed) = (labels("add_labels"), labels("remove_labels"));
                let pull = self.pulls.get_mut(&number)?;
                pull.labels.extend(Some(added).filter(|label| !label.is_empty()));
                pull.labels.remove(&removed);
                self.entry(number)
            }
            ("GET", ["repository", "branches", branch]) => {
                let exists = self.branches.contains(*branch);
                let missing = InjectedAnswer::refusal(404, "404 Branch Not Found");
                Some(if exists { InjectedAnswer::json(200, &json!({ "name": branch })) } else { missing })
            }
            _ => None,
        }
    }

    fn entry(&self, number: u64) -> Option<InjectedAnswer> {
        Some(InjectedAnswer::json(200, &self.pulls.get(&number)?.json(number, self.dialect)))
    }

    /// A page of the open pull requests, with the links and the tag of GitHub.
    fn list(&self, call: &ArrivedCall<'_>) -> InjectedAnswer {
        let parameter = |name: &str| {
            let value = call.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse::<usize>().ok())
        };
        let size = parameter("per_page").unwrap_or(30).min(self.page).max(1);
        let page = parameter("page").unwrap_or(1).max(1);
        let open: Vec<_> = self.pulls.iter().filter(|(_, pull)| pull.is_open).collect();
        let entries = open.iter().skip((page - 1) * size).take(size);
        let entries: Vec<Value> = entries.map(|(number, pull)| pull.json(**number, self.dialect)).collect();
        let body = Value::Array(entries);
        let tag = tag(&body);
        if call.if_none_match == Some(tag.as_str()) {
            return InjectedAnswer { status: 304, headers: vec![("etag", tag)], body: String::new() };
        }
        let answer = InjectedAnswer::json(200, &body).with("etag", tag);
        if page * size >= open.len() {
            return answer;
        }
        let rest: Vec<&str> = call.query.split('&').filter(|pair| !pair.starts_with("page=")).collect();
        let next = format!("<{}{}?{}&page={}>; rel=\"next\"", self.url, call.path, rest.join("&"), page + 1);
        answer.with("link", next)
    }
}

impl FakePull {
    fn json(&self, number: u64, dialect: ForgeDialect) -> Value {
        let Self { sha, labels, is_open, is_fork } = self;
        match dialect {
            ForgeDialect::GitHub => json!({
                "number": number, "state": if *is_open { "open" } else { "closed" }, "merged_at": null, "draft": false,
                "user": { "login": "developer" },
                "labels": labels.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
                "head": { "ref": format!("feature-{number}"), "sha": sha, "repo": { "id": if *is_fork { 2 } else { 1 } } },
                "base": { "ref": "main", "repo": { "id": 1 } },
                "html_url": format!("https://github.com/acme/shop/pull/{number}"),
            }),
            ForgeDialect::GitLab => json!({
                "id": 9000 + number, "iid": number, "state": if *is_open { "opened" } else { "closed" }, "draft": false,
                "author": { "username": "developer" }, "labels": labels,
                "source_branch": format!("feature-{number}"), "sha": sha,
                "source_project_id": if *is_fork { 2 } else { 1 }, "target_project_id": 1,
                "web_url": format!("https://gitlab.com/acme/team/shop/-/merge_requests/{number}"),
            }),
        }
    }
}

fn tag(body: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    body.to_string().hash(&mut hasher);
    format!("\"{:x}\"", hasher.finish())
}
