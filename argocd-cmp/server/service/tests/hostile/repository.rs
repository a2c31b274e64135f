//! Parser of the corpora of hostile repositories.
//!
//! A case begins with `=== rules name`, with commas between the rules. `+ path` is a file with the lines below it,
//! `* path` a file in which the escapes `\n`, `\0`, `\xff` and `\u{feff}` are replaced, `> path -> target` a link,
//! `$ name=value` a parameter, `% NAME=value` a variable of Argo CD, `$big path` and `$many path` generated files.

use std::collections::BTreeMap;
use std::path::Path;

use crate::archive::tests::writer::{Tar, gzip};
use crate::service::tests::kit::{TestRequest, noise};

/// Repository with the rules that refuse it.
#[derive(Clone, Default)]
pub(super) struct HostileRepository {
    pub(super) name: String,
    pub(super) rules: String,
    files: Vec<(String, Vec<u8>)>,
    links: Vec<(String, String)>,
    parameters: Vec<(String, String)>,
    variables: Vec<(String, String)>,
}

/// Reads the repositories of a corpus.
pub(super) fn read(corpus: &Path) -> Vec<HostileRepository> {
    let text = std::fs::read_to_string(corpus).unwrap();
    text.split("=== ").skip(1).map(parse).collect()
}

fn parse(block: &str) -> HostileRepository {
    let (head, body) = block.split_once('\n').unwrap();
    let (rules, name) = head.split_once(' ').unwrap_or_else(|| panic!("{head} has no name"));
    let mut found =
        HostileRepository { name: name.to_owned(), rules: rules.to_owned(), ..HostileRepository::default() };
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{head}: {line}"));
        (name.to_owned(), String::from_utf8(unescaped(value)).unwrap())
    };
    let mut is_escaped = false;
    for line in body.lines() {
        if let Some(path) = line.strip_prefix("+ ").or_else(|| line.strip_prefix("* ")) {
            is_escaped = line.starts_with('*');
            found.files.push((path.to_owned(), Vec::new()));
        } else if let Some(link) = line.strip_prefix("> ") {
            let (path, target) = link.split_once(" -> ").unwrap_or_else(|| panic!("{head}: {line}"));
            found.links.push((path.to_owned(), target.to_owned()));
        } else if let Some(path) = line.strip_prefix("$big ") {
            found.files.push((path.to_owned(), format!("# {}", noise(200_000)).into_bytes()));
        } else if let Some(path) = line.strip_prefix("$many ") {
            let one = |at| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x{at}}}\n");
            found.files.push((path.to_owned(), (0..300).map(one).collect::<String>().into_bytes()));
        } else if let Some(parameter) = line.strip_prefix("$ ") {
            found.parameters.push(pair(parameter));
        } else if let Some(word) = line.strip_prefix("% ") {
            found.variables.push(pair(word));
        } else {
            let (_, content) = found.files.last_mut().unwrap_or_else(|| panic!("{head}: {line}"));
            content.extend(if is_escaped { unescaped(line) } else { line.as_bytes().to_vec() });
            content.push(b'\n');
        }
    }
    found
}

/// Replaces the escapes in a line.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (kind, behind) = behind.split_at(1);
        rest = match kind {
            "n" => push(&mut bytes, b"\n", behind),
            "r" => push(&mut bytes, b"\r", behind),
            "0" => push(&mut bytes, b"\0", behind),
            "\\" => push(&mut bytes, b"\\", behind),
            "x" => {
                let (digits, behind) = behind.split_at(2);
                push(&mut bytes, &[u8::from_str_radix(digits, 16).unwrap()], behind)
            }
            "u" => {
                let (digits, behind) = behind.strip_prefix('{').and_then(|rest| rest.split_once('}')).unwrap();
                let character = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
                push(&mut bytes, character.to_string().as_bytes(), behind)
            }
            other => panic!("unknown escape `\\{other}`"),
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn push<'a>(bytes: &mut Vec<u8>, more: &[u8], rest: &'a str) -> &'a str {
    bytes.extend_from_slice(more);
    rest
}

impl HostileRepository {
    /// Repository with one manifest in the Application's directory.
    pub(super) fn of(rules: &str, name: &str, manifest: &str) -> Self {
        let files = vec![("app/all.yaml".to_owned(), manifest.as_bytes().to_vec())];
        Self { name: name.to_owned(), rules: rules.to_owned(), files, ..Self::default() }
    }

    /// Request for this repository.
    pub(super) fn request(&self) -> TestRequest {
        let mut tar = Tar::default();
        for (path, content) in &self.files {
            tar.raw(path.as_bytes(), b'0', content);
        }
        for (path, target) in &self.links {
            tar.link(path, target);
        }
        let mut request = TestRequest { archive: gzip(&tar.end()), chunk: 64 << 10, ..TestRequest::of(&[]) };
        let mut parameters = BTreeMap::from([("environment", "shop-pr-7")]);
        parameters.extend(self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let parameter = |(name, value): (&str, &str)| serde_json::json!({ "name": name, "string": value });
        let parameters: Vec<_> = parameters.into_iter().map(parameter).collect();
        request.env.insert("ARGOCD_APP_PARAMETERS", serde_json::Value::from(parameters).to_string());
        for (name, value) in &self.variables {
            request.env.insert(known(name), value.clone());
        }
        request
    }
}

/// Variables of Argo CD that a case may change.
fn known(name: &str) -> &'static str {
    let variables = [
        "ARGOCD_APP_NAMESPACE",
        "ARGOCD_APP_PARAMETERS",
        "ARGOCD_APP_PROJECT_NAME",
        "KUBE_API_VERSIONS",
        "KUBE_VERSION",
    ];
    variables.into_iter().find(|known| *known == name).unwrap_or_else(|| panic!("unknown variable {name}"))
}
