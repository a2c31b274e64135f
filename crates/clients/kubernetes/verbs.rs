//! Operations on objects.
//!
//! Server-side apply is the normal write: it is idempotent and records the owner of each field. `create` is for an
//! object that must be new, and is not sent again if it may have been stored; see [`Error::outcome_unknown`].

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    client::Kubernetes,
    object::{ListQuery, ObjectRef, escape},
    rejection::Rejection,
    request::{ApiRequest, JSON, SYSTEM, Verb},
    response::{Listed, Page},
};
use crate::{Deadline, Error, ErrorKind};

/// Number of objects per page of a list. A page is in memory as a whole, and several kinds are listed at once.
const PAGE: u32 = 250;

/// Options of a server-side apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApplyOptions<'a> {
    /// Field manager, at most 128 characters; constant per component.
    pub manager: &'a str,
    /// True to take over fields that another manager owns.
    pub force: bool,
}

/// Preconditions of a delete.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Preconditions {
    /// Uid of the object, so that another object of the same name is not deleted.
    pub uid: Option<String>,
    /// Resource version of the object, so that a changed object is not deleted.
    pub resource_version: Option<String>,
}

/// Result of a delete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deleted {
    /// The server accepted the request. The object is deleted now, or after its finalizers are removed.
    Accepted,
    /// The object was changed after the given resource version; it was not deleted.
    Changed,
    /// The object does not exist.
    Gone,
    /// The object is being deleted already.
    InProgress,
    /// Another object has the name now; it was not deleted.
    UidMismatch,
}

impl Kubernetes {
    /// Creates an object that must not exist yet. `manager` becomes the field manager of an update, which is not the
    /// Creates an object that must not exist yet. `manager` becomes the field manager of an update, which is not the
    /// manager of a server-side apply of the same name: fields set here stay owned if later applies omit them.
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], or the request failed; see [`Error::outcome_unknown`].
    pub async fn create(
        &self,
        object: &ObjectRef,
        body: &Value,
        manager: &str,
        deadline: &Deadline,
    ) -> Result<Value, Error> {
        let path = format!("{}?fieldManager={}", object.collection_path(), escape(manager));
        self.send(&request(Verb::Create, object, path, Some(body)), deadline).await
    }

    /// Reads an object; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The kind is unknown, or the request failed.
    pub async fn get(&self, object: &ObjectRef, deadline: &Deadline) -> Result<Option<Value>, Error> {
        match self.send(&request(Verb::Get, object, object.path(), None), deadline).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Applies the fields that the caller owns (server-side apply). Fields that an earlier apply of the same manager set
    /// and this one omits are removed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if another manager owns a field, see [`Rejection::conflicts_of`]; or the request failed.
    pub async fn apply(
        &self,
        object: &ObjectRef,
        content: &Value,
        options: ApplyOptions<'_>,
        deadline: &Deadline,
    ) -> Result<Value, Error> {
        let ApplyOptions { manager, force } = options;
        let path = format!("{}?fieldManager={}&force={force}", object.path(), escape(manager));
        self.send(&request(Verb::Apply, object, path, Some(content)), deadline).await
    }

    /// Applies a JSON merge patch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the patch has a `resourceVersion` and the object was changed after it; or the request
    /// failed.
    pub async fn merge_patch(
        &self,
        object: &ObjectRef,
        patch: &Value,
        manager: &str,
        deadline: &Deadline,
    ) -> Result<Value, Error> {
        let path = format!("{}?fieldManager={}", object.path(), escape(manager));
        self.send(&request(Verb::Patch, object, path, Some(patch)), deadline).await
    }

    /// Replaces an object, which has the `uid` and the `resourceVersion` that were read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the object was changed; or the request failed.
    pub async fn replace(
        &self,
        object: &ObjectRef,
        content: &Value,
        manager: &str,
        deadline: &Deadline,
    ) -> Result<Value, Error> {
        let path = format!("{}?fieldManager={}", object.path(), escape(manager));
        self.send(&request(Verb::Replace, object, path, Some(content)), deadline).await
    }

    /// Removes the finalizers in `spec.finalizers` of a namespace that is being deleted, as last read. The server then
    /// deletes it, although objects in it may remain.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the namespace was changed; or the request failed.
    pub async fn finalize_namespace(&self, namespace: &Value, deadline: &Deadline) -> Result<(), Error> {
        let text = |pointer: &str| namespace.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let object = ObjectRef::namespace(text("/metadata/name"));
        let body = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": &object.name,
                "uid": text("/metadata/uid"),
                "resourceVersion": text("/metadata/resourceVersion"),
            },
            "spec": { "finalizers": [] },
        });
        let path = format!("{}/finalize", object.path());
        self.send::<Value>(&request(Verb::Replace, &object, path, Some(&body)), deadline).await.map(drop)
    }

    /// Deletes an object if the preconditions hold. Succeeds if the object does not exist, is being deleted, or was
    /// replaced by another object of the same name; the result is different then.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn delete(
        &self,
        object: &ObjectRef,
        preconditions: &Preconditions,
        deadline: &Deadline,
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
        match self.send::<Value>(&request(Verb::Delete, object, object.path(), Some(&options)), deadline).await {
            Ok(_) => Ok(Deleted::Accepted),
            Err(error) if is_missing(&error) => Ok(Deleted::Gone),
            Err(error) if error.kind == ErrorKind::Conflict => {
                self.explain_conflict(object, preconditions, error, deadline).await
            }
            Err(error) => Err(error),
        }
    }

    /// Lists all objects of a query, in pages, with `apiVersion` and `kind`, which lists omit. If the token of a page
    /// expired on the server, the list begins again, once.
    ///
    /// # Errors
    ///
    /// A request failed, or the response is not a list of objects.
    pub async fn list(&self, query: &ListQuery, deadline: &Deadline) -> Result<Vec<Value>, Error> {
        let listed = self.listed(query, deadline).await?;
        listed.iter().map(|object| object.read().map_err(|_| not_a_list(query))).collect()
    }

    /// Lists all objects of a query without parsing them.
    pub(super) async fn listed(&self, query: &ListQuery, deadline: &Deadline) -> Result<Vec<Listed>, Error> {
        let mut restarted = false;
        'again: loop {
            let mut items = Vec::new();
            let mut token: Option<String> = None;
            loop {
                let (found, next) = match self.page(query, token.as_deref(), JSON, deadline).await {
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

    /// Reads one page of a list in the content type `accept`, and the token of the next page.
    pub(super) async fn page(
        &self,
        query: &ListQuery,
        token: Option<&str>,
        accept: &'static str,
        deadline: &Deadline,
    ) -> Result<(Vec<Listed>, Option<String>), Error> {
        let path = query.page(PAGE, token);
        let ask = ApiRequest { verb: Verb::List, target: query.to_string(), path, body: None, accept };
        let page: Page = self.send(&ask, deadline).await?;
        page.objects().ok_or_else(|| not_a_list(query))
    }

    /// Reads the object to find the reason of a 409, which has four possible meanings.
    async fn explain_conflict(
        &self,
        object: &ObjectRef,
        preconditions: &Preconditions,
        error: Error,
        deadline: &Deadline,
    ) -> Result<Deleted, Error> {
        let Some(live) = self.get(object, deadline).await? else {
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

fn request(verb: Verb, object: &ObjectRef, path: String, body: Option<&Value>) -> ApiRequest {
    let body = body.map(|body| Bytes::from(body.to_string()));
    ApiRequest { verb, target: object.to_string(), path, body, accept: JSON }
}

fn is_missing(error: &Error) -> bool {
    error.kind == ErrorKind::NotFound && Rejection::of(error).is_some_and(Rejection::is_missing_object)
}

fn is_expired(error: &Error) -> bool {
    Rejection::of(error).is_some_and(|rejection| rejection.code == 410)
}

/// The error of a response that is not a list.
pub(super) fn not_a_list(query: &ListQuery) -> Error {
    Error::new(SYSTEM, Verb::List.name(), query.to_string(), ErrorKind::Unavailable)
        .because("the response is not a list of objects")
}
