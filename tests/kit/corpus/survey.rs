//! Share of the sources that render.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    output::{objects, title},
    source::{Form, Source},
    widened::{DOMAIN, REGISTRIES, widened},
};
use crate::{
    argocd::Tool,
    cases::for_each_number,
    command::{Finished, run},
};

/// Result of a survey.
#[derive(Debug, Default)]
pub struct Survey {
    /// Number of sources that Helm or kustomize can build, or kubectl can read, by form.
    pub built: BTreeMap<Form, usize>,
    /// Number of these that render if the policy refuses every request that it could remove, by form.
    pub before: BTreeMap<Form, usize>,
    /// Number of these that render with the default of the policy, by form.
    pub after: BTreeMap<Form, usize>,
    /// Requests that a render has and its source does not, and requests that no preview gets.
    pub widened: Vec<String>,
    /// Sources that render only if the policy refuses requests, and renders that differ between both policies although
    /// nothing was removed.
    pub lost: Vec<String>,
    /// Refusals with the default of the policy: number of the source and first block of the reasons.
    pub refused: Vec<(usize, String)>,
    /// Number of refused sources by rule; a source can have several.
    pub rules: BTreeMap<String, usize>,
}

/// Name of the environment.
const ENVIRONMENT: &str = "shop-pr-7";

impl Survey {
    /// Numbers of built sources, and of those that render before and after narrowing.
    pub fn totals(&self) -> (usize, usize, usize) {
        let sum = |numbers: &BTreeMap<Form, usize>| numbers.values().sum();
        (sum(&self.built), sum(&self.before), sum(&self.after))
    }

    /// Share of the built sources that render, in percent.
    #[expect(clippy::cast_precision_loss, reason = "there are few sources")]
    pub fn share(&self) -> f64 {
        let (built, _, after) = self.totals();
        100.0 * after as f64 / built as f64
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (form, built) in &self.built {
            let number = |numbers: &BTreeMap<Form, usize>| numbers.get(form).copied().unwrap_or_default();
            writeln!(f, "{form:?}: {built} built, {} before, {} after", number(&self.before), number(&self.after))?;
        }
        writeln!(f, "refused by rule: {:?}", self.rules)?;
        write!(f, "widened: {}", self.widened.len())
    }
}

/// Tools, policies and folders of a survey.
struct Surveyor<'a> {
    binary: &'a Path,
    folder: TempDir,
    path: OsString,
    /// Titles of the objects that EoD adds to every render.
    own: BTreeSet<String>,
}

/// Result of one source.
struct Outcome {
    form: Form,
    before: bool,
    after: Result<(), String>,
    widened: Vec<String>,
    lost: Option<String>,
}

/// Builds the sources with these numbers, and renders them with both policies. `binary` is the path of `eod-cmp`.
///
/// # Panics
/// If a tool cannot be started.
pub fn survey(binary: &Path, numbers: std::ops::Range<usize>) -> Survey {
    let surveyor = Surveyor::new(binary);
    let found = Mutex::new(BTreeMap::new());
    let first = numbers.start;
    for_each_number(numbers.len(), |at| {
        let number = first + at;
        if let Some(outcome) = surveyor.outcome(number) {
            found.lock().unwrap().insert(number, outcome);
        }
    });
    let mut survey = Survey::default();
    for (number, Outcome { form, before, after, widened, lost }) in found.into_inner().unwrap() {
        *survey.built.entry(form).or_default() += 1;
        *survey.before.entry(form).or_default() += usize::from(before);
        *survey.after.entry(form).or_default() += usize::from(after.is_ok());
        survey.widened.extend(widened.into_iter().map(|one| format!("source {number}: {one}")));
        survey.lost.extend(lost.map(|one| format!("source {number}: {one}")));
        let Err(reasons) = after else { continue };
        let rules: BTreeSet<_> = reasons.lines().filter_map(|line| line.strip_prefix("  rule:   ")).collect();
        rules.into_iter().for_each(|rule| *survey.rules.entry(rule.to_owned()).or_default() += 1);
        survey.refused.push((number, reasons.split("\n\n").next().unwrap_or_default().to_owned()));
    }
    survey
}

impl<'a> Surveyor<'a> {
    fn new(binary: &'a Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registries = REGISTRIES.map(|registry| format!("\"{registry}\"")).join(", ");
        let policy = format!(
            "version: 1\nprojects:\n  previews:\n    installation: acme\n    namespaces: [\"*-pr-*\"]\n    domain: {DOMAIN}\n    \
             registries: [{registries}]\n    ingress: {{ gateway: ingress/private, class: internal, private: true }}\n    \
             storage_classes: [standard, gp3]\n"
        );
        fs::write(folder.path().join("narrow.yaml"), &policy).unwrap();
        fs::write(folder.path().join("strict.yaml"), format!("{policy}    narrow: []\n")).unwrap();
        fs::write(folder.path().join("seed"), [7; 32]).unwrap();
        let tools = [Tool::Helm, Tool::Kustomize].map(|tool| tool.path().parent().unwrap().to_owned());
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&rest))).unwrap();
        let mut surveyor = Self { binary, folder, path, own: BTreeSet::new() };
        let probe = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: probe}\n".to_owned();
        let files = BTreeMap::from([("deploy/probe.yaml".to_owned(), probe)]);
        let probe = Source { form: Form::Plain, directory: "deploy", files };
        let tree = surveyor.written("probe", &probe);
        let text = surveyor.render(&probe, &tree, "narrow").expect_ok();
        let [rendered] = objects([&text]);
        surveyor.own = rendered.unwrap().iter().map(title).filter(|title| title != "ConfigMap/probe").collect();
        surveyor
    }

    fn written(&self, name: &str, source: &Source) -> PathBuf {
        let tree = self.folder.path().join(name);
        source.write(&tree);
        tree
    }

    /// Outcome of a source; none if it cannot be built.
    fn outcome(&self, number: usize) -> Option<Outcome> {
        let source = Source::of(number);
        let tree = self.written(&number.to_string(), &source);
        let built = self.built(&source, &tree)?;
        let (before, after) = (self.render(&source, &tree, "strict"), self.render(&source, &tree, "narrow"));
        let mut outcome = Outcome {
            form: source.form,
            before: before.code == Some(0),
            after: Ok(()),
            widened: Vec::new(),
            lost: None,
        };
        if after.code != Some(0) {
            outcome.lost = outcome.before.then(|| format!("is refused only with the default:\n{}", after.stderr));
            outcome.after = Err(if after.stderr.is_empty() { after.report() } else { after.stderr });
            return Some(outcome);
        }
        let [built, before, after] = objects([&built, &before.stdout, &after.stdout]);
        let after = after.expect("a render is YAML");
        if outcome.before && before != Some(after.clone()) {
            outcome.lost = Some("renders in another way with the default".to_owned());
        }
        outcome.widened = widened(&built?, &after, &self.own);
        Some(outcome)
    }

    /// Output of the tool of the source's form; none if it fails.
    fn built(&self, source: &Source, tree: &Path) -> Option<String> {
        let directory = tree.join(source.directory);
        let mut command = match source.form {
            Form::Plain => return plain(source),
            Form::Kustomize => {
                let mut command = Command::new(Tool::Kustomize.path());
                command.arg("build").arg(&directory);
                command
            }
            Form::Chart => {
                let mut command = Command::new(Tool::StockHelm.path());
                command.args(["template", ENVIRONMENT]).arg(&directory);
                command.args(["--namespace", ENVIRONMENT, "--skip-tests"]);
                command
            }
        };
        let finished = run(command.env("HOME", self.folder.path()), "");
        (finished.code == Some(0)).then_some(finished.stdout)
    }

    fn render(&self, source: &Source, tree: &Path, policy: &str) -> Finished {
        let mut command = Command::new(self.binary);
        command.env("PATH", &self.path).args(["render", "--project", "previews"]);
        command.arg("--policy").arg(self.folder.path().join(format!("{policy}.yaml")));
        command.arg("--seed-file").arg(self.folder.path().join("seed"));
        command.args(["--parameter", &format!("environment={ENVIRONMENT}")]);
        command.arg("--root").arg(tree).arg("--path").arg(tree.join(source.directory));
        run(&mut command, "")
    }
}

/// Text of all files of a directory, if kubectl can read them.
fn plain(source: &Source) -> Option<String> {
    let text = source.files.values().map(String::as_str).collect::<Vec<_>>().join("\n---\n");
    let [read] = objects([&text]);
    read.filter(|objects: &Vec<Value>| !objects.is_empty()).map(|_| text)
}
