//! The files of `examples/reaper`, applied to the API server. Only names are replaced, because tests share the cluster.

use std::collections::BTreeSet;
use std::fs;

use eod_domain::labels;
use eod_testkit::access::{Access, Kubeconfig};
use serde_json::{Value, json};

use super::{Ops, objects::define_outside_kinds};

/// Files in their order.
const FILES: [&str; 5] = ["rights.yaml", "fence.yaml", "eod.yaml", "token.yaml", "cronjob.yaml"];

fn text(file: &str) -> String {
    let path = eod_testkit::repository().join("examples/reaper").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// File with the control namespace, the service account and the installation of a story.
fn adapted(ops: &Ops, file: &str) -> String {
    let account = format!("{}-reaper", ops.installation);
    let text = text(file).replace("eod-reaper", &account).replace("eod-system", &ops.installation);
    text.replace("== 'acme'", &format!("== '{}'", ops.installation))
}

/// Service account with the rights of the example.
fn reaper(ops: &Ops) -> Kubeconfig {
    ops.cluster.apply(&adapted(ops, "rights.yaml"));
    let account = format!("{}-reaper", ops.installation);
    let token = ops.cluster.kubectl(&["create", "token", &account, "-n", &ops.installation]).trim().to_owned();
    Access { token, ..ops.cluster.access().clone() }.kubeconfig()
}

/// `scope group/resource verb` for each verb of the rules of a role.
fn verbs(scope: &str, role: &Value) -> BTreeSet<String> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for resource in texts(&rule["resources"]) {
            for verb in texts(&rule["verbs"]) {
                let group = rule["apiGroups"][0].as_str().unwrap();
                all.insert(format!("{scope} {group}/{resource} {verb}"));
            }
        }
    }
    all
}

#[test]
fn every_file_of_the_reaper_is_in_its_readme_and_has_its_number() {
    let folder = eod_testkit::repository().join("examples/reaper");
    let found: BTreeSet<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let expected: BTreeSet<_> = FILES.iter().copied().chain(["README.md"]).map(str::to_owned).collect();
    assert_eq!(found, expected);
    let readme = text("README.md");
    for (number, file) in (1..).zip(FILES) {
        assert!(text(file).starts_with(&format!("# {number}. {file}: ")), "{file}");
        assert!(readme.contains(&format!("| {number} | `{file}` |")), "{file}");
    }
}

#[test]
fn rights_of_the_example_are_exactly_those_that_the_reaper_needs() {
    let ops = Ops::new("opsinstalled");
    // The rights on these kinds are needed only in a cluster that has them.
    define_outside_kinds(&ops);
    let kubeconfig = reaper(&ops);
    let kubeconfig = kubeconfig.path().to_str().unwrap();
    let checked = ops.eod_with(kubeconfig, &["doctor", "rights", "-o", "json"]);
    assert_eq!(checked.code, Some(0), "{}", checked.report());
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    let needed: BTreeSet<_> = checked["rights"].as_array().unwrap().iter().map(needed).collect();
    let account = format!("{}-reaper", ops.installation);
    let roles = [
        ("cluster", ops.cluster.get(&["clusterrole", &account])),
        (ops.installation.as_str(), ops.cluster.get(&["role", &account, "-n", &ops.installation])),
        ("default", ops.cluster.get(&["role", &account, "-n", "default"])),
    ];
    let granted: BTreeSet<_> = roles.iter().flat_map(|(scope, role)| verbs(scope, role.as_ref().unwrap())).collect();
    assert_eq!(granted, needed);
    remove(&ops);
}

fn needed(right: &Value) -> String {
    let field = |name: &str| right[name].as_str().unwrap().to_owned();
    let scope = right["namespace"].as_str().unwrap_or("cluster");
    format!("{scope} {}/{} {}", field("group"), field("resource"), field("verb"))
}

#[test]
fn reaper_of_the_example_ends_its_environments_and_no_others() {
    let ops = Ops::new("opsfence");
    let kubeconfig = reaper(&ops);
    ops.cluster.apply(&adapted(&ops, "fence.yaml"));
    let past = |extra: &Value| {
        let mut all = json!({
            "created-at": ops.minutes(-300), "last-activity-at": ops.minutes(-300), "expires-at": ops.minutes(-60),
            "reap-after": ops.minutes(-30), "reap-reason": "expired",
        });
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        all
    };
    let due = ops.environment("a", "lightweight", "4h", &past(&json!({})));
    let protected = ops.environment("b", "lightweight", "4h", &past(&json!({ "protected": "true" })));
    let other = Ops::new("opsfenceother");
    let foreign = other.environment("c", "lightweight", "4h", &json!({}));

    // A new policy is enforced after a short time.
    let delete =
        |name: &str| ops.cluster.kubectl_as(kubeconfig.path(), &["delete", "namespace", name, "--dry-run=server"]);
    for (name, reason) in [
        (foreign.as_str(), "only environments of the installation"),
        (protected.as_str(), "never deletes a protected"),
        (ops.installation.as_str(), "only environments of the installation"),
    ] {
        eod_testkit::wait::wait_until(reason, eod_testkit::cluster::PATIENCE, || {
            let refused = delete(name);
            if refused.stderr.contains(reason) { Ok(()) } else { Err(refused.report()) }
        });
    }
    let label = format!("{}=full", labels::TIER);
    let refused = ops.cluster.kubectl_as(kubeconfig.path(), &["label", "namespace", &due, "--overwrite", &label]);
    assert!(refused.stderr.contains("annotations only"), "{}", refused.report());

    let run = ops.eod_with(kubeconfig.path().to_str().unwrap(), &["reap"]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    assert!(!ops.cluster.namespace_exists(&due), "{}", run.report());
    assert!(ops.cluster.namespace_exists(&protected));
    assert!(ops.cluster.namespace_exists(&foreign));
    remove(&ops);
}

#[test]
fn cronjob_runs_the_image_with_the_files_of_the_example() {
    let ops = Ops::new("opscron");
    ops.cluster.apply(&adapted(&ops, "rights.yaml"));
    ops.cluster.apply(&adapted(&ops, "token.yaml"));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), adapted(&ops, "cronjob.yaml")).unwrap();
    let path = file.path().to_str().unwrap();
    // The server checks every field, and creates nothing that would run.
    let arguments = ["create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", path];
    let created: Value = serde_json::from_str(&ops.cluster.kubectl(&arguments)).unwrap();
    let pod = &created["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], format!("{}-reaper", ops.installation));
    let sources = &pod["volumes"][0]["projected"]["sources"];
    assert_eq!(sources[0]["configMap"]["name"], "eod", "as the command of eod.yaml creates it");
    assert_eq!(sources[1]["secret"]["name"], "eod-github-token");
    let container = &pod["containers"][0];
    assert_eq!(container["volumeMounts"][0]["mountPath"], "/etc/eod", "where eod looks for eod.yaml");
    assert!(text("eod.yaml").contains("token_file: /etc/eod/github-token"));
    // The command line and the configuration file are valid.
    let config = eod_testkit::repository().join("examples/reaper/eod.yaml");
    let words: Vec<_> = container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let dry = ops.eod(&[words.as_slice(), &["--dry-run", "--config", config.to_str().unwrap()]].concat());
    assert_eq!(dry.code, Some(0), "{}", dry.report());
    remove(&ops);
}

#[test]
fn image_of_eod_is_built_with_the_compiler_of_the_tests() {
    let file = |path: &str| fs::read_to_string(eod_testkit::repository().join(path)).unwrap();
    let container = file("ops/Containerfile");
    let toolchain = file("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    assert!(container.contains(&format!("FROM docker.io/library/rust:{channel}-")), "{container}");
    assert!(container.contains("--features ops --bin eod"), "{container}");
    assert!(container.contains("USER 65532:65532"), "{container}");
}

/// Removes what is not in a namespace of the story.
fn remove(ops: &Ops) {
    let account = format!("{}-reaper", ops.installation);
    for kind in ["clusterrole", "clusterrolebinding", "validatingadmissionpolicy", "validatingadmissionpolicybinding"] {
        ops.cluster.try_kubectl(&["delete", kind, &account, "--ignore-not-found"]);
    }
    ops.cluster.try_kubectl(&["delete", "role,rolebinding", &account, "-n", "default", "--ignore-not-found"]);
}
