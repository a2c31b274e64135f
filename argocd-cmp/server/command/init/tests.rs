use eod_render::{Content, Node, Parameters, RawParameter, YamlLimits, parse_policy, read};

use super::*;

const POLICY: usize = 1;
const SIDECAR: usize = 2;
const PROJECT: usize = 3;
const SEED: usize = 6;
const SET: usize = 7;
const PLUGIN: usize = 8;

fn document(number: usize) -> Node {
    read(DOCUMENTS[number].as_bytes(), &YamlLimits::default()).unwrap().remove(0).root
}

fn at<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    path.iter().fold(node, |node, key| node.get(key).unwrap_or_else(|| panic!("no {key} in {path:?}")))
}

fn items(node: &Node) -> &[Node] {
    let Content::List(items) = &node.content else { panic!("a list") };
    items
}

#[test]
fn documents_are_one_stream() {
    let documents = read(text(InitFormat::Manifests).as_bytes(), &YamlLimits::default()).unwrap();
    let kind = |root: &Node| root.get("kind").and_then(Node::text).unwrap_or("policy").to_owned();
    let mut kinds: Vec<_> = documents.iter().map(|document| kind(&document.root)).collect();
    kinds.retain(|kind| !kind.starts_with("ValidatingAdmissionPolicy"));
    let expected = "ConfigMap policy Deployment AppProject Secret Secret ApplicationSet ConfigManagementPlugin";
    assert_eq!(kinds.join(" "), expected);
    assert_eq!(documents.len(), kinds.len() + 6, "three rules of admission and their bindings");
}

#[test]
fn sidecar_has_the_image_of_this_version() {
    let sidecar = document(SIDECAR);
    let containers = items(at(&sidecar, &["spec", "template", "spec", "containers"]));
    let image = at(&containers[1], &["image"]).text().unwrap();
    assert!(image.ends_with(concat!("/eod-cmp:", env!("CARGO_PKG_VERSION"))), "{image}");
}

#[test]
fn sidecar_mounts_the_secret_of_random_values() {
    let (sidecar, seed) = (document(SIDECAR), document(SEED));
    let pod = at(&sidecar, &["spec", "template", "spec"]);
    let volume = items(at(pod, &["volumes"])).iter().find(|volume| volume.get("secret").is_some()).unwrap();
    assert_eq!(at(volume, &["secret", "secretName"]).text(), at(&seed, &["metadata", "name"]).text());
    let mounts = items(at(&items(at(pod, &["containers"]))[1], &["volumeMounts"]));
    let mount = mounts.iter().find(|mount| at(mount, &["name"]).text() == at(volume, &["name"]).text()).unwrap();
    assert_eq!(at(mount, &["mountPath"]).text(), Some("/etc/eod-seed"), "directory of the default of --seed-file");
    // The text is too short for a secret, so that it is refused until it is replaced.
    assert!(at(&seed, &["stringData", "seed"]).text().unwrap().len() < 32);
}

#[test]
fn policy_is_valid_and_has_the_project() {
    let policy = parse_policy("init", DOCUMENTS[POLICY].as_bytes()).unwrap();
    let project = at(&document(PROJECT), &["metadata", "name"]).text().unwrap().to_owned();
    assert!(policy.project(&project).is_ok());
    let set = document(SET);
    assert_eq!(at(&set, &["spec", "template", "spec", "project"]).text(), Some(project.as_str()));
}

#[test]
fn parameters_of_the_applicationset_are_valid() {
    let set = document(SET);
    let source = at(&set, &["spec", "template", "spec", "source", "plugin"]);
    assert_eq!(at(source, &["name"]).text(), at(&document(PLUGIN), &["metadata", "name"]).text());
    let raw: Vec<_> = items(at(source, &["parameters"]))
        .iter()
        .map(|parameter| {
            let text = |key| at(parameter, &[key]).text().unwrap();
            let value = match text("string") {
                "{{ .number }}" => "7",
                "{{ .head_sha }}" => "0123456789abcdef",
                "{{ .author }}" => "dependabot[bot]",
                "{{ toJson .labels }}" => "[\"preview\",\"service:api\"]",
                state if state.contains(".labels") => "asleep",
                constant => constant,
            };
            RawParameter::text(text("name"), value)
        })
        .collect();
    let parameters = Parameters::parse(&raw).unwrap();
    assert_eq!(parameters.services.map(|services| services.len()), Some(1));
}
