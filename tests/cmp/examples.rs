//! Tests of every file in `examples/argocd`. Only Argo CD's namespace, the repository and the forge are replaced by those
//! of the test.

mod admission;
mod image;
mod installed;
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
        "github/preview-label.yaml",
        "monorepo.yaml",
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
    // Files are numbered in the order in which they are applied.
    for (number, name) in files.iter().enumerate() {
        assert!(text(&format!("{name}.yaml")).starts_with(&format!("# {}. {name}.yaml: ", number + 1)), "{name}");
    }
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

#[test]
fn workflow_has_least_privileges_and_runs_no_code_of_a_pull_request() {
    let text = text("github/preview-label.yaml");
    let workflow = documents(&text).remove(0);
    let keys = |node: &Node| match &node.content {
        eod_render::Content::Map(entries) => entries.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>(),
        other => panic!("a map, got {other:?}"),
    };
    let permissions = workflow.get("permissions").unwrap();
    assert_eq!(keys(permissions), ["pull-requests"]);
    assert_eq!(permissions.get("pull-requests").unwrap().text(), Some("write"));
    assert_eq!(keys(workflow.get("on").unwrap()), ["pull_request_target"]);
    let jobs = workflow.get("jobs").unwrap();
    assert_eq!(keys(jobs), ["take-off"]);
    let job = jobs.get("take-off").unwrap();
    assert!(job.get("permissions").is_none(), "a job must not add permissions");
    let eod_render::Content::List(steps) = &job.get("steps").unwrap().content else { panic!("a list") };
    for step in steps {
        assert!(step.get("uses").is_none(), "no external action, such as a checkout");
        let run = step.get("run").unwrap().text().unwrap();
        assert!(!run.contains("${{"), "text of a pull request must not be part of a script: {run}");
    }
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
    assert_eq!(named.len(), 7);
    let number = |text: &String| text.strip_prefix("# ").unwrap().split_once('.').unwrap().0.parse::<u32>().unwrap();
    named.sort_by_key(number);
    assert_eq!(named.iter().map(number).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
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
