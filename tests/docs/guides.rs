//! The guides: templates in `tests/docs/guides` with placeholders such as `{{tiers}}`, filled with data of the code.
//!
//! A placeholder that is alone on a line becomes a table or a code block. Any other one becomes words of its line.

mod environment;
mod plugin;
mod secrets;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Guides in the order of the index.
const READING_ORDER: [&str; 11] = [
    "environments",
    "ending",
    "secrets",
    "argo-cd-plugin",
    "masking-policy",
    "preview-server",
    "golden-databases",
    "databases",
    "managed-postgresql",
    "masking-promises",
    "upgrading",
];

/// The ending of a template.
const TEMPLATE: &str = ".md.in";

/// All guides as pages below `docs/`.
pub(super) fn pages(root: &Path) -> Vec<(PathBuf, String)> {
    let values = values(root);
    let mut pages: Vec<_> = templates(root)
        .into_iter()
        .map(|(name, text)| (Path::new("guides").join(format!("{name}.md")), filled(&name, &text, &values)))
        .collect();
    pages.sort();
    pages
}

/// Name and title of each guide, for the index: in the order of a new user's needs. A guide that this list does
/// not have follows at the end.
pub(super) fn titles(root: &Path) -> Vec<(String, String)> {
    let title = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("page_title: "));
        line.expect("a guide has a `page_title`").trim_matches('"').to_owned()
    };
    let mut titles: Vec<_> = templates(root).into_iter().map(|(name, text)| (name, title(&text))).collect();
    let place = |name: &str| READING_ORDER.iter().position(|known| *known == name).unwrap_or(READING_ORDER.len());
    titles.sort_by_key(|(name, _)| (place(name), name.clone()));
    titles
}

fn templates(root: &Path) -> Vec<(String, String)> {
    let folder = root.join("tests/docs/guides");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| entry.expect("readable").path());
    files
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(TEMPLATE)?.to_owned();
            Some((name, fs::read_to_string(&path).expect("a template is UTF-8")))
        })
        .collect()
}

/// All placeholders with their values.
fn values(root: &Path) -> BTreeMap<&'static str, String> {
    let mut values = BTreeMap::from([("version", env!("CARGO_PKG_VERSION").to_owned())]);
    for (name, file, module) in [
        ("kubernetes", "go.mod", "k8s.io/kubernetes"),
        ("vault", "vault/go.mod", "github.com/hashicorp/vault"),
        ("argocd", "argocd/go.mod", "github.com/argoproj/argo-cd/v3"),
        ("helm", "helm/go.mod", "helm.sh/helm/v3"),
        ("kustomize", "kustomize/go.mod", "sigs.k8s.io/kustomize/kustomize/v5"),
        ("opentofu_version", "opentofu/go.mod", "github.com/opentofu/opentofu"),
    ] {
        values.insert(name, required(&root.join("tests/testbed").join(file), module));
    }
    values.insert("rbac", rbac(root));
    values.extend(environment::values());
    values.extend(secrets::values());
    values.extend(plugin::values());
    values
}

/// The version of a module that a `go.mod` requires.
fn required(file: &Path, module: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let found = text.lines().find_map(|line| {
        let mut words = line.trim().split(' ');
        (words.next() == Some(module)).then(|| words.next())?
    });
    let found = found.unwrap_or_else(|| panic!("{} does not require {module}", file.display()));
    found.trim_start_matches('v').to_owned()
}

/// The ClusterRole of the README.
fn rbac(root: &Path) -> String {
    let readme = fs::read_to_string(root.join("README.md")).expect("the README is UTF-8");
    let mut blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
    let role = blocks.find(|block| block.contains("kind: ClusterRole")).expect("the README has a ClusterRole");
    format!("```yaml\n{role}```")
}

fn filled(guide: &str, template: &str, values: &BTreeMap<&'static str, String>) -> String {
    let text = values.iter().fold(template.to_owned(), |text, (name, value)| {
        let placeholder = format!("{{{{{name}}}}}");
        text.replace(&placeholder, value.trim_end())
    });
    assert!(!text.contains("{{"), "guide {guide} has an unknown placeholder: {}", rest(&text));
    text
}

fn rest(text: &str) -> &str {
    let at = text.find("{{").unwrap_or_default();
    text.get(at..).unwrap_or_default().lines().next().unwrap_or_default()
}

#[test]
fn an_unknown_placeholder_is_refused() {
    let values = BTreeMap::from([("known", "1".to_owned())]);
    assert_eq!(filled("x", "{{known}} and {{known}}", &values), "1 and 1");
    let unknown = std::panic::catch_unwind(|| filled("x", "{{unknown}}", &BTreeMap::new()));
    assert!(unknown.is_err());
}
