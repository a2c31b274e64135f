use serde_json::json;

use super::*;

#[test]
fn deployment_is_available_with_all_replicas_of_its_newest_revision() {
    let mut object = json!({
        "metadata": { "name": "web", "generation": 2 },
        "spec": { "replicas": 2, "template": { "metadata": { "annotations": { labels::HEAD_SHA: "1a2b3c4" } } } },
        "status": { "observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2 },
    });
    let found = facts(&object);
    assert!(found.is_available && found.failing.is_none());
    assert_eq!(found.sha.unwrap().as_str(), "1a2b3c4");
    object["metadata"]["generation"] = 3.into();
    assert!(!facts(&object).is_available, "the newest revision was not seen yet");
    object["status"]["conditions"] =
        json!([{ "type": "Progressing", "status": "False", "message": "exceeded its progress deadline" }]);
    assert_eq!(facts(&object).failing.unwrap(), "exceeded its progress deadline");
}
