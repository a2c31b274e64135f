use super::super::DOCUMENTS;
use super::*;

fn parsed(text: &str) -> Value {
    let mut documents =
        read(text.as_bytes(), &YamlLimits::default()).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0).root.into_json()
}

/// Objects of the documents by kind and name.
fn originals() -> Vec<Value> {
    let documents = read(DOCUMENTS.join("---\n").as_bytes(), &YamlLimits::default()).unwrap();
    documents.into_iter().map(|document| document.root.into_json()).collect()
}

#[test]
fn values_have_every_object_of_init_except_secrets() {
    let text = text(&DOCUMENTS);
    // Helm evaluates the only action, a quoted text.
    let values = parsed(&text.replace("{{`{{`}}", "{{"));
    let objects = values["extraObjects"].as_array().unwrap();
    let mut found = 0;
    for original in originals() {
        let (kind, name) = (original["kind"].as_str().unwrap_or("policy"), original["metadata"]["name"].as_str());
        match kind {
            "policy" => {
                let map = &objects[0];
                assert_eq!((&map["kind"], &map["metadata"]["name"]), (&json!("ConfigMap"), &json!("eod-policy")));
                assert_eq!(map["metadata"]["namespace"], NAMESPACE);
                assert_eq!(parsed(map["data"]["policy.yaml"].as_str().unwrap()), original);
                found += 1;
            }
            "ConfigMap" => assert_eq!(values["configs"]["params"], original["data"]),
            "Deployment" => {
                let (server, pod) = (&values["repoServer"], &original["spec"]["template"]["spec"]);
                assert_eq!(server["env"], pod["containers"][0]["env"]);
                assert_eq!(server["extraContainers"], json!([pod["containers"][1]]));
                assert_eq!(server["volumes"], pod["volumes"]);
            }
            "Secret" => {
                let comment = text.lines().find(|line| line.starts_with("# Secrets are not part of values.")).unwrap();
                assert!(comment.contains(name.unwrap()), "{comment}");
            }
            "ConfigManagementPlugin" => {}
            _ => {
                assert!(objects.contains(&original), "{kind} {name:?}");
                found += 1;
            }
        }
    }
    assert_eq!(found, objects.len());
}

#[test]
fn comments_inside_of_documents_are_kept_and_their_commands_are_not() {
    let text = text(&DOCUMENTS);
    assert!(text.contains("\n          # Fixed, never taken from a pull request.\n"), "{text}");
    assert!(!text.contains("kubectl"), "{text}");
    assert!(text.starts_with("# Values of the community chart"));
}

#[test]
fn braces_are_escaped_for_helm() {
    assert_eq!(escape("shop-pr-{{ .number }} {x}"), "shop-pr-{{`{{`}} .number }} {x}");
    assert!(!text(&DOCUMENTS).replace("{{`{{`}}", "").contains("{{"));
    assert_eq!(list_item("a: 1\n\nb:\n  c: 2"), "  - a: 1\n\n    b:\n      c: 2\n");
    assert_eq!(without_head("# a\n# b\n---\nc: 1\n# d\n"), "---\nc: 1\n# d\n");
    assert_eq!(without_head("# only a comment"), "# only a comment");
}
