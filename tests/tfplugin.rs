//! Stories of the protocol crate, with real Terraform and a small provider that misbehaves on request.
//!
//! The provider is the example `misbehaving-provider`. It stores its objects in a file of the story. Each story runs on
//! the binaries of [`Terraform::all`]. No cluster is needed.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy permits panics only inside of #[test]"
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

/// Address of the resource of most stories.
const ADDRESS: &str = "test_thing.a";

/// Workspace with a configuration that uses the provider.
struct ThingStory(Workspace);

impl Deref for ThingStory {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.0
    }
}

impl ThingStory {
    #[track_caller]
    fn with(terraform: &Terraform, name: &str, hcl: &str) -> Self {
        let workspace = Workspace::with(terraform, &format!("tfplugin-{name}"), "");
        let story = Self(workspace);
        install(&story);
        story.write(
            "main.tf",
            &format!("{REQUIRED}\nprovider \"test\" {{\n  file = \"{}\"\n}}\n", story.file().display()),
        );
        story.write_configuration(hcl);
        story
    }

    /// Replaces the configuration of the story.
    fn write_configuration(&self, hcl: &str) {
        self.write("story.tf", hcl);
    }

    /// Replaces the configuration and applies it.
    #[track_caller]
    fn apply_now(&self, hcl: &str) {
        self.write_configuration(hcl);
        self.apply().expect_ok();
    }

    /// Path of the file with the provider's objects.
    fn file(&self) -> PathBuf {
        self.path().join("things.json")
    }

    /// Content of the provider's file.
    #[track_caller]
    fn kept(&self) -> Value {
        serde_json::from_str(&self.text("things.json")).unwrap()
    }

    /// Calls of the provider, in order.
    #[track_caller]
    fn events(&self) -> Vec<String> {
        serde_json::from_value(self.kept()["events"].clone()).unwrap()
    }

    /// Edits the state file, for example to the format of another version of the provider.
    #[track_caller]
    fn rewrite_state(&self, change: impl FnOnce(&mut Value)) {
        let mut state: Value = serde_json::from_str(&self.raw_state_text()).unwrap();
        change(&mut state);
        let serial = state["serial"].as_u64().unwrap();
        state["serial"] = (serial + 1).into();
        self.write("terraform.tfstate", &state.to_string());
    }

    /// Attributes of the resource `a` in the state.
    #[track_caller]
    fn a(&self) -> Value {
        self.resource(ADDRESS).unwrap_or_else(|| panic!("no {ADDRESS} in\n{}", self.raw_state_text()))
    }

    /// True if the resource `a` is tainted.
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

/// Runs a story on each binary of [`Terraform::all`].
#[track_caller]
fn run_story(name: &str, hcl: &str, story: impl Fn(&ThingStory)) {
    for terraform in Terraform::all() {
        story(&ThingStory::with(terraform, name, hcl));
    }
}

/// Configuration of the resource `a` with these arguments.
fn thing(arguments: &str) -> String {
    format!("resource \"test_thing\" \"a\" {{\n  name = \"a\"\n{arguments}\n}}\n")
}

/// Terraform's summary of an apply.
fn done(added: u32, changed: u32, destroyed: u32) -> String {
    format!("{added} added, {changed} changed, {destroyed} destroyed")
}

/// Installs the provider for Terraform, by a link with the file name that Terraform expects.
fn install(story: &ThingStory) {
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
