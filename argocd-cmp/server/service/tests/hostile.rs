//! Repositories and archives that nobody should send, through the server's own entry: the socket, the stream, the
//! archive, the renderer. Not one of them is rendered.

mod repository;

use std::collections::BTreeSet;
use std::path::Path;

use tonic::Code;

use self::repository::Repository;
use super::kit::{Asked, Running, Setup};
use crate::archive::tests::{SMALL, hostile::rows};

/// The parts of manifests that the renderer's own tests refuse.
#[path = "../../../render/render/tests/hostile/cases.rs"]
mod cases;

/// How many there are at least, of all kinds together.
const LEAST: usize = 300;

/// The policy of the renderer's tests.
const POLICY: &str = include_str!("../../../render/tests/policy.yaml");

fn server() -> Running {
    let running = Setup { policy: POLICY, ..Setup::default() }.start();
    // What gets as far as Helm is rendered, and is a mistake of ours.
    running.helm.may_end();
    running
}

/// The words of the rules in an answer.
fn rules(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("rule:")).map(str::trim).collect()
}

/// Asks for a render that must be refused by exactly these rules.
async fn refused(running: &Running, asked: &Asked, expected: &str, name: &str) -> Result<(), String> {
    let status = match asked.generate(running).await {
        Ok(manifests) => return Err(format!("{name} is rendered:\n{}", manifests.join("\n"))),
        Err(status) => status,
    };
    let expected: BTreeSet<&str> = expected.split(',').collect();
    let code = if status.code() == Code::FailedPrecondition { "" } else { "an unexpected code, " };
    if rules(status.message()) == expected && code.is_empty() && status.message().contains("remedy: ") {
        return Ok(());
    }
    Err(format!("{name}: {code}expected {expected:?}, got {}", status.message()))
}

/// The repositories of the text corpora.
fn repositories() -> Vec<Repository> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    ["helm.txt", "kustomize.txt", "parameters.txt", "plain.txt"]
        .iter()
        .flat_map(|file| repository::read(&folder.join(file)))
        .collect()
}

/// The renderer's parts of manifests, each in one text that holds it.
fn manifests() -> Vec<Repository> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../render/tests/hostile");
    let files = ["kinds.txt", "metadata.txt", "network.txt", "pods.txt", "storage.txt", "yaml.txt"];
    let cases = files.iter().flat_map(|file| cases::read(&folder.join(file)));
    cases
        .map(|case| Repository::of(&case.rule, &case.name, cases::texts(&case).first().map_or("", String::as_str)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_them_is_rendered() {
    let (running, mut wrong) = (server(), Vec::new());
    let all = [repositories(), manifests()].concat();
    for repository in &all {
        let asked = repository.asked();
        wrong.extend(refused(&running, &asked, &repository.rules, &repository.name).await.err());
    }
    // The same limits under which the archive's own tests refuse them.
    let small = Setup { limits: SMALL, ..Setup::default() }.start();
    let archives = rows();
    for (name, archive, error) in &archives {
        let asked = Asked { archive: archive.clone(), directory: ".", ..Asked::of(&[]) };
        let said = asked.generate(&small).await.map_or_else(|status| status.message().to_owned(), |_| String::new());
        if !said.contains(&error.to_string()) {
            wrong.push(format!("{name}: expected {error}, got {said}"));
        }
    }
    let number = all.len() + archives.len();
    assert!(wrong.is_empty(), "{} of {number}:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(number >= LEAST, "there are {number}");
}

#[test]
fn each_has_a_name_of_its_own() {
    let all = repositories();
    let names: BTreeSet<&str> = all.iter().map(|repository| repository.name.as_str()).collect();
    assert_eq!(names.len(), all.len());
}
