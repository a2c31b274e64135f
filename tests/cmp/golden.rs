//! Sample repositories with recorded output of `eod-cmp render`, with the real helm and kustomize.
//!
//! Each folder of `tests/golden` is a case: `tree` is the repository, `tree/app` the Application's directory.
//! `parameters.txt` has one parameter in each line, or another option with its value. `policy.yaml` replaces the common
//! policy, `same-tree-as` names a case with the same tree. `expected.yaml` is the output, `narrowed.txt` the lines on
//! stderr about removed requests; `EOD_UPDATE_GOLDEN=1` writes both. `EOD_TEST_GOLDEN=name[,name]` selects cases.

use std::{ffi::OsString, fs, path::PathBuf, process::Command, sync::Mutex};

use eod_testkit::{
    argocd::Tool,
    cases::for_each_number,
    command::{Finished, run},
};

/// Minimum number of cases.
const LEAST: usize = 40;

fn folder() -> PathBuf {
    eod_testkit::repository().join("tests/golden")
}

/// Sorted names of all cases.
fn cases() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = entries
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Search path that begins with the directories of helm and kustomize.
pub(super) fn search_path() -> OsString {
    let own = [Tool::Helm, Tool::Kustomize].map(|tool| tool.path().parent().unwrap().to_owned());
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&rest))).unwrap()
}

fn render(case: &str, path: &OsString) -> Finished {
    let own = folder().join(case);
    let tree = match fs::read_to_string(own.join("same-tree-as")) {
        Ok(other) => folder().join(other.trim()).join("tree"),
        Err(_) => own.join("tree"),
    };
    let policy = Some(own.join("policy.yaml")).filter(|file| file.exists());
    let mut command = Command::new(super::BINARY);
    command.env("PATH", path).args(["render", "--project", "previews"]);
    command.arg("--policy").arg(policy.unwrap_or_else(|| folder().join("policy.yaml")));
    command.arg("--root").arg(&tree).arg("--path").arg(tree.join("app"));
    let parameters = fs::read_to_string(own.join("parameters.txt")).unwrap();
    for line in parameters.lines() {
        match line.strip_prefix("--") {
            Some(_) => command.args(line.splitn(2, ' ')),
            None => command.args(["--parameter", line]),
        };
    }
    run(&mut command, "")
}

#[test]
fn every_repository_renders_as_recorded() {
    let (cases, path, wrong) = (cases(), search_path(), Mutex::new(Vec::new()));
    assert!(cases.len() >= LEAST, "there are {} cases", cases.len());
    let cases = selected(cases, &std::env::var("EOD_TEST_GOLDEN").unwrap_or_default());
    let update = std::env::var_os("EOD_UPDATE_GOLDEN").is_some_and(|value| value == "1");
    for_each_number(cases.len(), |number| {
        let case = &cases[number];
        let finished = render(case, &path);
        let report = folder().join(case).join("narrowed.txt");
        if update && !finished.stderr.is_empty() {
            fs::write(&report, &finished.stderr).unwrap();
        }
        if finished.code != Some(0) || finished.stderr != fs::read_to_string(&report).unwrap_or_default() {
            wrong.lock().unwrap().push(format!("{case} is not rendered: {}", finished.report()));
            return;
        }
        let file = folder().join(case).join("expected.yaml");
        if update {
            return fs::write(&file, &finished.stdout).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if let Some(difference) = first_difference(&expected, &finished.stdout) {
            wrong.lock().unwrap().push(format!("{case}: {difference}"));
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Cases of a list such as `plain-host,helm-chart`; all cases if the list is empty.
#[track_caller]
fn selected(cases: Vec<String>, names: &str) -> Vec<String> {
    if names.is_empty() {
        return cases;
    }
    let names: Vec<_> = names.split(',').map(|name| name.trim().to_owned()).collect();
    let unknown: Vec<_> = names.iter().filter(|name| !cases.contains(name)).collect();
    assert!(unknown.is_empty(), "EOD_TEST_GOLDEN names cases that do not exist: {unknown:?}");
    names
}

#[test]
fn cases_are_selected_by_name() {
    let cases = || vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(selected(cases(), ""), cases());
    assert_eq!(selected(cases(), "b"), ["b"]);
    assert!(std::panic::catch_unwind(|| selected(cases(), "c")).is_err());
}

/// First line that differs between two texts.
fn first_difference(expected: &str, got: &str) -> Option<String> {
    let (mut expected, mut got) = (expected.lines(), got.lines());
    (1..).find_map(|line| match (expected.next(), got.next()) {
        (None, None) => Some(None),
        (expected, got) if expected == got => None,
        (expected, got) => {
            let shown = |line: Option<&str>| line.map_or("the end".to_owned(), |line| format!("`{line}`"));
            Some(Some(format!("line {line}: expected {}, got {}", shown(expected), shown(got))))
        }
    })?
}

#[test]
fn differences_are_found() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(first_difference("a\nb\n", "a\nc\n").as_deref(), Some("line 2: expected `b`, got `c`"));
    assert_eq!(first_difference("a\n", "a\nb\n").as_deref(), Some("line 2: expected the end, got `b`"));
}

#[test]
fn every_tree_exists_and_is_used() {
    for case in cases() {
        let own = folder().join(&case);
        let borrowed = fs::read_to_string(own.join("same-tree-as")).ok();
        assert_ne!(borrowed.is_some(), own.join("tree").exists(), "{case} has one tree, its own or another's");
        if let Some(other) = borrowed {
            assert!(folder().join(other.trim()).join("tree/app").exists(), "{case} names {other}");
        }
    }
}
