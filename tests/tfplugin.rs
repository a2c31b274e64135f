//! Stories of the protocol crate, told on the real Terraform by a small provider that misbehaves when it is asked to.
//!
//! The provider is the example `misbehaving-provider`, and its things live in a file of the story. Each story is told
//! once with every Terraform there is. No cluster is needed.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy only knows so inside of #[test]"
)]

mod adopt;
mod faults;
mod functions;
mod interrupt;
mod lifecycle;
mod load;
mod log;
mod secrets;
mod testing;
mod values;

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use eod_testkit::{terraform::Terraform, workspace::Workspace};
use serde_json::Value;

/// The thing of most stories.
const ADDRESS: &str = "test_thing.a";

/// One configuration that uses the provider, and the folder it is run in. It derefs to its [`Workspace`].
struct Story(Workspace);

impl Deref for Story {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.0
    }
}

impl Story {
    #[track_caller]
    fn with(terraform: &Terraform, name: &str, hcl: &str) -> Self {
        let workspace = Workspace::with(terraform, &format!("tfplugin-{name}"), "");
        let story = Self(workspace);
        install(&story);
        story.write(
            "main.tf",
            &format!("{REQUIRED}\nprovider \"test\" {{\n  file = \"{}\"\n}}\n", story.file().display()),
        );
        story.tell(hcl);
        story
    }

    /// Replaces the story's part of the configuration.
    fn tell(&self, hcl: &str) {
        self.write("story.tf", hcl);
    }

    /// Replaces it and applies it.
    #[track_caller]
    fn apply_now(&self, hcl: &str) {
        self.tell(hcl);
        self.apply().expect_ok();
    }

    /// The file that the things live in.
    fn file(&self) -> PathBuf {
        self.path().join("things.json")
    }

    /// What stands in it.
    #[track_caller]
    fn kept(&self) -> Value {
        serde_json::from_str(&self.text("things.json")).unwrap()
    }

    /// What the provider did, in order.
    #[track_caller]
    fn events(&self) -> Vec<String> {
        serde_json::from_value(self.kept()["events"].clone()).unwrap()
    }

    /// Changes the state file as another version of the provider might have written it.
    #[track_caller]
    fn rewrite_state(&self, change: impl FnOnce(&mut Value)) {
        let mut state: Value = serde_json::from_str(&self.raw_state_text()).unwrap();
        change(&mut state);
        let serial = state["serial"].as_u64().unwrap();
        state["serial"] = (serial + 1).into();
        self.write("terraform.tfstate", &state.to_string());
    }

    /// The thing `a` as the state has it.
    #[track_caller]
    fn a(&self) -> Value {
        self.resource(ADDRESS).unwrap_or_else(|| panic!("no {ADDRESS} in\n{}", self.raw_state_text()))
    }

    /// Whether the state marks the thing `a` as to be replaced.
    #[track_caller]
    fn is_tainted(&self) -> bool {
        let state = self.state();
        let all = state.pointer("/values/root_module/resources").and_then(Value::as_array).cloned().unwrap_or_default();
        all.iter().any(|each| each["address"] == ADDRESS && each["tainted"] == true)
    }
}

const REQUIRED: &str = r#"
terraform {
  required_providers {
    test = {
      source = "example/test"
    }
  }
}
"#;

/// Tells a story with every Terraform there is.
#[track_caller]
fn tell(name: &str, hcl: &str, story: impl Fn(&Story)) {
    for terraform in Terraform::all() {
        story(&Story::with(terraform, name, hcl));
    }
}

/// The thing `a` with these arguments.
fn thing(arguments: &str) -> String {
    format!("resource \"test_thing\" \"a\" {{\n  name = \"a\"\n{arguments}\n}}\n")
}

/// What Terraform says at the end of an apply.
fn done(added: u32, changed: u32, destroyed: u32) -> String {
    format!("{added} added, {changed} changed, {destroyed} destroyed")
}

/// Leads Terraform to the provider. It looks for a program by the provider's name, which the example has not.
fn install(story: &Story) {
    let work = story.path();
    let root = work.parent().unwrap();
    let folder = root.join("plugins");
    fs::create_dir(&folder).unwrap();
    let binary = eod_testkit::built("examples/misbehaving-provider", "--example misbehaving-provider");
    std::os::unix::fs::symlink(binary, folder.join("terraform-provider-test")).unwrap();
    let settings = format!(
        "provider_installation {{\n  dev_overrides {{\n    \"example/test\" = \"{}\"\n  }}\n}}\n",
        folder.display()
    );
    fs::write(root.join("cli.tfrc"), settings).unwrap();
}
