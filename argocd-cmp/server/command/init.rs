//! `init`: everything that a platform adds to its Argo CD, to be read, changed and applied.

/// The documents, in the order in which they are applied.
const DOCUMENTS: [&str; 5] = [
    include_str!("../init/settings.yaml"),
    include_str!("../init/sidecar.yaml"),
    include_str!("../init/policy.yaml"),
    include_str!("../init/applicationset.yaml"),
    include_str!("../init/plugin.yaml"),
];

pub(super) fn text() -> String {
    DOCUMENTS.join("---\n")
}

#[cfg(test)]
mod tests {
    use eod_render::{Content, Limits, Node, Parameters, RawParameter, parse_policy, read};

    use super::*;

    fn document(number: usize) -> Node {
        read(DOCUMENTS[number].as_bytes(), &Limits::default()).unwrap().remove(0).root
    }

    fn at<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
        path.iter().fold(node, |node, key| node.get(key).unwrap_or_else(|| panic!("no {key} in {path:?}")))
    }

    #[test]
    fn it_is_one_stream_of_documents() {
        let documents = read(text().as_bytes(), &Limits::default()).unwrap();
        let kind = |root: &Node| root.get("kind").and_then(Node::text).unwrap_or("policy").to_owned();
        let kinds: Vec<_> = documents.iter().map(|document| kind(&document.root)).collect();
        assert_eq!(kinds, ["ConfigMap", "Deployment", "policy", "ApplicationSet", "ConfigManagementPlugin"]);
    }

    #[test]
    fn the_policy_is_one() {
        let policy = parse_policy("init", DOCUMENTS[2].as_bytes()).unwrap();
        assert!(policy.project("previews").is_ok());
    }

    #[test]
    fn the_applicationset_says_what_is_understood() {
        let set = document(3);
        let source = at(&set, &["spec", "template", "spec", "source", "plugin"]);
        assert_eq!(at(source, &["name"]).text(), at(&document(4), &["metadata", "name"]).text());
        let Content::List(parameters) = &at(source, &["parameters"]).content else { panic!("a list") };
        let raw: Vec<_> = parameters
            .iter()
            .map(|parameter| {
                let text = |key| at(parameter, &[key]).text().unwrap();
                let value = match text("string") {
                    "{{ .number }}" => "7",
                    "{{ .head_sha }}" => "0123456789abcdef",
                    "{{ .author }}" => "dependabot[bot]",
                    "{{ toJson .labels }}" => "[\"preview\",\"service:api\"]",
                    constant => constant,
                };
                RawParameter::text(text("name"), value)
            })
            .collect();
        let parameters = Parameters::parse(&raw).unwrap();
        assert_eq!(parameters.services.map(|services| services.len()), Some(1));
    }
}
