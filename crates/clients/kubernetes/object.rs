//! References to objects: the parts of their URLs.
//!
//! The caller passes the plural and the namespace, so a request needs no discovery.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that are escaped in a path segment or a query value: all but the unreserved ones (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Reference to an object.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectRef {
    /// Group and version, such as `v1` or `networking.k8s.io/v1`.
    pub api_version: String,
    /// Plural in the URL, such as `networkpolicies`.
    pub plural: String,
    /// Kind, such as `NetworkPolicy`.
    pub kind: String,
    /// Namespace; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// Name of the object.
    pub name: String,
}

/// Reference to a kind of objects.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KindRef {
    /// Group and version, such as `v1` or `networking.k8s.io/v1`.
    pub api_version: String,
    /// Plural in the URL, such as `networkpolicies`.
    pub plural: String,
    /// Kind, such as `NetworkPolicy`.
    pub kind: String,
}

/// Query for a list of objects.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListQuery {
    /// Group and version, such as `v1` or `networking.k8s.io/v1`.
    pub api_version: String,
    /// Plural in the URL, such as `networkpolicies`.
    pub plural: String,
    /// Namespace; `None` for the whole cluster.
    pub namespace: Option<String>,
    /// Label selector, such as `app=shop,tier!=full`.
    pub label_selector: Option<String>,
    /// Field selector, such as `metadata.name=shop`.
    pub field_selector: Option<String>,
}

impl ObjectRef {
    /// Reference to a namespace.
    pub fn namespace(name: impl Into<String>) -> Self {
        Self {
            api_version: "v1".into(),
            plural: "namespaces".into(),
            kind: "Namespace".into(),
            namespace: None,
            name: name.into(),
        }
    }

    /// Reference to a ConfigMap.
    pub fn config_map(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            api_version: "v1".into(),
            plural: "configmaps".into(),
            kind: "ConfigMap".into(),
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    /// Path of the object's collection.
    pub(crate) fn collection_path(&self) -> String {
        collection_path(&self.api_version, self.namespace.as_deref(), &self.plural)
    }

    /// Path of the object.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.collection_path(), escape(&self.name))
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_version: _, plural: _, kind, namespace, name } = self;
        match namespace {
            Some(namespace) => write!(f, "{kind} `{name}` in namespace `{namespace}`"),
            None => write!(f, "{} `{name}`", lower_first(kind)),
        }
    }
}

impl KindRef {
    /// Reference to the object of this kind with this name in this namespace.
    pub fn object(&self, namespace: Option<&str>, name: &str) -> ObjectRef {
        ObjectRef {
            api_version: self.api_version.clone(),
            plural: self.plural.clone(),
            kind: self.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }
}

impl ListQuery {
    /// Path and query of one page.
    pub(crate) fn page(&self, limit: u32, token: Option<&str>) -> String {
        let mut path = collection_path(&self.api_version, self.namespace.as_deref(), &self.plural);
        path.push_str(&format!("?limit={limit}"));
        let selectors = [("labelSelector", &self.label_selector), ("fieldSelector", &self.field_selector)];
        for (key, selector) in selectors {
            if let Some(selector) = selector {
                path.push_str(&format!("&{key}={}", escape(selector)));
            }
        }
        if let Some(token) = token {
            path.push_str(&format!("&continue={}", escape(token)));
        }
        path
    }
}

impl fmt::Display for ListQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} in namespace `{namespace}`", self.plural),
            None => write!(f, "{} of the cluster", self.plural),
        }
    }
}

/// Escapes a path segment or a query value.
pub(crate) fn escape(text: &str) -> String {
    // A path segment of dots only would be removed when the path is normalised.
    if text.bytes().all(|byte| byte == b'.') {
        return text.replace('.', "%2E");
    }
    utf8_percent_encode(text, RESERVED).to_string()
}

fn collection_path(api_version: &str, namespace: Option<&str>, plural: &str) -> String {
    // Only the core group is under /api, and only it has no group in its version.
    let root = if api_version.contains('/') { "/apis" } else { "/api" };
    match namespace {
        Some(namespace) => format!("{root}/{api_version}/namespaces/{}/{plural}", escape(namespace)),
        None => format!("{root}/{api_version}/{plural}"),
    }
}

fn lower_first(kind: &str) -> String {
    // Sentences contain "namespace `x`"; other kinds keep their names.
    if kind == "Namespace" { "namespace".to_owned() } else { kind.to_owned() }
}

#[cfg(test)]
mod tests;
