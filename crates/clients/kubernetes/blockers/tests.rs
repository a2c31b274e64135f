use super::*;

#[test]
fn objects_finalizers_and_apis_are_named_in_sentences() {
    let blockers = Blockers {
        namespace: "shop".into(),
        metadata_finalizers: vec!["example.com/own".into()],
        spec_finalizers: vec!["example.com/a".into(), "example.com/b".into()],
        objects: vec![BlockingObject {
            kind: "ConfigMap".into(),
            name: "held".into(),
            finalizers: vec!["example.com/hold".into()],
            age: Some(Duration::from_secs(600)),
        }],
        unnamed: 3,
        finalizers: vec![("example.com/hold".into(), 4)],
        discovery: vec!["v1beta1.metrics.k8s.io (MissingEndpoints: none)".into()],
        failures: vec!["webhook down".into()],
        unread: vec![],
    };
    assert_eq!(
        blockers.to_string(),
        "namespace `shop` is still being deleted. Objects that still exist: ConfigMap/held \
         finalizers=[example.com/hold] age=10m and 3 more. Finalizers of objects: `example.com/hold` on 4. Finalizers of \
         the namespace itself, in `metadata.finalizers`: `example.com/own`. Finalizers of the namespace itself, in \
         `spec.finalizers`: `example.com/a`, `example.com/b`. The API v1beta1.metrics.k8s.io (MissingEndpoints: none) is \
         unavailable, so the server cannot check if objects of it remain; this blocks every namespace that is being \
         deleted. The server reports: webhook down."
    );
    assert!(!blockers.is_empty());
}

#[test]
fn missing_reasons_are_reported() {
    let blockers = Blockers { namespace: "shop".into(), ..Blockers::default() };
    assert!(blockers.is_empty());
    assert_eq!(blockers.to_string(), "namespace `shop` is still being deleted. The server gives no reason yet.");
}

#[test]
fn ages_use_the_largest_unit() {
    let shown: Vec<String> = [5, 120, 7200, 200_000].map(|age| compact(Duration::from_secs(age))).to_vec();
    assert_eq!(shown, ["5s", "2m", "2h", "2d"]);
}
