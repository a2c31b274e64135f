//! Requests to the API server.

use bytes::Bytes;
use http::Method;

use crate::send::RemoteRequest;

/// Name of the system in errors.
pub(super) const SYSTEM: &str = "Kubernetes";

/// Content type of normal responses.
pub(super) const JSON: &str = "application/json";

/// Content type of lists with metadata only, so that neither a Secret nor the data of a ConfigMap is read.
pub(super) const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Verbs of the API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    Apply,
    Create,
    Delete,
    Get,
    List,
    Patch,
    Replace,
}

/// One request without its credential.
pub(super) struct ApiRequest {
    pub(super) verb: Verb,
    pub(super) target: String,
    pub(super) path: String,
    pub(super) body: Option<Bytes>,
    pub(super) accept: &'static str,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Replace => "replace",
        }
    }

    pub(super) fn method(self) -> Method {
        match self {
            Self::Apply | Self::Patch => Method::PATCH,
            Self::Create => Method::POST,
            Self::Delete => Method::DELETE,
            Self::Get | Self::List => Method::GET,
            Self::Replace => Method::PUT,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Apply => "application/apply-patch+yaml",
            Self::Patch => "application/merge-patch+json",
            Self::Create | Self::Delete | Self::Get | Self::List | Self::Replace => JSON,
        }
    }
}

impl RemoteRequest for ApiRequest {
    fn operation(&self) -> &'static str {
        if self.verb == Verb::Get { "read" } else { self.verb.name() }
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn counter(&self) -> &str {
        self.verb.name()
    }

    fn is_idempotent(&self) -> bool {
        self.verb != Verb::Create
    }

    fn writes(&self) -> bool {
        !matches!(self.verb, Verb::Get | Verb::List)
    }
}
