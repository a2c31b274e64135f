//! The real controllers create an Application for a labelled pull request, and later delete it with its objects.

use eod_testkit::{
    argocd::{ArgoCd, Forge, Repository, Settings},
    cluster::{Cluster, PATIENCE},
    wait::wait_until,
};
use serde_json::{Value, json};

/// Repository of a forge, controllers that watch it, and destination namespace of the previews.
struct ControllersStory {
    cluster: &'static Cluster,
    argocd: ArgoCd,
    repository: Repository,
    preview: String,
}

impl ControllersStory {
    #[track_caller]
    fn begin() -> Self {
        let cluster = Cluster::shared();
        let argocd = ArgoCd::in_cluster(cluster, &Settings::default());
        let preview = cluster.installation("preview");
        cluster.kubectl(&["create", "namespace", &preview]);
        Self { cluster, argocd, repository: Repository::new(&[("shop/one.yaml", &manifest("main"))]), preview }
    }

    /// Creates an ApplicationSet for pull requests with the label `preview`, with this polling interval.
    #[track_caller]
    fn watch(&self, forge: &Forge, seconds: u32) {
        let set = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": { "name": "previews", "namespace": self.argocd.namespace() },
            "spec": {
                "goTemplate": true,
                "goTemplateOptions": ["missingkey=error"],
                "generators": [{ "pullRequest": {
                    "github": forge.generator(&["preview"]),
                    "requeueAfterSeconds": seconds,
                } }],
                "template": {
                    "metadata": { "name": "shop-pr-{{ .number }}" },
                    "spec": {
                        "project": "default",
                        "source": {
                            "repoURL": self.repository.url(), "path": "shop", "targetRevision": "{{ .head_sha }}",
                        },
                        "destination": { "name": "in-cluster", "namespace": self.preview },
                        "syncPolicy": { "automated": { "prune": true, "selfHeal": true } },
                    },
                },
            },
        });
        self.cluster.apply(&set.to_string());
    }

    #[track_caller]
    fn set(&self) -> Value {
        let namespace = self.argocd.namespace();
        let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applicationsets/previews");
        self.cluster.read(&path).unwrap()
    }

    #[track_caller]
    fn annotate(&self, annotation: &str) {
        self.cluster.kubectl(&["annotate", "applicationset", "previews", annotation, "-n", self.argocd.namespace()]);
    }

    #[track_caller]
    fn application(&self, name: &str) -> Option<Value> {
        let namespace = self.argocd.namespace();
        self.cluster.read(&format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}"))
    }

    /// Waits until an Application is synchronised at a commit and its object has the value.
    #[track_caller]
    fn expect_synced(&self, name: &str, sha: &str, value: &str) {
        wait_until(&format!("{name} to be synced at {sha}"), PATIENCE, || {
            let application = self.application(name).ok_or("no application")?;
            let sync = &application["status"]["sync"];
            let synced = sync["status"] == "Synced" && sync["revision"] == sha;
            if synced { Ok(()) } else { Err(application["status"].to_string()) }
        });
        wait_until("the object to be as in the commit", PATIENCE, || match self.object() {
            Some(object) if object["data"]["from"] == value => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }

    #[track_caller]
    fn expect_gone(&self, name: &str) {
        wait_until(&format!("{name} and its object to be gone"), PATIENCE, || {
            match (self.application(name), self.object()) {
                (None, None) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    }

    #[track_caller]
    fn object(&self) -> Option<Value> {
        self.cluster.read(&format!("/api/v1/namespaces/{}/configmaps/one", self.preview))
    }

    /// Deletes the ApplicationSet and the namespace of the previews.
    #[track_caller]
    fn end(self) {
        self.cluster.kubectl(&["delete", "applicationset", "previews", "-n", self.argocd.namespace()]);
        self.cluster.kubectl(&["delete", "namespace", &self.preview, "--wait=false"]);
    }
}

fn manifest(from: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: one}}\ndata: {{from: {from}}}\n")
}

#[test]
fn preview_follows_the_label_of_a_pull_request() {
    let story = ControllersStory::begin();
    // The polling interval is so long that only the webhook can report the changes.
    let forge = Forge::start("acme", "shop").with_webhook(story.argocd.webhook());
    story.watch(&forge, 3600);
    story.repository.branch("feature");
    story.repository.write("shop/one.yaml", manifest("feature"));
    let first = story.repository.commit("feature");
    forge.open(6, "other", &first);
    forge.open(7, "feature", &first);
    forge.label(7, "preview");
    story.expect_synced("shop-pr-7", &first, "feature");

    story.repository.write("shop/one.yaml", manifest("push"));
    let second = story.repository.commit("push");
    forge.push(7, &second);
    story.expect_synced("shop-pr-7", &second, "push");

    forge.unlabel(7, "preview");
    story.expect_gone("shop-pr-7");
    assert_eq!(story.application("shop-pr-6"), None, "it has no label");
    story.end();
}

#[test]
fn forge_is_polled_and_an_outage_deletes_nothing() {
    let story = ControllersStory::begin();
    let forge = Forge::start("acme", "shop");
    let sha = story.repository.head();
    forge.open(8, "feature", &sha);
    forge.label(8, "preview");
    story.watch(&forge, 1);
    story.expect_synced("shop-pr-8", &sha, "main");
    let is_list = |call: &String| call.starts_with("GET /api/v3/repos/acme/shop/pulls?");
    assert!(forge.calls().iter().all(is_list), "{:?}", forge.calls());

    forge.fail_with(Some(503));
    wait_until("the outage to be noticed", PATIENCE, || {
        let set = story.set();
        let conditions = set["status"]["conditions"].as_array().into_iter().flatten();
        let noticed = conditions.filter(|one| one["type"] == "ErrorOccurred").any(|one| one["status"] == "True");
        if noticed { Ok(()) } else { Err(set["status"].to_string()) }
    });
    assert!(story.application("shop-pr-8").is_some());

    forge.fail_with(None);
    forge.close(8);
    // The controller may have stopped polling after the errors, so a refresh is requested.
    story.annotate("argocd.argoproj.io/application-set-refresh=true");
    story.expect_gone("shop-pr-8");
    story.end();
}
