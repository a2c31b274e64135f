//! A folder with a Terraform configuration, and runs of Terraform in it.

mod run;

use std::{
    cell::Cell,
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

pub use self::run::{Run, Running};
use crate::{command, keep_folders, terraform::Terraform};

/// A configuration in a temporary folder, isolated from the machine: no home folder, no Terraform settings, and only the
/// credentials that the test sets.
///
/// Terraform finds the provider by `dev_overrides`, without `init`. Each run writes a log at level TRACE, for messages and
/// for tests that search for secrets.
pub struct Workspace {
    folder: TempDir,
    terraform: Terraform,
    environment: BTreeMap<String, OsString>,
    runs: Cell<u32>,
}

impl Workspace {
    /// A folder with `main.tf`, run with [`Terraform::first`].
    #[track_caller]
    pub fn new(test: &str, hcl: &str) -> Self {
        Self::with(Terraform::first(), test, hcl)
    }

    /// A folder with `main.tf`, run with the given Terraform.
    #[track_caller]
    pub fn with(terraform: &Terraform, test: &str, hcl: &str) -> Self {
        let mut folder = TempDir::with_prefix(format!("eod-{test}-")).unwrap();
        folder.disable_cleanup(keep_folders());
        if keep_folders() {
            eprintln!("kit: {test} runs in {}", folder.path().display());
        }
        for name in ["work", "home", "tmp", "runs"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("cli.tfrc"), overrides()).unwrap();
        let at = |name: &str| folder.path().join(name).into_os_string();
        let environment = [
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("HOME", at("home")),
            ("TMPDIR", at("tmp")),
            ("TF_CLI_CONFIG_FILE", at("cli.tfrc")),
            ("TF_IN_AUTOMATION", "1".into()),
            ("TF_INPUT", "0".into()),
            ("TF_LOG", "TRACE".into()),
            // Disables the check for newer versions.
            ("CHECKPOINT_DISABLE", "1".into()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        let workspace = Self { folder, terraform: terraform.clone(), environment, runs: Cell::new(0) };
        workspace.write("main.tf", hcl);
        workspace
    }

    /// Sets `KUBE_CONFIG_PATH` for all runs.
    #[must_use]
    pub fn kubeconfig(self, path: &Path) -> Self {
        self.env("KUBE_CONFIG_PATH", path)
    }

    /// Sets a variable for all runs.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.set_env(name, value);
        self
    }

    /// Sets a variable for all following runs.
    pub fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// Removes a variable for all following runs.
    pub fn unset_env(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// The folder Terraform runs in.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file of the configuration; the path may name a folder that does not exist.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file of the configuration, such as one that Terraform generated.
    #[track_caller]
    pub fn text(&self, file: &str) -> String {
        let path = self.path().join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Runs Terraform to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.spawn(arguments).wait()
    }

    /// Starts Terraform and leaves it running.
    #[track_caller]
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let number = self.runs.replace(self.runs.get() + 1);
        let file = |end: &str| self.folder.path().join(format!("runs/{number:03}.{end}"));
        let mut command = Command::new(self.terraform.path());
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(&self.environment)
            .env("TF_LOG_PATH", file("log"))
            .stdin(Stdio::null())
            // Files in place of pipes, because no thread reads while it runs.
            .stdout(File::create(file("stdout")).unwrap())
            .stderr(File::create(file("stderr")).unwrap());
        let line = command::line(&command);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start `{line}`: {error}"));
        Running::new(child, line, self.path(), self.folder.path().join(format!("runs/{number:03}")))
    }

    /// Runs `terraform plan`.
    #[track_caller]
    pub fn plan(&self) -> Run {
        self.run(&["plan", "-no-color"])
    }

    /// Exit code of a plan: 0 without changes, 2 with changes.
    ///
    /// # Panics
    /// If the plan fails.
    #[track_caller]
    pub fn plan_exit_code(&self) -> i32 {
        let run = self.run(&["plan", "-no-color", "-detailed-exitcode"]);
        match run.code {
            Some(code @ (0 | 2)) => code,
            _ => panic!("the plan failed\n{run}"),
        }
    }

    /// Asserts that a plan has no changes.
    ///
    /// # Panics
    /// If there are changes, with the plan.
    #[track_caller]
    pub fn expect_no_changes(&self) {
        let run = self.run(&["plan", "-no-color", "-detailed-exitcode"]);
        assert!(run.code == Some(0), "expected a plan without changes\n{run}");
    }

    /// Runs `terraform apply` without a question.
    #[track_caller]
    pub fn apply(&self) -> Run {
        self.run(&["apply", "-no-color", "-auto-approve"])
    }

    /// Runs `terraform destroy` without a question.
    #[track_caller]
    pub fn destroy(&self) -> Run {
        self.run(&["destroy", "-no-color", "-auto-approve"])
    }

    /// The state, in the format of `show -json`.
    #[track_caller]
    pub fn state(&self) -> Value {
        let run = self.run(&["show", "-json"]).expect_ok();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    /// The values of one resource of the root module in the state.
    #[track_caller]
    pub fn resource(&self, address: &str) -> Option<Value> {
        let state = self.state();
        let resources = state.pointer("/values/root_module/resources")?.as_array()?;
        let found = resources.iter().find(|resource| resource["address"] == address)?;
        Some(found["values"].clone())
    }

    /// Content of the state file; empty if there is none.
    pub fn raw_state_text(&self) -> String {
        fs::read_to_string(self.path().join("terraform.tfstate")).unwrap_or_default()
    }

    /// Asserts that no file of the runs contains a secret: state, backup, saved plan, output, log. `hidden` lists files that
    /// may contain it, such as its source.
    ///
    /// # Panics
    /// If a file contains it.
    #[track_caller]
    pub fn assert_nowhere(&self, secret: &str, hidden: &[&str]) {
        assert!(!secret.is_empty(), "an empty string is in every file");
        for file in run::files(self.folder.path()) {
            let bytes = fs::read(&file).unwrap_or_default();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            let known = hidden.iter().any(|name| file.ends_with(name));
            assert!(!found || known, "a secret is in {}", file.display());
        }
    }
}

/// The settings file with the path of the provider that cargo built. It has no other source of providers, so a test cannot
/// use the network by mistake.
fn overrides() -> String {
    let provider = crate::provider();
    let folder = provider.parent().unwrap().display();
    format!(
        "provider_installation {{\n  dev_overrides {{\n    \
         \"environment-on-demand/eod\" = \"{folder}\"\n  }}\n}}\n"
    )
}
