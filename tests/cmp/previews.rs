//! Environments of pull requests, from the label to the end: with the real ApplicationSet and application controllers,
//! a test forge, the real repo-server and the plugin, in a real cluster.

mod approval;
mod hostile;
mod lifecycle;
mod neighbours;
mod outage;
mod reaper;
mod synced;

use eod_testkit::{
    argocd::{ArgoCd, Forge, Settings},
    cluster::{Cluster, PATIENCE},
    wait::wait_until,
};
use serde_json::{Value, json};

use super::{CONFIG, POLICY, PROJECT, RenderStory, SHOP};

/// Repository with an environment for every labelled pull request.
struct Previews<'a> {
    story: RenderStory<'a>,
    forge: Forge,
    cluster: &'static Cluster,
    /// Name of the repository, unique to this story.
    name: String,
}

/// Servers with both controllers.
#[track_caller]
fn controllers() -> ArgoCd {
    // Argo CD renders again soon after a failure, so that a story need not wait for an hour.
    let environment = vec![("ARGOCD_PAUSE_GEN_MINUTES".to_owned(), "1".to_owned())];
    // The next two settings are those that `eod-cmp init` prints.
    let repo_server = ["--plugin-tar-exclude=.git", "--plugin-use-manifest-generate-paths"].map(str::to_owned).into();
    ArgoCd::in_cluster(Cluster::shared(), &Settings { environment, repo_server, ..Settings::default() })
}

impl<'a> Previews<'a> {
    #[track_caller]
    fn begin(argocd: &'a ArgoCd) -> Self {
        Self::under(argocd, |_| POLICY.to_owned())
    }

    /// Begins with the policy for the name of the repository.
    #[track_caller]
    fn under(argocd: &'a ArgoCd, policy: impl FnOnce(&str) -> String) -> Self {
        let cluster = Cluster::shared();
        let name = cluster.installation("cmp");
        let files = [("shop/shop.yaml", SHOP), ("shop/config.yaml", CONFIG)];
        let story = RenderStory::under(&policy(&name), argocd, "eod@v1", &files);
        let forge = Forge::start("acme", &name).with_webhook(argocd.webhook());
        let previews = Self { story, forge, cluster, name };
        previews.set_up(&json!([]));
        previews
    }

    /// Creates a project for namespaces of previews and an ApplicationSet like that of `eod-cmp init`. `parameters` are
    /// additional parameters.
    #[track_caller]
    fn set_up(&self, parameters: &Value) {
        let (name, namespace) = (&self.name, self.story.argocd.namespace());
        let project = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": { "name": PROJECT, "namespace": namespace },
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{ "namespace": format!("{name}-pr-*"), "server": "*" }],
                "clusterResourceWhitelist": [{ "group": "", "kind": "Namespace" }],
            },
        });
        self.cluster.apply(&project.to_string());
        let text = |name: &str, value: &str| json!({ "name": name, "string": value });
        let mut all = vec![
            text("repository", &format!("acme/{name}")),
            text("pull-request", "{{ .number }}"),
            text("head-sha", "{{ .head_sha }}"),
            text("owner", "{{ .author }}"),
            text("labels", "{{ toJson .labels }}"),
            text("image.repository", "registry.acme.internal/shop"),
        ];
        all.extend(parameters.as_array().unwrap().clone());
        let set = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": { "name": "previews", "namespace": namespace },
            "spec": {
                "goTemplate": true,
                "goTemplateOptions": ["missingkey=error"],
                "generators": [{ "pullRequest": {
                    "github": self.forge.generator(&["preview"]),
                    // A webhook that arrives while another one is handled is lost.
                    "requeueAfterSeconds": 5,
                } }],
                "template": {
                    // Unique in the cluster: every Argo CD identifies its objects by the Application's name.
                    "metadata": {
                        "name": format!("{name}-pr-{{{{ .number }}}}"),
                        "annotations": { "argocd.argoproj.io/manifest-generate-paths": "/shop;/lib" },
                    },
                    "spec": {
                        "project": PROJECT,
                        "source": {
                            "repoURL": self.story.repository.url(), "path": "shop",
                            "targetRevision": "{{ .head_sha }}",
                            "plugin": { "name": self.story.plugin.name(), "parameters": all },
                        },
                        "destination": { "name": "in-cluster", "namespace": format!("{name}-pr-{{{{ .number }}}}") },
                        "syncPolicy": {
                            "automated": { "prune": true, "selfHeal": true },
                            "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"],
                            "retry": { "limit": 5, "backoff": { "duration": "1s", "factor": 2, "maxDuration": "5s" } },
                        },
                    },
                },
            },
        });
        self.cluster.apply(&set.to_string());
    }

    /// Namespace of a pull request, which is also the name of its Application.
    fn namespace(&self, number: u32) -> String {
        format!("{}-pr-{number}", self.name)
    }

    /// API path of its Application.
    fn application_path(&self, number: u32) -> String {
        let (namespace, name) = (self.story.argocd.namespace(), self.namespace(number));
        format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}")
    }

    /// Opens a labelled pull request with a commit of these files. Returns the SHA.
    #[track_caller]
    fn open(&self, number: u32, files: &[(&str, &str)]) -> String {
        self.open_labelled(number, &["preview"], files)
    }

    /// Opens a pull request with these labels and a commit of these files. Returns the SHA.
    #[track_caller]
    fn open_labelled(&self, number: u32, labels: &[&str], files: &[(&str, &str)]) -> String {
        let branch = format!("feature-{number}");
        self.story.repository.branch("main");
        self.story.repository.branch(&branch);
        let sha = self.commit(files);
        self.forge.open(number, &branch, &sha);
        for label in labels {
            self.forge.label(number, label);
        }
        sha
    }

    /// Pushes a commit to a pull request. Returns the SHA.
    #[track_caller]
    fn push(&self, number: u32, files: &[(&str, &str)]) -> String {
        self.story.repository.branch(&format!("feature-{number}"));
        let sha = self.commit(files);
        self.forge.push(number, &sha);
        sha
    }

    fn commit(&self, files: &[(&str, &str)]) -> String {
        for (file, text) in files {
            self.story.repository.write(file, text);
        }
        self.story.repository.commit("change")
    }

    /// Object in the namespace of a pull request.
    fn read(&self, number: u32, api: &str, path: &str) -> Option<Value> {
        self.cluster.read(&format!("/{api}/namespaces/{}/{path}", self.namespace(number)))
    }

    #[track_caller]
    fn deployment(&self, number: u32) -> Value {
        self.read(number, "apis/apps/v1", "deployments/api")
            .unwrap_or_else(|| panic!("there is no Deployment for {number}"))
    }

    fn application(&self, number: u32) -> Option<Value> {
        self.cluster.read(&self.application_path(number))
    }

    /// Requests a hard refresh of an Application, like the button in the user interface.
    #[track_caller]
    fn refresh(&self, number: u32) {
        let path = self.application_path(number);
        let hard = json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "hard" } } });
        assert_eq!(self.cluster.call("PATCH", &path, Some(&hard)).0, 200);
    }

    /// Waits until the objects of a commit are applied.
    #[track_caller]
    fn expect_synced(&self, number: u32, sha: &str) {
        wait_until(&format!("pull request {number} to run {sha}"), 2 * PATIENCE, || {
            let application = self.application(number).ok_or("no application")?;
            let status = &application["status"];
            let is_synced = status["sync"]["status"] == "Synced" && status["sync"]["revision"] == sha;
            let is_done = status["operationState"]["phase"] == "Succeeded";
            if is_synced && is_done { Ok(()) } else { Err(status.to_string()) }
        });
    }

    /// Waits until a condition of an Application contains a text.
    #[track_caller]
    fn expect_condition(&self, number: u32, words: &str) -> String {
        wait_until(&format!("a condition with {words:?}"), 2 * PATIENCE, || {
            let application = self.application(number).ok_or("no application")?;
            let conditions = application["status"]["conditions"].as_array().into_iter().flatten();
            let mut texts = conditions.filter_map(|one| one["message"].as_str());
            let found = texts.find(|text| text.contains(words)).map(ToOwned::to_owned);
            found.ok_or_else(|| application["status"].to_string())
        })
    }

    /// Waits until the Application and the namespace of a pull request are deleted.
    #[track_caller]
    fn expect_gone(&self, number: u32) {
        wait_until(&format!("pull request {number} to be gone"), 2 * PATIENCE, || {
            match (self.application(number), self.cluster.namespace_exists(&self.namespace(number))) {
                (None, false) => Ok(()),
                (application, exists) => Err(format!("namespace: {exists}, application: {application:?}")),
            }
        });
    }

    /// Closes the pull requests and waits until their environments are deleted.
    #[track_caller]
    fn end(self, numbers: &[u32]) {
        for number in numbers {
            self.forge.close(*number);
        }
        for number in numbers {
            self.expect_gone(*number);
        }
        let namespace = self.story.argocd.namespace();
        self.cluster.kubectl(&["delete", "applicationset", "previews", "-n", namespace]);
    }
}

/// Uid of an object, to verify that it was not replaced.
fn uid(object: &Value) -> String {
    object["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

/// Image of a workload's first container.
fn image(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]["containers"][0]["image"]
}
