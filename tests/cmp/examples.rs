//! Tests of every file in `examples/argocd`. Only Argo CD's namespace, the repository and the forge are replaced by those
//! of the test.

mod admission;
mod helm_values;
mod image;
mod installed;
mod mysql;
mod previews;
mod project;
mod story;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use eod_render::{Node, YamlLimits, read};
use eod_testkit::command;

fn folder() -> PathBuf {
    eod_testkit::repository().join("examples/argocd")
}

#[track_caller]
fn text(file: &str) -> String {
    let path = folder().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Replaces a part of a text, which must contain it.
#[track_caller]
fn with(text: &str, part: &str, other: &str) -> String {
    assert!(text.contains(part), "there is no `{part}` in\n{text}");
    text.replace(part, other)
}

/// File with another namespace of Argo CD.
#[track_caller]
fn in_namespace(file: &str, namespace: &str) -> String {
    with(&text(file), "\n  namespace: argocd\n", &format!("\n  namespace: {namespace}\n"))
}

#[track_caller]
fn documents(text: &str) -> Vec<Node> {
    let documents = read(text.as_bytes(), &YamlLimits::default()).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    documents.into_iter().map(|document| document.root).collect()
}

fn eod_cmp() -> Command {
    Command::new(super::BINARY)
}

#[test]
fn every_file_is_in_the_readme() {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder()).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    // A new file needs a test in this directory and a line in its README.
    let expected = [
        "README.md",
        "admission.yaml",
        "applicationset.yaml",
        "github/approve.yaml",
        "github/preview-label.yaml",
        "github/review.yaml",
        "monorepo.yaml",
        "mysql/README.md",
        "mysql/deploy/preview/mysql.yaml",
        "mysql/deploy/preview/seed.yaml",
        "notifications.yaml",
        "plugin.yaml",
        "policy.yaml",
        "project.yaml",
        "seed.yaml",
        "settings.yaml",
        "sidecar.yaml",
        "terraform/applicationset.yaml",
        "terraform/main.tf",
        "token.yaml",
        "webhook.yaml",
    ];
    assert_eq!(found, expected);
    let readme = text("README.md");
    for file in &expected[1..] {
        assert!(readme.contains(&format!("`{file}`")), "README.md does not name {file}");
    }
}

#[test]
fn init_prints_the_files() {
    let printed = command::run(eod_cmp().arg("init"), "").expect_ok();
    let mut files = vec!["settings", "policy", "sidecar", "project", "admission", "token", "applicationset"];
    // Files are numbered in the order of their application.
    for (number, name) in files.iter().enumerate() {
        assert!(text(&format!("{name}.yaml")).starts_with(&format!("# {}. {name}.yaml: ", number + 1)), "{name}");
    }
    // The seed has the number of the token: both are Secrets with values to replace.
    files.insert(6, "seed");
    assert!(text("seed.yaml").starts_with("# 6. seed.yaml: "));
    files.push("plugin");
    let expected: Vec<_> = files.iter().map(|name| text(&format!("{name}.yaml"))).collect();
    assert_eq!(printed, expected.join("---\n"));
}

#[test]
fn policy_is_valid() {
    let file = folder().join("policy.yaml");
    let said = command::run(eod_cmp().args(["policy", "check"]).arg(&file), "").expect_ok();
    // The lines before explain the policy of each project.
    assert!(said.ends_with(&format!("{}: ok\n", file.display())), "{said}");
}

/// Step of a workflow that runs a script.
pub(super) struct WorkflowStep {
    /// Starts the script with the constants of the step's environment. The folder of the script exists as long as the step.
    pub(super) command: Command,
    _folder: tempfile::TempDir,
}

/// The only step of a workflow, ready to run. Values of the forge, such as its token, are replaced.
#[track_caller]
pub(super) fn workflow_step(file: &str) -> WorkflowStep {
    let workflow = documents(&text(file)).remove(0);
    let jobs = entries(workflow.get("jobs").unwrap());
    let step = &items(jobs[0].1.get("steps").unwrap())[0];
    let text =
        |key: &str| step.get(key).and_then(Node::text).unwrap_or_else(|| panic!("{file}: the step has no {key}"));
    let folder = tempfile::tempdir().unwrap();
    // GitHub runs a script without a suffix for the language.
    let script = folder.path().join("script");
    fs::write(&script, text("run")).unwrap();
    let mut command = Command::new(text("shell").strip_suffix(" {0}").unwrap());
    command.arg(script);
    for (key, value) in entries(step.get("env").unwrap()) {
        let value = value.text().unwrap();
        command.env(key, if value.contains("${{") { "of the test" } else { value });
    }
    WorkflowStep { command, _folder: folder }
}

#[track_caller]
fn entries(node: &Node) -> Vec<(&str, &Node)> {
    let eod_render::Content::Map(entries) = &node.content else { panic!("a map, got {node:?}") };
    entries.iter().map(|entry| (entry.key.as_str(), &entry.node)).collect()
}

#[track_caller]
fn items(node: &Node) -> &[Node] {
    let eod_render::Content::List(items) = &node.content else { panic!("a list, got {node:?}") };
    items
}

#[test]
fn workflows_have_least_privileges_and_run_no_code_of_a_pull_request() {
    let write = |names: &[&'static str]| names.iter().map(|name| (*name, "write")).collect::<Vec<_>>();
    for (file, events, permissions) in [
        ("preview-label.yaml", vec!["pull_request_target"], write(&["pull-requests"])),
        ("review.yaml", vec!["pull_request_review"], Vec::new()),
        ("approve.yaml", vec!["workflow_run", "pull_request_target"], write(&["issues", "pull-requests"])),
    ] {
        let text = text(&format!("github/{file}"));
        let workflow = documents(&text).remove(0);
        let found = entries(workflow.get("permissions").unwrap());
        let found: Vec<_> = found.into_iter().map(|(name, value)| (name, value.text().unwrap())).collect();
        assert_eq!(found, permissions, "{file}");
        let found: Vec<_> = entries(workflow.get("on").unwrap()).into_iter().map(|(event, _)| event).collect();
        assert_eq!(found, events, "{file}");
        let jobs = entries(workflow.get("jobs").unwrap());
        let [(_, job)] = jobs.as_slice() else { panic!("{file}: one job") };
        assert!(job.get("permissions").is_none(), "{file}: a job must not add permissions");
        for step in items(job.get("steps").unwrap()) {
            assert!(step.get("uses").is_none(), "{file}: no external action, such as a checkout");
            let run = step.get("run").unwrap().text().unwrap();
            assert!(!run.contains("${{"), "{file}: text of a pull request must not be part of a script: {run}");
        }
    }
    // approve.yaml is started by the name of review.yaml.
    let name = |file: &str| documents(&text(file)).remove(0).get("name").unwrap().text().unwrap().to_owned();
    let approve = documents(&text("github/approve.yaml")).remove(0);
    let started = approve.get("on").unwrap().get("workflow_run").unwrap().get("workflows").unwrap();
    assert_eq!(items(started)[0].text(), Some(name("github/review.yaml").as_str()));
}

#[test]
fn readme_uses_the_files() {
    let readme = fs::read_to_string(eod_testkit::repository().join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## With Argo CD\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks: Vec<_> = section.split("\n```").skip(1).step_by(2).collect();
    let [install, parameters, render] = blocks.as_slice() else { panic!("expected three blocks, got {blocks:?}") };
    // The installation names existing files in their order.
    let mut named: Vec<_> = install.split([' ', '=', '\n']).filter(|word| word.ends_with(".yaml")).map(text).collect();
    assert_eq!(named.len(), 8);
    let number = |text: &String| text.strip_prefix("# ").unwrap().split_once('.').unwrap().0.parse::<u32>().unwrap();
    named.sort_by_key(number);
    // Token and seed have the same number.
    assert_eq!(named.iter().map(number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 6, 7]);
    let set = text("applicationset.yaml");
    for line in parameters.lines().skip(1) {
        assert!(set.lines().any(|other| other.trim() == line.trim()), "applicationset.yaml has no line `{line}`");
    }
    let commands: Vec<_> = render.lines().filter(|line| line.starts_with("eod-cmp ")).collect();
    assert_eq!(commands.len(), 2, "with and without the policy");
    commands.into_iter().for_each(rendered_by_hand);
    let shown = text("README.md");
    let inline = shown.split('`').find(|code| code.starts_with("eod-cmp render ")).unwrap();
    rendered_by_hand(inline);
}

/// Runs a command of a README in a checkout with the policy file.
#[track_caller]
fn rendered_by_hand(line: &str) {
    let checkout = tempfile::tempdir().unwrap();
    let preview = checkout.path().join("deploy/preview");
    fs::create_dir_all(&preview).unwrap();
    fs::write(preview.join("web.yaml"), story::service("web", "registry.acme.internal/shop:main")).unwrap();
    fs::write(checkout.path().join("policy.yaml"), text("policy.yaml")).unwrap();
    let arguments = line.strip_prefix("eod-cmp ").unwrap().split_whitespace();
    let said = command::run(eod_cmp().args(arguments).current_dir(checkout.path()), "").expect_ok();
    assert!(said.contains("kind: ResourceQuota") && said.contains("kind: Ingress"), "{said}");
}
