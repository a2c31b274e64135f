use super::*;

#[test]
fn each_mesh_has_its_labels_and_annotations() {
    for (kind, revision, labels, annotations) in [
        ("none", None, "{}", "{}"),
        ("istio-sidecar", None, r#"{"istio-injection":"enabled"}"#, "{}"),
        ("istio-sidecar", Some("1-28"), r#"{"istio.io/rev":"1-28"}"#, "{}"),
        ("istio-ambient", None, r#"{"istio.io/dataplane-mode":"ambient"}"#, "{}"),
        ("istio-ambient", Some("1-28"), r#"{"istio.io/dataplane-mode":"ambient","istio.io/rev":"1-28"}"#, "{}"),
        ("linkerd", None, "{}", r#"{"linkerd.io/inject":"enabled"}"#),
    ] {
        let mesh = Mesh::new(kind.parse().unwrap(), revision.map(|text| text.parse().unwrap())).unwrap();
        assert_eq!(serde_json::to_string(&mesh.labels()).unwrap(), labels, "{kind}");
        assert_eq!(serde_json::to_string(&mesh.annotations()).unwrap(), annotations, "{kind}");
    }
}

#[test]
fn invalid_values_are_refused() {
    assert_eq!("istio".parse::<MeshKind>(), Err(MeshKind::unsupported("istio")));
    let revision = Some("v2".parse().unwrap());
    assert_eq!(Mesh::new(MeshKind::Linkerd, revision), Err(MeshError(MeshKind::Linkerd)));
}
