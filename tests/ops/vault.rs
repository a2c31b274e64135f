//! Copies in Vault at the end of an environment, on a real Vault with the policy of the reaper.

use std::fs;

use eod_domain::vault::{Globs, MountPath, reaper_policy};
use eod_testkit::{fault::FaultProxy, vault::Vault};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Ops;

/// A Vault with an engine of its own, and the configuration file of `eod` for it.
pub(super) struct Copies {
    vault: &'static Vault,
    mount: String,
    token: String,
    folder: TempDir,
}

impl Copies {
    pub(super) fn new(test: &str) -> Self {
        let vault = Vault::shared();
        let mount = vault.mount(test);
        let folder = tempfile::tempdir().unwrap();
        let mut copies = Self { vault, mount, token: String::new(), folder };
        let policy = copies.policy();
        copies.log_in(test, &policy);
        copies
    }

    /// Policy of the reaper.
    fn policy(&self) -> String {
        let mount: MountPath = self.mount.parse().unwrap();
        reaper_policy(&mount, &Globs::default_targets())
    }

    /// Writes the configuration file with a new token that has this policy.
    fn log_in(&mut self, test: &str, policy: &str) {
        let name = self.vault.policy(test, policy);
        self.token = self.vault.token_with(&[&name], "10m");
        let block = self.block(self.vault.address(), self.vault.ca_pem());
        // JSON is YAML.
        fs::write(self.config(), json!({ "version": 1, "vault": block }).to_string()).unwrap();
    }

    /// Block `vault` of a configuration file for this server or for a proxy in front of it.
    pub(super) fn block(&self, address: &str, ca_pem: Option<&str>) -> Value {
        let mut block = json!({
            "address": address, "auth": { "token": self.token }, "prefixes": [format!("{}/preview", self.mount)],
        });
        if let Some(pem) = ca_pem {
            block["ca_cert"] = pem.into();
        }
        block
    }

    pub(super) fn address(&self) -> &str {
        self.vault.address()
    }

    pub(super) fn ca_pem(&self) -> Option<&str> {
        self.vault.ca_pem()
    }

    /// Token with the policy of the reaper.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Proxy in front of the server.
    pub(super) fn proxy(&self) -> FaultProxy {
        self.vault.proxy()
    }

    pub(super) fn config(&self) -> String {
        self.folder.path().join("eod.yaml").to_str().unwrap().to_owned()
    }

    /// Creates a copy with ownership labels.
    pub(super) fn add(&self, path: &str, environment: &str, installation: &str) {
        self.vault.put(&self.mount, path, &[("password", "canary")]);
        let owner = [("eod-env", environment), ("eod-installation", installation), ("eod-nonce", path)];
        self.vault.put_custom_metadata(&self.mount, path, &owner);
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.vault.metadata(&self.mount, path).is_some()
    }
}

#[test]
fn copies_end_with_their_environment_and_nothing_else_does() {
    let (ops, copies) = (Ops::new("opsvault"), Copies::new("opsvault"));
    let name = ops.environment("a", "full", "24h", &json!({}));
    let alike = ops.environment("ab", "full", "24h", &json!({}));
    let own = [format!("preview/{name}"), format!("preview/{name}/app"), "preview/team/deep/app".to_owned()];
    own.iter().for_each(|path| copies.add(path, &name, &ops.installation));
    let other = [format!("preview/{alike}/app"), format!("preview/{name}/other"), format!("preview/{name}/person")];
    copies.add(&other[0], &alike, &ops.installation);
    copies.add(&other[1], &name, "another");
    copies.vault.put(&copies.mount, &other[2], &[("password", "canary")]);

    let config = copies.config();
    let ended = ops.eod(&["end", &name, "--yes", "--config", &config]);
    assert_eq!(ended.code, Some(0), "{}", ended.report());
    assert!(own.iter().all(|path| !copies.exists(path)), "{}", ended.report());
    assert!(other.iter().all(|path| copies.exists(path)), "{}", ended.report());
    for path in own.iter().chain(&other) {
        assert!(!copies.vault.audit().was_read(&copies.mount, path), "{path}");
    }
    assert_eq!(ops.json(0, &["show", &name])["environment"]["left"], json!([]));

    // A copy of an environment on no record is reported and stays.
    copies.add("preview/lost/app", "lost-environment", &ops.installation);
    let run = ops.json(3, &["reap", "--config", &config]);
    assert_eq!(run["unknown"], json!({ "vault": 1 }), "{run:#}");
    assert!(copies.exists("preview/lost/app") && copies.exists(&other[0]));
}

#[test]
fn copies_stay_if_a_person_keeps_them_or_vault_is_down() {
    let (ops, copies) = (Ops::new("opsvaultkeep"), Copies::new("opsvaultkeep"));
    let kept = ops.environment("a", "full", "24h", &json!({}));
    let path = format!("preview/{kept}/app");
    copies.add(&path, &kept, &ops.installation);
    let config = copies.config();
    let ended = ops.eod(&["end", &kept, "--yes", "--keep-vault", "--config", &config]);
    assert_eq!(ended.code, Some(0), "{}", ended.report());
    assert!(!ops.cluster.namespace_exists(&kept) && copies.exists(&path));

    // The environment ends although Vault does not answer, and the next run removes the copy.
    let late = ops.environment("b", "full", "24h", &json!({}));
    let path = format!("preview/{late}/app");
    copies.add(&path, &late, &ops.installation);
    let down = copies.folder.path().join("down.yaml");
    let block = json!({ "address": "http://127.0.0.1:1", "auth": { "token": "t" }, "prefixes": ["secret/preview"] });
    fs::write(&down, json!({ "version": 1, "vault": block }).to_string()).unwrap();
    let ended = ops.eod(&["end", &late, "--yes", "--config", down.to_str().unwrap()]);
    assert_eq!(ended.code, Some(3), "{}", ended.report());
    assert!(ended.stderr.contains("vault is left"), "{}", ended.report());
    assert!(!ops.cluster.namespace_exists(&late) && copies.exists(&path));
    let shown = ops.json(3, &["list", "--all"]);
    let left = shown["environments"].as_array().unwrap().iter().find(|found| found["name"] == late.as_str());
    assert_eq!(left.unwrap()["left"], json!(["vault"]));
    let run = ops.eod(&["reap", "--no-sweep", "--config", &config]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    assert!(!copies.exists(&path), "{}", run.report());
}

#[test]
fn each_right_of_the_policy_is_needed() {
    let (ops, mut copies) = (Ops::new("opsvaultrights"), Copies::new("opsvaultrights"));
    let name = ops.environment("a", "full", "24h", &json!({}));
    let path = format!("preview/{name}/deep/app");
    copies.add(&path, &name, &ops.installation);
    let (whole, config) = (copies.policy(), copies.config());
    let below = format!("path \"{}/metadata/preview/*\"", copies.mount);
    let (rule, rights) = (whole.lines().find(|line| line.starts_with(&below)).unwrap(), ["list", "read", "delete"]);
    for missing in rights {
        let left = rights.iter().filter(|right| **right != missing).map(|right| format!("\"{right}\""));
        let left = left.collect::<Vec<_>>().join(", ");
        copies.log_in("opsvaultrights", &whole.replace(rule, &format!("{below} {{ capabilities = [{left}] }}")));
        let mut arguments =
            if missing == "list" { vec!["end", name.as_str(), "--yes"] } else { vec!["reap", "--no-sweep"] };
        arguments.extend(["--config", config.as_str()]);
        let run = ops.eod(&arguments);
        assert_eq!(run.code, Some(3), "{missing}: {}", run.report());
        assert!(copies.exists(&path), "{missing}: {}", run.report());
        assert!(!ops.cluster.namespace_exists(&name), "{missing}: only the step of Vault waits");
    }
    copies.log_in("opsvaultrights", &whole);
    let run = ops.eod(&["reap", "--no-sweep", "--config", &config]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    assert!(!copies.exists(&path), "{}", run.report());
    assert!(!copies.vault.audit().was_read(&copies.mount, &path));
}
