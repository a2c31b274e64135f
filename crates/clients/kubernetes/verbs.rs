//! What can be done with objects.
//!
//! Server-side apply is the normal write: it can be sent twice and says who owns which field. `create` is for what
//! must be first, and is never sent twice; see [`Error::outcome_unknown`].

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    answer::{Listed, Page},
    client::{ApiRequest, Kubernetes, SYSTEM, Verb},
    object::{ListQuery, ObjectRef, escape},
    rejection::Rejection,
};
use crate::{Deadline, Error, ErrorKind};

/// Objects of one page of a list. A page is held in memory whole, and several kinds are listed at once.
const PAGE: u32 = 250;

/// How to apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApplyOptions<'a> {
    /// The field manager, at most 128 characters; constant per component.
    pub manager: &'a str,
    /// Take over fields that another manager owns.
    pub force: bool,
}

/// What must hold for a delete to happen.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Preconditions {
    /// The object is this very one, and not another of the same name.
    pub uid: Option<String>,
    /// Nobody changed it since.
    pub resource_version: Option<String>,
}

/// What a delete did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deleted {
    /// The server took the request; the object goes now, or when its finalizers are done.
    Accepted,
    /// It was changed since the given resource version; nothing was deleted.
    Changed,
    /// It was not there.
    Gone,
    /// It is being deleted already.
    InProgress,
    /// Another object has that name now; nothing was deleted.
    UidMismatch,
}

impl Kubernetes {
    /// Creates an object that must not be there yet. `manager` becomes the field manager of a plain update, which
    /// differs from the same name's server-side apply: fields set here stay owned after later applies leave them out.
    pub async fn create(
        &self,
        object: &ObjectRef,
        body: &Value,
        manager: &str,
        call: &Deadline,
    ) -> Result<Value, Error> {
        let path = format!("{}?fieldManager={}", object.collection_path(), escape(manager));
        self.send(&ask(Verb::Create, object, path, Some(body)), call).await
    }

    /// The object, or `None` when it is not there. That the whole kind is unknown is an error.
    pub async fn get(&self, object: &ObjectRef, call: &Deadline) -> Result<Option<Value>, Error> {
        match self.send(&ask(Verb::Get, object, object.path(), None), call).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Server-side apply of what the caller owns. What an earlier apply of the same manager set and this one leaves
    /// out is removed. Conflicts of ownership are [`ErrorKind::Conflict`], see [`Error::conflicts`].
    pub async fn apply(
        &self,
        object: &ObjectRef,
        content: &Value,
        options: ApplyOptions<'_>,
        call: &Deadline,
    ) -> Result<Value, Error> {
        let ApplyOptions { manager, force } = options;
        let path = format!("{}?fieldManager={}&force={force}", object.path(), escape(manager));
        self.send(&ask(Verb::Apply, object, path, Some(content)), call).await
    }

    /// A JSON merge patch. With a `resourceVersion` in it, a change in between is [`ErrorKind::Conflict`].
    pub async fn merge_patch(
        &self,
        object: &ObjectRef,
        patch: &Value,
        manager: &str,
        call: &Deadline,
    ) -> Result<Value, Error> {
        let path = format!("{}?fieldManager={}", object.path(), escape(manager));
        self.send(&ask(Verb::Patch, object, path, Some(patch)), call).await
    }

    /// Deletes an object if the preconditions hold. It tolerates that the object is gone, is going, or was replaced
    /// by another of the same name, and tells which.
    pub async fn delete(
        &self,
        object: &ObjectRef,
        preconditions: &Preconditions,
        call: &Deadline,
    ) -> Result<Deleted, Error> {
        let Preconditions { uid, resource_version } = preconditions;
        let mut required = Map::new();
        for (key, value) in [("uid", uid), ("resourceVersion", resource_version)] {
            if let Some(value) = value {
                required.insert(key.to_owned(), Value::from(value.as_str()));
            }
        }
        let mut options = json!({ "apiVersion": "v1", "kind": "DeleteOptions" });
        if let (Some(options), false) = (options.as_object_mut(), required.is_empty()) {
            options.insert("preconditions".to_owned(), Value::Object(required));
        }
        match self.send::<Value>(&ask(Verb::Delete, object, object.path(), Some(&options)), call).await {
            Ok(_) => Ok(Deleted::Accepted),
            Err(error) if is_missing(&error) => Ok(Deleted::Gone),
            Err(error) if error.kind == ErrorKind::Conflict => {
                self.explain_conflict(object, preconditions, error, call).await
            }
            Err(error) => Err(error),
        }
    }

    /// All objects of a query, in pages; `apiVersion` and `kind`, which lists leave out, are put back. When the
    /// server forgot where a long list had got to, it is begun again, once.
    pub async fn list(&self, query: &ListQuery, call: &Deadline) -> Result<Vec<Value>, Error> {
        let listed = self.listed(query, call).await?;
        listed.iter().map(|object| object.read().map_err(|_| no_list(query))).collect()
    }

    /// The same, with objects that nobody has read yet.
    pub(super) async fn listed(&self, query: &ListQuery, call: &Deadline) -> Result<Vec<Listed>, Error> {
        let mut restarted = false;
        'again: loop {
            let mut items = Vec::new();
            let mut token: Option<String> = None;
            loop {
                let (found, next) = match self.page(query, token.as_deref(), JSON, call).await {
                    Ok(page) => page,
                    Err(error) if token.is_some() && !restarted && is_expired(&error) => {
                        restarted = true;
                        continue 'again;
                    }
                    Err(error) => return Err(error),
                };
                items.extend(found);
                token = next;
                if token.is_none() {
                    return Ok(items);
                }
            }
        }
    }

    /// One page of a list, with what the `Accept` header asks for, and the token of the next page.
    pub(super) async fn page(
        &self,
        query: &ListQuery,
        token: Option<&str>,
        accept: &'static str,
        call: &Deadline,
    ) -> Result<(Vec<Listed>, Option<String>), Error> {
        let path = query.page(PAGE, token);
        let ask = ApiRequest { verb: Verb::List, target: query.to_string(), path, body: None, accept };
        let page: Page = self.send(&ask, call).await?;
        page.objects().ok_or_else(|| no_list(query))
    }

    /// A 409 has four meanings, and only the object itself tells which.
    async fn explain_conflict(
        &self,
        object: &ObjectRef,
        preconditions: &Preconditions,
        error: Error,
        call: &Deadline,
    ) -> Result<Deleted, Error> {
        let Some(live) = self.get(object, call).await? else {
            return Ok(Deleted::Gone);
        };
        let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str);
        if let Some(uid) = &preconditions.uid
            && text("/metadata/uid") != Some(uid)
        {
            return Ok(Deleted::UidMismatch);
        }
        if text("/metadata/deletionTimestamp").is_some() {
            return Ok(Deleted::InProgress);
        }
        if let Some(version) = &preconditions.resource_version
            && text("/metadata/resourceVersion") != Some(version)
        {
            return Ok(Deleted::Changed);
        }
        Err(error)
    }
}

/// The normal answer.
const JSON: &str = "application/json";

fn ask(verb: Verb, object: &ObjectRef, path: String, body: Option<&Value>) -> ApiRequest {
    let body = body.map(|body| Bytes::from(body.to_string()));
    ApiRequest { verb, target: object.to_string(), path, body, accept: JSON }
}

fn is_missing(error: &Error) -> bool {
    error.kind == ErrorKind::NotFound && error.rejection().is_some_and(Rejection::is_missing_object)
}

fn is_expired(error: &Error) -> bool {
    error.rejection().is_some_and(|rejection| rejection.code == 410)
}

/// What a query got that should have been answered with objects.
pub(super) fn no_list(query: &ListQuery) -> Error {
    Error::new(SYSTEM, Verb::List.name(), query.to_string(), ErrorKind::Unavailable)
        .because("the answer is not a list of objects")
}
