//! Copies of secrets with a team's configuration: real Terraform against a real Vault.
//!
//! Every story has its own engine, mounted at [`VaultStory::mount`], so that the test can check all reads and
//! writes of the engine.

mod adopt;
mod canary;
mod crash;
mod data;
mod destroy;
mod faults;
mod foreign;
mod import;
mod lifecycle;
mod logins;
mod overrides;
mod paths;
mod policies;
mod race;
mod refusal;
mod secret;
mod subtree;
mod unknown;

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::Mutex,
    thread,
};

use eod_domain::vault::{CloneRights, Globs, MountPath, cloner_policy};
use eod_testkit::{
    fault::{Fault, FaultProxy, Logged},
    terraform::Terraform,
    vault::Vault,
    workspace::Workspace,
};
use serde_json::Value;

use crate::provider::{configuration::Configuration, text};

/// Address of the copy in the configuration of a story.
pub(crate) const COPY: &str = "eod_vault_clone.config";

/// The source of a story's copy, as an argument.
pub(crate) const SOURCE: &str = "source_path = \"stage/shop\"";

/// Default target of that copy.
pub(crate) const TARGET: &str = "preview/shop-pr-7/shop";

/// Entries of the ownership metadata of a copy.
const MARKS: [&str; 6] = ["eod-created", "eod-env", "eod-installation", "eod-nonce", "eod-src", "eod-src-version"];

/// A configuration with one `eod_vault_clone.config`, the folder it is run in, and the Vault it is run against.
///
/// It derefs to its [`Configuration`].
pub(crate) struct VaultStory {
    pub(crate) vault: &'static Vault,
    /// The engine of source and target.
    pub(crate) mount: String,
    configuration: Configuration,
}

/// Runs a story with every Terraform. `arguments` are those of the copy, besides environment and mount. The source
/// `stage/shop` exists.
#[track_caller]
pub(crate) fn run_story(test: &str, arguments: &str, story: impl Fn(&mut VaultStory)) {
    for terraform in Terraform::all() {
        story(&mut VaultStory::new(terraform, test, arguments));
    }
}

impl VaultStory {
    #[track_caller]
    pub(crate) fn new(terraform: &'static Terraform, test: &str, arguments: &str) -> Self {
        let vault = Vault::shared();
        let mount = vault.mount(test);
        vault.put(&mount, "stage/shop", &[("URL", "https://stage.example"), ("KEY", "stage-key")]);
        let configuration = Configuration::new(terraform, workspace(terraform, test, vault), "");
        let mut story = Self { vault, mount, configuration };
        story.arguments(arguments);
        story
    }

    /// This configuration in an empty folder, with an empty state.
    #[track_caller]
    pub(crate) fn elsewhere(&self) -> Self {
        let Self { vault, mount, configuration } = self;
        let workspace = workspace(configuration.terraform, "elsewhere", vault);
        Self { vault, mount: mount.clone(), configuration: configuration.elsewhere(workspace) }
    }

    /// Sets the arguments of the copy.
    pub(crate) fn arguments(&mut self, arguments: &str) {
        let block = self.block("config", arguments);
        self.body(&block);
    }

    /// Sets everything after the provider block, which may use values of the story.
    pub(crate) fn body(&mut self, hcl: &str) {
        self.configuration.body(hcl);
    }

    /// All following calls go through a proxy.
    pub(crate) fn through(&mut self, proxy: &FaultProxy) {
        self.set_env("VAULT_ADDR", &proxy.access().server);
    }

    /// This story behind a new proxy, which is returned.
    #[track_caller]
    pub(crate) fn proxied(&mut self) -> FaultProxy {
        let proxy = self.vault.proxy();
        self.through(&proxy);
        proxy
    }

    /// All following calls are made with this token.
    pub(crate) fn token(&mut self, token: &str) {
        self.set_env("VAULT_TOKEN", token);
    }

    /// A token with the provider's own policy for the creation of copies of `stage` on this engine.
    #[track_caller]
    pub(crate) fn cloner(&self, update: bool) -> String {
        self.vault.token_with(&[&self.cloner_policy(update)], "1h")
    }

    /// The name of that policy.
    #[track_caller]
    pub(crate) fn cloner_policy(&self, update: bool) -> String {
        let mount: MountPath = self.mount.parse().unwrap();
        let rights = CloneRights {
            target_mount: mount.clone(),
            mount,
            sources: vec!["stage".parse().unwrap()],
            targets: Globs::default_targets(),
            sensitive: Globs::default_sensitive(),
            update,
        };
        self.vault.policy("cloner", &cloner_policy(&rights))
    }

    /// A copy for environment `shop-pr-7` as a block.
    pub(crate) fn block(&self, label: &str, arguments: &str) -> String {
        let mount = &self.mount;
        format!(
            "resource \"eod_vault_clone\" \"{label}\" {{\n  environment = \"shop-pr-7\"\n  mount = \"{mount}\"\n{arguments}\n}}\n"
        )
    }

    /// The plan in the form of `show -json`.
    #[track_caller]
    pub(crate) fn planned(&self) -> Value {
        self.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        let run = self.run(&["show", "-json", "saved"]).expect_ok();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    /// Removes a copy from the state, not from Vault.
    #[track_caller]
    pub(crate) fn forget(&self) {
        self.run(&["state", "rm", COPY]).expect_ok();
    }

    /// The attributes of the copy in the state.
    #[track_caller]
    pub(crate) fn attributes(&self) -> Value {
        self.attributes_of("config").unwrap_or_else(|| panic!("{COPY} is not in the state"))
    }

    /// The attributes of a copy in the state; none if it is missing.
    #[track_caller]
    pub(crate) fn attributes_of(&self, label: &str) -> Option<Value> {
        Some(self.instance("eod_vault_clone", label)?["attributes"].clone())
    }

    /// True if the copy is in the state and tainted.
    #[track_caller]
    pub(crate) fn is_tainted(&self) -> bool {
        let instance =
            self.instance("eod_vault_clone", "config").unwrap_or_else(|| panic!("{COPY} is not in the state"));
        instance["status"] == "tainted"
    }

    /// One entry of `keys`.
    #[track_caller]
    pub(crate) fn key(&self, path: &str) -> Value {
        self.attributes()["keys"][path].clone()
    }

    /// The paths in `keys`, each with its result.
    #[track_caller]
    pub(crate) fn results(&self) -> BTreeMap<String, String> {
        let keys = self.attributes()["keys"].as_object().unwrap().clone();
        keys.into_iter().map(|(path, key)| (path, text(&key["result"]))).collect()
    }

    /// The newest data of a secret on the story's engine.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.vault.get(&self.mount, path)
    }

    /// Panics unless a copy exists with all ownership metadata, one version and the entries of its source.
    #[track_caller]
    pub(crate) fn expect_whole(&self, source: &str, path: &str) {
        let marks = self.marks(path);
        for mark in MARKS {
            assert!(marks[mark].is_string(), "`{path}` has no {mark}: {marks}");
        }
        assert_eq!(self.version(path), 1, "the version of `{path}`");
        assert_eq!(self.get(path), self.get(source), "`{path}` is not what `{source}` is");
    }

    /// Panics unless a secret exists as others created it, without our ownership metadata.
    #[track_caller]
    pub(crate) fn expect_untouched(&self, path: &str, data: &Value) {
        assert_eq!(self.get(path).as_ref(), Some(data), "`{path}`");
        let marks = self.marks(path);
        assert!(MARKS.iter().all(|mark| marks[mark].is_null()), "`{path}` was marked: {marks}");
    }

    /// Panics if a secret is left below the target.
    #[track_caller]
    pub(crate) fn expect_nothing_left(&self) {
        assert_eq!(self.vault.list(&self.mount, "preview"), Vec::<String>::new());
    }

    /// Removes all faults, and panics unless the next apply completes the copy and a destroy leaves nothing.
    #[track_caller]
    pub(crate) fn expect_recovery(&self, proxy: &FaultProxy) {
        proxy.clear_rules();
        self.settle();
        self.expect_whole("stage/shop", TARGET);
        self.destroy().expect_ok();
        self.expect_nothing_left();
    }

    /// Custom metadata of a secret.
    #[track_caller]
    pub(crate) fn marks(&self, path: &str) -> Value {
        self.vault.metadata(&self.mount, path).map_or(Value::Null, |metadata| metadata["custom_metadata"].clone())
    }

    /// The newest version of a secret; 0 if there is none.
    #[track_caller]
    pub(crate) fn version(&self, path: &str) -> u64 {
        self.vault.metadata(&self.mount, path).map_or(0, |metadata| metadata["current_version"].as_u64().unwrap())
    }
}

/// A story on one Terraform, behind a proxy, under the provider's own policy for the creation of copies.
#[track_caller]
pub(crate) fn behind_proxy(test: &str, arguments: &str, update: bool) -> (VaultStory, FaultProxy) {
    let mut story = VaultStory::new(Terraform::first(), test, arguments);
    let token = story.cloner(update);
    story.token(&token);
    let proxy = story.proxied();
    (story, proxy)
}

/// Runs `act` before the first matching call is forwarded to the server.
pub(crate) fn meanwhile(
    proxy: &FaultProxy,
    like: impl Fn(&Logged) -> bool + Send + 'static,
    act: impl FnOnce() + Send + 'static,
) {
    let act = Mutex::new(Some(act));
    let rule = move |call: &Logged| {
        if like(call)
            && let Some(act) = act.lock().unwrap().take()
        {
            // A call of the kit has its own runtime, and this thread is inside of one.
            thread::spawn(act).join().unwrap();
        }
        false
    };
    proxy.rule(rule, 1, Fault::DropBefore);
}

#[track_caller]
fn workspace(terraform: &Terraform, test: &str, vault: &Vault) -> Workspace {
    let mut workspace =
        Workspace::with(terraform, test, "").env("VAULT_ADDR", vault.address()).env("VAULT_TOKEN", vault.token());
    if let Some(pem) = vault.ca_pem() {
        workspace.set_env("VAULT_CACERT", pem);
    }
    workspace
}

impl Deref for VaultStory {
    type Target = Configuration;

    fn deref(&self) -> &Configuration {
        &self.configuration
    }
}

impl DerefMut for VaultStory {
    fn deref_mut(&mut self) -> &mut Configuration {
        &mut self.configuration
    }
}
