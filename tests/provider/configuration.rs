//! Configuration of every story: a provider block, the blocks below it, and the folder of the runs.

use std::ops::{Deref, DerefMut};

use eod_testkit::{
    terraform::Terraform,
    workspace::{Run, Workspace},
};
use serde_json::Value;

/// A configuration with the EoD provider. It derefs to its [`Workspace`].
pub(crate) struct Configuration {
    pub(crate) terraform: &'static Terraform,
    workspace: Workspace,
    /// Arguments of the provider that are kept when a story sets its own.
    always: String,
    provider: String,
    body: String,
}

impl Configuration {
    /// A configuration without blocks after the provider block.
    pub(crate) fn new(terraform: &'static Terraform, workspace: Workspace, provider: &str) -> Self {
        Self { terraform, workspace, always: String::new(), provider: provider.to_owned(), body: String::new() }
    }

    /// This configuration in another folder, with an empty state.
    pub(crate) fn elsewhere(&self, workspace: Workspace) -> Self {
        let Self { terraform, workspace: _, always, provider, body } = self;
        let (always, provider, body) = (always.clone(), provider.clone(), body.clone());
        let other = Self { terraform, workspace, always, provider, body };
        other.lay();
        other
    }

    /// Sets the arguments of the provider that are kept.
    pub(crate) fn always(&mut self, arguments: &str) {
        arguments.clone_into(&mut self.always);
        self.lay();
    }

    /// Sets the arguments of the provider.
    pub(crate) fn provider(&mut self, arguments: &str) {
        arguments.clone_into(&mut self.provider);
        self.lay();
    }

    /// Sets everything below the provider block.
    pub(crate) fn body(&mut self, hcl: &str) {
        hcl.clone_into(&mut self.body);
        self.lay();
    }

    fn lay(&self) {
        let arguments = indented(&self.always) + &indented(&self.provider);
        let body = &self.body;
        let text = format!(
            "terraform {{\n  required_providers {{\n    eod = {{\n      source = \"environment-on-demand/eod\"\n    }}\n  \
             }}\n}}\n\nprovider \"eod\" {{\n{arguments}}}\n\n{body}"
        );
        self.workspace.write("main.tf", &text);
    }

    /// Applies and expects a following plan without changes.
    #[track_caller]
    pub(crate) fn settle(&self) -> Run {
        let run = self.apply().expect_ok();
        self.expect_no_changes();
        run
    }

    /// The state file; null if there is none. Reading it is faster than asking Terraform.
    #[track_caller]
    pub(crate) fn raw_state(&self) -> Value {
        match self.raw_state_text().as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap(),
        }
    }

    /// Entry of a resource in the state file; `None` if it is not there.
    #[track_caller]
    pub(crate) fn instance(&self, kind: &str, label: &str) -> Option<Value> {
        let state = self.raw_state();
        let found = state["resources"]
            .as_array()?
            .iter()
            .find(|each| each["mode"] == "managed" && each["type"] == kind && each["name"] == label)?;
        found.pointer("/instances/0").cloned()
    }

    /// An output in the state.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> Value {
        self.raw_state()["outputs"][name]["value"].clone()
    }
}

impl Deref for Configuration {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

impl DerefMut for Configuration {
    fn deref_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }
}

/// Arguments as lines of a block.
pub(crate) fn indented(arguments: &str) -> String {
    arguments.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("  {line}\n")).collect()
}
