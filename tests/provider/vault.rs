//! Copies of secrets, as a team's configuration asks for them: real Terraform against a real Vault.
//!
//! Every story has an engine of its own, mounted at [`VaultStory::mount`], so that it can say exactly what was read and
//! written there.

mod lifecycle;

use std::ops::{Deref, DerefMut};

use serde_json::Value;

use crate::kit::{
    fault::FaultProxy,
    terraform::Terraform,
    vault::Vault,
    workspace::{Run, Workspace},
};

/// Where the copy of a story stands in its configuration.
pub(crate) const COPY: &str = "eod_vault_clone.config";

/// A configuration with one `eod_vault_clone.config`, the folder it is run in, and the Vault it is run against.
///
/// It derefs to its [`Workspace`].
pub(crate) struct VaultStory {
    pub(crate) vault: &'static Vault,
    /// The engine of source and target.
    pub(crate) mount: String,
    terraform: &'static Terraform,
    workspace: Workspace,
    provider: String,
    body: String,
}

/// Tells a story with every Terraform. `arguments` are those of the copy, besides environment and mount. The source
/// `stage/shop` is there.
#[track_caller]
pub(crate) fn tell(test: &str, arguments: &str, tell: impl Fn(&mut VaultStory)) {
    for terraform in Terraform::all() {
        tell(&mut VaultStory::new(terraform, test, arguments));
    }
}

impl VaultStory {
    #[track_caller]
    pub(crate) fn new(terraform: &'static Terraform, test: &str, arguments: &str) -> Self {
        let vault = Vault::shared();
        let mount = vault.mount(test);
        vault.put(&mount, "stage/shop", &[("URL", "https://stage.example"), ("KEY", "stage-key")]);
        let mut story = Self {
            vault,
            workspace: workspace(terraform, test, vault),
            terraform,
            mount,
            provider: String::new(),
            body: String::new(),
        };
        story.arguments(arguments);
        story
    }

    /// The same configuration in an empty folder: nothing is in its state.
    #[track_caller]
    pub(crate) fn elsewhere(&self) -> Self {
        let Self { vault, mount, terraform, workspace: _, provider, body } = self;
        let story = Self {
            vault,
            mount: mount.clone(),
            terraform,
            workspace: workspace(terraform, "elsewhere", vault),
            provider: provider.clone(),
            body: body.clone(),
        };
        story.lay();
        story
    }

    /// Sets the arguments of the copy.
    pub(crate) fn arguments(&mut self, arguments: &str) {
        self.body = self.block("config", arguments);
        self.lay();
    }

    /// Sets the arguments of the provider.
    pub(crate) fn provider(&mut self, arguments: &str) {
        self.provider = arguments.to_owned();
        self.lay();
    }

    /// Sets everything below the provider block.
    pub(crate) fn body(&mut self, hcl: &str) {
        self.body = hcl.to_owned();
        self.lay();
    }

    /// From now on calls go through a proxy.
    pub(crate) fn through(&mut self, proxy: &FaultProxy) {
        self.workspace.set_env("VAULT_ADDR", &proxy.access().server);
    }

    /// From now on calls are made with this token.
    pub(crate) fn token(&mut self, token: &str) {
        self.workspace.set_env("VAULT_TOKEN", token);
    }

    /// A copy for environment `shop-pr-7` as a block.
    pub(crate) fn block(&self, label: &str, arguments: &str) -> String {
        let mount = &self.mount;
        format!(
            "resource \"eod_vault_clone\" \"{label}\" {{\n  environment = \"shop-pr-7\"\n  mount = \"{mount}\"\n{arguments}\n}}\n"
        )
    }

    fn lay(&self) {
        let Self { provider, body, .. } = self;
        let text = format!(
            "terraform {{\n  required_providers {{\n    eod = {{\n      source = \"environment-on-demand/eod\"\n    }}\n  \
             }}\n}}\n\nprovider \"eod\" {{\n{provider}\n}}\n\n{body}"
        );
        self.workspace.write("main.tf", &text);
    }

    /// Applies and expects that nothing is left to do.
    #[track_caller]
    pub(crate) fn settle(&self) -> Run {
        let run = self.apply().expect_ok();
        self.expect_no_changes();
        run
    }

    /// The attributes of the copy in the state.
    #[track_caller]
    pub(crate) fn attributes(&self) -> Value {
        self.resource(COPY).unwrap_or_else(|| panic!("{COPY} is not in the state"))
    }

    /// One entry of `keys`.
    #[track_caller]
    pub(crate) fn key(&self, path: &str) -> Value {
        self.attributes()["keys"][path].clone()
    }

    /// The newest data of a secret on the story's engine.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.vault.get(&self.mount, path)
    }

    /// What people and we wrote on a secret.
    #[track_caller]
    pub(crate) fn marks(&self, path: &str) -> Value {
        self.vault.metadata(&self.mount, path).map_or(Value::Null, |metadata| metadata["custom_metadata"].clone())
    }

    /// The newest version of a secret; 0 where there is none.
    #[track_caller]
    pub(crate) fn version(&self, path: &str) -> u64 {
        self.vault.metadata(&self.mount, path).map_or(0, |metadata| metadata["current_version"].as_u64().unwrap())
    }
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
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

impl DerefMut for VaultStory {
    fn deref_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }
}
