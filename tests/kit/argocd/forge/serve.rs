//! The forge's server.

use std::{
    convert::Infallible,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Change, Review, State, lock, webhook};
use crate::http_server;

/// Answer to a call: status, body, and the changes that the call has made.
type ForgeAnswer = (StatusCode, Value, Vec<Change>);

/// Maximum number of characters of a label's name.
const LONGEST_LABEL: usize = 50;

/// Serves until the other end of `stopped` is dropped.
pub(super) fn run(listener: TcpListener, state: &Arc<Mutex<State>>, stopped: oneshot::Receiver<()>) {
    let state = Arc::clone(state);
    http_server::serve(listener, stopped, move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(respond(request, &state).await) }
    });
}

/// Answers a call. The webhook is called afterwards, as GitHub does.
async fn respond(request: Request<Incoming>, state: &Mutex<State>) -> Response<Full<Bytes>> {
    let (call, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer, events, pause) = {
        let mut state = lock(state);
        let (status, answer, changes) = answer(&call, &body, &mut state);
        let events: Vec<_> = changes.iter().filter_map(|change| state.event(change)).collect();
        let pause = if call.method == Method::GET { Duration::ZERO } else { state.pause };
        (status, answer, events, pause)
    };
    for (url, event) in events {
        tokio::spawn(async move {
            if let Err(error) = webhook::send(&url, &event).await {
                eprintln!("forge: {url}: {error}");
            }
        });
    }
    tokio::time::sleep(pause).await;
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn answer(call: &Parts, body: &Value, state: &mut State) -> ForgeAnswer {
    state.calls.push(format!("{} {}", call.method, call.uri));
    if let Some(code) = state.fault {
        let body = json!({ "message": "a fault of the test" });
        return (StatusCode::from_u16(code).unwrap(), body, Vec::new());
    }
    let root = format!("/api/v3/repos/{}/{}/", state.owner, state.repository);
    let path = call.uri.path().strip_prefix(&root).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let answer = match (&call.method, parts.as_slice()) {
        (&Method::GET, ["pulls"]) => {
            let open = state.pulls.iter().filter(|(_, pull)| pull.is_open);
            let list: Vec<_> = open.map(|(number, pull)| pull.json(*number)).collect();
            Some((StatusCode::OK, Value::Array(list), Vec::new()))
        }
        (&Method::GET, ["pulls", number]) => number.parse().ok().and_then(|number| pull(state, number, Vec::new())),
        (&Method::GET, ["pulls", number, "reviews"]) => number.parse().ok().and_then(|number| reviews(state, number)),
        (&Method::GET, ["collaborators", user, "permission"]) => {
            let permission = if state.writers.contains(*user) { "write" } else { "read" };
            Some((StatusCode::OK, json!({ "permission": permission, "user": { "login": user } }), Vec::new()))
        }
        (&Method::POST, ["pulls"]) => open(state, body),
        (&Method::PATCH, ["pulls", number]) => number.parse().ok().and_then(|number| set_state(state, number, body)),
        (&Method::POST, ["issues", number, "labels"]) => {
            number.parse().ok().and_then(|number| add_labels(state, number, body))
        }
        (&Method::DELETE, ["issues", number, "labels", label]) => {
            number.parse().ok().and_then(|number| remove_label(state, number, label))
        }
        (&Method::PATCH, ["git", "refs", "heads", branch]) => move_branch(state, branch, body),
        _ => None,
    };
    answer.unwrap_or_else(|| (StatusCode::NOT_FOUND, json!({ "message": "Not Found" }), Vec::new()))
}

/// A pull request after these changes.
fn pull(state: &State, number: u32, changes: Vec<Change>) -> Option<ForgeAnswer> {
    Some((StatusCode::OK, state.pulls.get(&number)?.json(number), changes))
}

/// Reviews of a pull request, the oldest first.
fn reviews(state: &State, number: u32) -> Option<ForgeAnswer> {
    let review = |review: &Review| {
        let Review { user, state, sha } = review;
        json!({ "user": { "login": user }, "state": state, "commit_id": sha })
    };
    let list: Vec<_> = state.pulls.get(&number)?.reviews.iter().map(review).collect();
    Some((StatusCode::OK, Value::Array(list), Vec::new()))
}

/// Opens a pull request. GitHub chooses the number and reads the commit from the branch; here they are in the body.
fn open(state: &mut State, body: &Value) -> Option<ForgeAnswer> {
    let number = u32::try_from(body["number"].as_u64()?).ok()?;
    let change = state.open(number, body["head"].as_str()?, body["sha"].as_str()?);
    pull(state, number, vec![change])
}

fn set_state(state: &mut State, number: u32, body: &Value) -> Option<ForgeAnswer> {
    let (action, is_open) = match body["state"].as_str()? {
        "open" => ("reopened", true),
        _ => ("closed", false),
    };
    let change = state.change(action, number, |pull| std::mem::replace(&mut pull.is_open, is_open) != is_open);
    pull(state, number, change.into_iter().collect())
}

fn add_labels(state: &mut State, number: u32, body: &Value) -> Option<ForgeAnswer> {
    let labels = body["labels"].as_array()?.iter().filter_map(Value::as_str);
    if labels.clone().any(|label| label.chars().count() > LONGEST_LABEL) {
        return Some((StatusCode::UNPROCESSABLE_ENTITY, json!({ "message": "Validation Failed" }), Vec::new()));
    }
    let changes = labels
        .filter_map(|label| state.change("labeled", number, |pull| pull.labels.insert(label.to_owned())))
        .collect();
    labels_of(state, number, changes)
}

/// Removes a label; none if the pull request does not have it, which GitHub answers with 404. The path has
/// the label percent-encoded, such as `%2F` for a slash.
fn remove_label(state: &mut State, number: u32, label: &str) -> Option<ForgeAnswer> {
    let label = percent_decode_str(label).decode_utf8().ok()?;
    let change = state.change("unlabeled", number, |pull| pull.labels.remove(label.as_ref()))?;
    labels_of(state, number, vec![change])
}

fn labels_of(state: &State, number: u32, changes: Vec<Change>) -> Option<ForgeAnswer> {
    Some((StatusCode::OK, state.pulls.get(&number)?.json(number)["labels"].clone(), changes))
}

/// Moves a branch to a commit, and with it the pull requests from it.
fn move_branch(state: &mut State, branch: &str, body: &Value) -> Option<ForgeAnswer> {
    let sha = body["sha"].as_str()?;
    let numbers: Vec<u32> = state.pulls.keys().copied().collect();
    let moves =
        |pull: &mut super::Pull| pull.branch == branch && std::mem::replace(&mut pull.sha, sha.to_owned()) != sha;
    let changes = numbers.into_iter().filter_map(|number| state.change("synchronize", number, moves)).collect();
    Some((StatusCode::OK, json!({ "ref": format!("refs/heads/{branch}"), "object": { "sha": sha } }), changes))
}
