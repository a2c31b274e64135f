//! Hostile repositories that need the real helm and kustomize.
//!
//! Cases that are refused before a tool runs are in the server's tests. A case begins with `=== rules name`; `+ path` is
//! a file with the following lines, `@ archive <- folder` packs a folder to an archive, `~ text` is a part of the output.

use std::{collections::BTreeSet, fs, process::Command, sync::Mutex};

use eod_testkit::{
    cases::for_each_number,
    command::{Finished, run},
};
use tempfile::TempDir;

use super::golden::search_path;

const LEAST: usize = 60;

struct Case {
    name: String,
    rules: String,
    files: Vec<(String, String)>,
    packed: Vec<(String, String)>,
    said: Vec<String>,
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(eod_testkit::repository().join("tests/cmp/hostile/tools.txt")).unwrap();
    text.split("=== ").skip(1).map(parse).collect()
}

fn parse(block: &str) -> Case {
    let (head, body) = block.split_once('\n').unwrap();
    let (rules, name) = head.split_once(' ').unwrap();
    let (rules, name) = (rules.to_owned(), name.to_owned());
    let mut case = Case { name, rules, files: Vec::new(), packed: Vec::new(), said: Vec::new() };
    for line in body.lines() {
        if let Some(path) = line.strip_prefix("+ ") {
            case.files.push((path.to_owned(), String::new()));
        } else if let Some((archive, folder)) = line.strip_prefix("@ ").and_then(|rest| rest.split_once(" <- ")) {
            case.packed.push((archive.to_owned(), folder.to_owned()));
        } else if let Some(text) = line.strip_prefix("~ ") {
            case.said.push(text.to_owned());
        } else {
            let (_, content) = case.files.last_mut().unwrap_or_else(|| panic!("{head}: {line}"));
            content.push_str(line);
            content.push('\n');
        }
    }
    case
}

fn render(case: &Case, path: &std::ffi::OsStr) -> Finished {
    let folder = TempDir::new().unwrap();
    for (name, content) in &case.files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    for (archive, packed) in &case.packed {
        let archive = folder.path().join(archive);
        fs::create_dir_all(archive.parent().unwrap()).unwrap();
        run(Command::new("tar").current_dir(folder.path()).arg("czf").arg(archive).arg(packed), "").expect_ok();
        fs::remove_dir_all(folder.path().join(packed)).unwrap();
    }
    // Nothing is removed, so every hostile part is refused.
    let common = fs::read_to_string(eod_testkit::repository().join("tests/golden/policy.yaml")).unwrap();
    let policy = folder.path().join("policy.yaml");
    fs::write(&policy, common + "    narrow: []\n").unwrap();
    let mut command = Command::new(super::BINARY);
    command.env("PATH", path).args(["render", "--project", "previews", "--parameter", "environment=shop-pr-7"]);
    command.arg("--policy").arg(policy).arg("--root").arg(folder.path()).arg("--path").arg(folder.path().join("app"));
    run(&mut command, "")
}

/// Difference between the expected and the actual refusal of a case; none if there is no difference.
fn mistake(case: &Case, finished: &Finished) -> Option<String> {
    let lines = finished.stderr.lines().map(str::trim);
    let rules: BTreeSet<&str> = lines.filter_map(|line| line.strip_prefix("rule:")).map(str::trim).collect();
    let is_refused = finished.code == Some(1) && finished.stdout.is_empty() && finished.stderr.contains("remedy: ");
    let is_said = case.said.iter().all(|text| finished.stderr.contains(text));
    let is_expected = is_refused && is_said && rules == case.rules.split(',').collect();
    (!is_expected).then(|| format!("{}: expected {} {:?}; {}", case.name, case.rules, case.said, finished.report()))
}

#[test]
fn hostile_output_of_tools_is_refused() {
    let (cases, path, wrong) = (cases(), search_path(), Mutex::new(Vec::new()));
    assert!(cases.len() >= LEAST, "there are {} cases", cases.len());
    for_each_number(cases.len(), |number| {
        let case = &cases[number];
        wrong.lock().unwrap().extend(mistake(case, &render(case, &path)));
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
