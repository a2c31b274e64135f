//! Programs that print credentials: slow, failing, with further output, missing.

use std::{fs, path::PathBuf};

use eod_testkit::{
    cluster::Cluster,
    fault::{Fault, FaultProxy},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::provider::{
    credentials::{Bare, quoted},
    each,
};

/// A shell script outside of every workspace, which counts its runs.
pub(crate) struct Plugin {
    folder: TempDir,
}

impl Plugin {
    pub(crate) fn new(script: &str) -> Self {
        let folder = TempDir::with_prefix("eod-plugin-").unwrap();
        let runs = folder.path().join("runs");
        fs::write(folder.path().join("plugin.sh"), format!("echo run >>'{}'\n{script}\n", runs.display())).unwrap();
        Self { folder }
    }

    /// A plugin that prints a token.
    pub(crate) fn printing(token: &str, before: &str) -> Self {
        let credential = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": { "token": token },
        });
        Self::new(&format!("{before}\necho '{credential}'"))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("plugin.sh")
    }

    pub(crate) fn runs(&self) -> usize {
        fs::read_to_string(self.folder.path().join("runs")).map_or(0, |text| text.lines().count())
    }

    /// The argument `kubernetes` with credentials from the plugin.
    pub(crate) fn block(&self, server: &str, env: &str) -> String {
        format!(
            "{{\n    host = {}\n    exec = {{\n      api_version = \"client.authentication.k8s.io/v1\"\n      \
             command = \"sh\"\n      args = [{}]\n      env = {{ {env} }}\n    }}\n  }}",
            quoted(server),
            quoted(self.path().to_str().unwrap())
        )
    }

    /// A kubeconfig with a user that logs in with the plugin.
    fn kubeconfig(&self, more: &Value) -> PathBuf {
        let text = fs::read_to_string(Cluster::shared().access().kubeconfig().path()).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        let mut exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [self.path()],
            "interactiveMode": "Never",
        });
        exec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config["users"][0]["user"] = json!({ "exec": exec });
        let path = self.folder.path().join("config");
        fs::write(&path, config.to_string()).unwrap();
        path
    }
}

#[test]
fn slow_plugin_runs_once_per_process() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let plugin = Plugin::printing(cluster.token(), "sleep 3");
        let mut bare = Bare::new(terraform, "slow-plugin", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", plugin.kubeconfig(&json!({})));
        bare.workspace.apply().expect_ok();
        assert_eq!(plugin.runs(), 1, "a new environment needs the cluster only when it is applied");
        bare.workspace.expect_no_changes();
        assert_eq!(plugin.runs(), 2);
        bare.discard();
    });
}

#[test]
fn plugin_that_never_ends_is_stopped() {
    each(|terraform| {
        let proxy = FaultProxy::start(Cluster::shared());
        let plugin = Plugin::new("exec sleep 3600");
        let bare = Bare::new(terraform, "endless-plugin", &plugin.block(&proxy.access().server, ""));
        // The limit of the plugin ends the run, not the timeout of five minutes.
        let run = bare.expect_refused(&["the exec plugin `sh` gave no credentials within", "log in before the run"]);
        assert!(!run.said().contains("timed out"), "{run}");
        assert!(proxy.log().is_empty(), "{}", proxy.story());
    });
}

#[test]
fn a_failing_plugin_is_reported_without_its_output() {
    each(|terraform| {
        let proxy = FaultProxy::start(Cluster::shared());
        let plugin = Plugin::new("echo canary-on-stdout; echo \"please log in first; got $CANARY\" >&2; exit 7");
        let bare = Bare::new(
            terraform,
            "failing-plugin",
            &plugin.block(&proxy.access().server, "CANARY = \"canary-in-the-env\""),
        );
        bare.expect_refused(&["the exec plugin `sh` ended with", "7", "please log in first"]);
        bare.workspace.assert_nowhere("canary-on-stdout", &[]);
        bare.workspace.assert_nowhere("canary-in-the-env", &["main.tf"]);
        assert!(proxy.log().is_empty(), "no request is sent without credentials\n{}", proxy.story());
    });
}

#[test]
fn an_invalid_output_of_a_plugin_is_reported_without_the_output() {
    each(|terraform| {
        let server = Cluster::shared().server();
        let outputs = [
            ("not-json", "echo 'canary-output'", "it is not JSON"),
            ("other-kind", "echo '{\"kind\":\"Other\",\"x\":\"canary-output\"}'", "its kind is not ExecCredential"),
            (
                "no-token",
                "echo '{\"kind\":\"ExecCredential\",\"status\":{\"x\":\"canary-output\"}}'",
                "neither a token",
            ),
            ("nothing", ":", "it is not JSON"),
        ];
        for (test, script, why) in outputs {
            let plugin = Plugin::new(script);
            let bare = Bare::new(terraform, test, &plugin.block(server, ""));
            bare.expect_refused(&["the exec plugin `sh` printed no valid ExecCredential", why]);
            bare.workspace.assert_nowhere("canary-output", &[]);
        }
    });
}

#[test]
fn missing_plugin_is_named_with_its_install_hint() {
    each(|terraform| {
        let plugin = Plugin::new(":");
        let more = json!({ "command": "eod-no-such-plugin", "installHint": "install it from the shelf" });
        let mut bare = Bare::new(terraform, "missing-plugin", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", plugin.kubeconfig(&more));
        bare.expect_refused(&["the exec plugin `eod-no-such-plugin` is not installed", "install it from the shelf"]);
    });
}

#[test]
fn plugin_runs_without_a_terminal() {
    each(|terraform| {
        let token = Cluster::shared().token();
        // Otherwise the plugin would wait for the input of a terminal, or read that of Terraform.
        let script = "case \"$KUBERNETES_EXEC_INFO\" in *'\"interactive\":false'*) ;; *) exit 3 ;; esac\n\
        if read -r line; then exit 4; fi";
        let plugin = Plugin::printing(token, script);
        let mut bare = Bare::new(terraform, "interactive", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", plugin.kubeconfig(&json!({ "interactiveMode": "Always" })));
        bare.expect_works();
    });
}

#[test]
fn a_plugin_of_an_old_protocol_is_refused() {
    each(|terraform| {
        let plugin = Plugin::new(":");
        let block = plugin.block("https://127.0.0.1:1", "").replace("k8s.io/v1", "k8s.io/v1alpha1");
        let bare = Bare::new(terraform, "old-plugin", &block);
        bare.workspace.plan().expect_err("Unsupported `exec.api_version` `client.authentication.k8s.io/v1alpha1`");
    });
}

#[test]
fn refused_token_of_a_plugin_is_renewed_once() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let proxy = FaultProxy::start(cluster);
        let plugin = Plugin::printing(cluster.token(), "");
        let bare = Bare::new(terraform, "plugin-401", &plugin.block(&proxy.access().server, ""));
        proxy.rule(|call| call.method == "PATCH", 1, Fault::status(401, "Unauthorized", "revoked"));
        bare.workspace.apply().expect_ok();
        proxy.assert_rules_used();
        assert_eq!(plugin.runs(), 2);
        // A plugin with tokens that are never accepted does not run for every call.
        let wrong = Plugin::printing("a-token-of-nobody", "");
        bare.rewrite(&wrong.block(&proxy.access().server, ""), "");
        bare.workspace.plan().expect_err("does not accept the credentials");
        assert!(wrong.runs() <= 2, "{} runs", wrong.runs());
        bare.workspace.assert_nowhere("a-token-of-nobody", &[]);
        bare.discard();
    });
}
