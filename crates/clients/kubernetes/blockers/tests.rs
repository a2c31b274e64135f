use super::*;

#[test]
fn sentences_name_objects_finalizers_and_apis() {
    let blockers = Blockers {
        namespace: "shop".into(),
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
        "namespace `shop` is still being deleted. Still there: ConfigMap/held finalizers=[example.com/hold] age=10m \
             and 3 more. Finalizers not yet done: `example.com/hold` on 4. The API v1beta1.metrics.k8s.io \
             (MissingEndpoints: none) is unavailable, so the server cannot tell whether anything of it remains; this \
             holds up every namespace that is being deleted. The server says: webhook down."
    );
    let advice = blockers.advice();
    assert!(advice[0].contains("kubectl delete apiservice v1beta1.metrics.k8s.io`"), "{advice:?}");
    assert!(advice[1].contains("finalizer `example.com/hold` runs"), "{advice:?}");
    assert!(advice[2].contains("kubectl patch -n shop configmap held --type=merge"), "{advice:?}");
    assert!(!blockers.is_empty());
}

#[test]
fn nothing_found_is_said_and_still_advised() {
    let blockers = Blockers { namespace: "shop".into(), ..Blockers::default() };
    assert!(blockers.is_empty());
    assert_eq!(blockers.to_string(), "namespace `shop` is still being deleted. The server gives no reason yet.");
    assert!(blockers.advice()[0].contains("kubectl get namespace shop"));
}

#[test]
fn ages_use_the_largest_unit() {
    let shown: Vec<String> = [5, 120, 7200, 200_000].map(|age| compact(Duration::from_secs(age))).to_vec();
    assert_eq!(shown, ["5s", "2m", "2h", "2d"]);
}
