//! Hostile repositories and archives, sent through the socket to the renderer. All of them are refused.

mod repository;

use std::collections::BTreeSet;
use std::path::Path;

use tonic::Code;

use self::repository::HostileRepository;
use super::kit::{Setup, TestRequest, TestServer};
use crate::archive::tests::{SMALL, hostile::rows};

/// Manifests that the renderer's own tests refuse.
#[path = "../../../render/render/tests/hostile/cases.rs"]
mod cases;

/// Minimum number of cases of all kinds together.
const MIN_CASES: usize = 300;

/// Policy of the renderer's tests.
/// Nothing is removed, so every hostile part is refused.
const POLICY: &str = concat!(include_str!("../../../render/tests/policy.yaml"), "    narrow: []\n");

fn server() -> TestServer {
    let server = Setup { policy: POLICY, ..Setup::default() }.start();
    // A case that reaches helm is rendered, and the test fails.
    server.helm.may_end();
    server
}

/// Names of the rules in an error.
fn rules(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("rule:")).map(str::trim).collect()
}

/// Sends a request that must be refused by exactly these rules.
async fn refused(server: &TestServer, request: &TestRequest, expected: &str, name: &str) -> Result<(), String> {
    let status = match request.generate(server).await {
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

/// Repositories of the corpora in `tests/hostile`.
fn repositories() -> Vec<HostileRepository> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    ["helm.txt", "kustomize.txt", "parameters.txt", "plain.txt"]
        .iter()
        .flat_map(|file| repository::read(&folder.join(file)))
        .collect()
}

/// Manifests of the renderer's corpora, each in a repository of its own.
fn manifests() -> Vec<HostileRepository> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../render/tests/hostile");
    let files = ["kinds.txt", "metadata.txt", "network.txt", "pods.txt", "storage.txt", "yaml.txt"];
    let cases = files.iter().flat_map(|file| cases::read(&folder.join(file)));
    cases
        .map(|case| {
            HostileRepository::of(&case.rule, &case.name, cases::texts(&case).first().map_or("", String::as_str))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_sources_are_refused() {
    let (server, mut wrong) = (server(), Vec::new());
    let all = [repositories(), manifests()].concat();
    for repository in &all {
        let request = repository.request();
        wrong.extend(refused(&server, &request, &repository.rules, &repository.name).await.err());
    }
    // Same limits as in the tests of the archive.
    let small = Setup { limits: SMALL, ..Setup::default() }.start();
    let archives = rows();
    for (name, archive, error) in &archives {
        let request = TestRequest { archive: archive.clone(), directory: ".", ..TestRequest::of(&[]) };
        let said = request.generate(&small).await.map_or_else(|status| status.message().to_owned(), |_| String::new());
        if !said.contains(&error.to_string()) {
            wrong.push(format!("{name}: expected {error}, got {said}"));
        }
    }
    let number = all.len() + archives.len();
    assert!(wrong.is_empty(), "{} of {number}:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(number >= MIN_CASES, "there are {number}");
}

#[test]
fn names_of_cases_are_unique() {
    let all = repositories();
    let names: BTreeSet<&str> = all.iter().map(|repository| repository.name.as_str()).collect();
    assert_eq!(names.len(), all.len());
}
