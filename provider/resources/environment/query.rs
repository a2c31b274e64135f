//! Queries for environments and their objects.

use eod_clients::kubernetes::{KindRef, Kubernetes, ListQuery, NamespaceReader, ObjectRef};
use eod_domain::{Installation, ObjectKind, labels};

/// Reads the environments of one installation.
pub(crate) fn reader(kubernetes: &Kubernetes, installation: &Installation) -> NamespaceReader {
    let kinds = ObjectKind::ALL.iter().copied().filter(|kind| *kind != ObjectKind::Namespace).map(kind_ref).collect();
    NamespaceReader::new(kubernetes.clone(), kinds, selector(installation))
}

/// Label selector of all objects of an installation.
pub(crate) fn selector(installation: &Installation) -> String {
    format!("{}={},{}={installation}", labels::MANAGED_BY, labels::MANAGED_BY_VALUE, labels::INSTALLATION)
}

/// Query of the namespaces with these labels.
pub(crate) fn namespaces(label_selector: String) -> ListQuery {
    ListQuery {
        api_version: ObjectKind::Namespace.api_version().to_owned(),
        plural: ObjectKind::Namespace.plural().to_owned(),
        namespace: None,
        label_selector: Some(label_selector),
        field_selector: None,
    }
}

fn kind_ref(kind: ObjectKind) -> KindRef {
    KindRef {
        api_version: kind.api_version().to_owned(),
        plural: kind.plural().to_owned(),
        kind: kind.as_str().to_owned(),
    }
}

/// Reference to an object of an environment.
pub(super) fn object_ref(namespace: &str, kind: ObjectKind, name: &str) -> ObjectRef {
    let namespace = if kind == ObjectKind::Namespace { None } else { Some(namespace) };
    kind_ref(kind).object(namespace, name)
}
