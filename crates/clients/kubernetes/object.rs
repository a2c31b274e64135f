//! Where an object lives: the parts of its URL.
//!
//! The plural and the namespace are given by the caller, so a request needs no discovery.

use std::fmt;

/// One object.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectRef {
    /// Group and version, `v1` or `networking.k8s.io/v1`.
    pub api_version: String,
    /// The plural in the URL, `networkpolicies`.
    pub plural: String,
    /// The kind, `NetworkPolicy`.
    pub kind: String,
    /// The namespace, or none for cluster-scoped objects.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// One kind of object.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KindRef {
    /// Group and version, `v1` or `networking.k8s.io/v1`.
    pub api_version: String,
    /// The plural in the URL, `networkpolicies`.
    pub plural: String,
    /// The kind, `NetworkPolicy`.
    pub kind: String,
}

/// Which objects to list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListQuery {
    /// Group and version, `v1` or `networking.k8s.io/v1`.
    pub api_version: String,
    /// The plural in the URL, `networkpolicies`.
    pub plural: String,
    /// Only this namespace; none means the whole cluster.
    pub namespace: Option<String>,
    /// A label selector, `app=shop,tier!=full`.
    pub label_selector: Option<String>,
    /// A field selector, `metadata.name=shop`.
    pub field_selector: Option<String>,
}

impl ObjectRef {
    /// A namespace.
    pub fn namespace(name: impl Into<String>) -> Self {
        Self {
            api_version: "v1".into(),
            plural: "namespaces".into(),
            kind: "Namespace".into(),
            namespace: None,
            name: name.into(),
        }
    }

    /// The path of the object's collection.
    pub(crate) fn collection_path(&self) -> String {
        collection_path(&self.api_version, self.namespace.as_deref(), &self.plural)
    }

    /// The path of the object.
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
    /// The object of this kind with this name in this namespace.
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
    /// The path and query of one page.
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

/// Escapes what may not stand for itself in a path segment or a query value (RFC 3986, section 2.3).
pub(crate) fn escape(text: &str) -> String {
    // A segment of dots alone would be taken away by whoever normalises the path.
    let only_dots = text.bytes().all(|byte| byte == b'.');
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && !only_dots);
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn collection_path(api_version: &str, namespace: Option<&str>, plural: &str) -> String {
    // Only the core group lives under /api, and only it has no group in its version.
    let root = if api_version.contains('/') { "/apis" } else { "/api" };
    match namespace {
        Some(namespace) => format!("{root}/{api_version}/namespaces/{}/{plural}", escape(namespace)),
        None => format!("{root}/{api_version}/{plural}"),
    }
}

fn lower_first(kind: &str) -> String {
    // "namespace `x`" reads as a sentence, "ClusterRole `x`" keeps the kind as people know it.
    if kind == "Namespace" { "namespace".to_owned() } else { kind.to_owned() }
}

#[cfg(test)]
mod tests;
