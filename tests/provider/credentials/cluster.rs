//! No cluster, and the two ways to configure one, which are never mixed.

use eod_testkit::{cluster::Cluster, fault::FaultProxy};

use crate::provider::{
    credentials::{Bare, Decoy, quoted},
    each,
};

#[test]
fn missing_configuration_plans_and_the_first_call_names_the_settings() {
    each(|terraform| {
        let bare = Bare::new(terraform, "nothing", "");
        bare.workspace.run(&["validate", "-no-color"]).expect_ok();
        assert_eq!(bare.workspace.plan_exit_code(), 2);
        bare.expect_refused(&[
            "no Kubernetes cluster is configured",
            "`kubernetes`",
            "`config_path`",
            "`host`",
            "`in_cluster`",
            "KUBE_CONFIG_PATH",
            "KUBECONFIG",
            "KUBE_HOST",
        ]);
    });
}

#[test]
fn kubeconfig_in_the_home_folder_is_not_a_fallback() {
    each(|terraform| {
        let bare = Bare::new(terraform, "home", "");
        let home = bare.workspace.path().with_file_name("home").join(".kube");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::copy(bare.cluster.kubeconfig(), home.join("config")).unwrap();
        bare.expect_refused(&["no Kubernetes cluster is configured"]);
        // If it is written explicitly, the file is used.
        bare.rewrite("{ config_path = \"~/.kube/config\" }", "");
        bare.expect_works();
    });
}

#[test]
fn plan_of_a_new_environment_calls_no_cluster() {
    each(|terraform| {
        let proxy = FaultProxy::start(Cluster::shared());
        let mut bare = Bare::new(terraform, "offline", "");
        bare.workspace.set_env("KUBE_CONFIG_PATH", proxy.kubeconfig());
        assert_eq!(bare.workspace.plan_exit_code(), 2);
        bare.workspace.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        assert!(proxy.log().is_empty(), "{}", proxy.story());
    });
}

#[test]
fn block_is_never_completed_with_variables() {
    each(|terraform| {
        let decoy = Decoy::new();
        let cluster = Cluster::shared();
        let ca = quoted(cluster.ca_pem());
        // All settings are in the block.
        let proxy = FaultProxy::start(cluster);
        let host = quoted(&proxy.access().server);
        let token = quoted(&proxy.access().token);
        let mut bare = Bare::new(terraform, "block-only", &format!("{{ host = {host}, token = {token} }}"));
        decoy.tempt(&mut bare.workspace);
        bare.expect_works();
        assert!(proxy.calls(|call| call.method == "POST") > 0, "{}", proxy.story());
        // The host is in the block and the token only in the environment.
        let server = quoted(cluster.server());
        let mut bare =
            Bare::new(terraform, "block-host", &format!("{{ host = {server}, cluster_ca_certificate = {ca} }}"));
        decoy.tempt(&mut bare.workspace);
        let run = bare.workspace.apply();
        assert_ne!(run.code, Some(0), "{run}");
        assert!(!bare.exists(), "{run}");
        decoy.assert_unseen();
    });
}

#[test]
fn all_contradictions_in_the_block_are_reported_together() {
    each(|terraform| {
        let bare = Bare::new(
            terraform,
            "contradictions",
            "{ host = \"https://127.0.0.1:1\", config_path = \"~/.kube/config\", client_key = \"-----BEGIN PRIVATE KEY-----\", token = \"a\", token_path = \"b\" }",
        );
        let run = bare.workspace.plan();
        run.expect_err("`host` and `config_path` cannot be set together")
            .expect_said("`token_path` and `token` cannot be set together")
            .expect_said("`client_key` requires `client_certificate`")
            .expect_said("main.tf line");
    });
}

#[test]
fn context_variable_has_no_effect_on_a_block() {
    each(|terraform| {
        let path = quoted(Cluster::shared().kubeconfig().to_str().unwrap());
        let mut bare = Bare::new(terraform, "context-mixed", &format!("{{ config_path = {path} }}"));
        bare.workspace.set_env("KUBE_CTX", "no-such-context");
        bare.expect_works();
    });
}

#[test]
fn host_token_and_authority_come_from_the_environment() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let mut bare = Bare::new(terraform, "variables", "");
        bare.workspace.set_env("KUBE_HOST", cluster.server());
        bare.workspace.set_env("KUBE_TOKEN", cluster.token());
        bare.workspace.set_env("KUBE_CLUSTER_CA_CERT_DATA", cluster.ca_pem());
        bare.expect_works();
    });
}

#[test]
fn an_incomplete_set_of_variables_is_refused() {
    each(|terraform| {
        for (variable, needed) in
            [("KUBE_TOKEN", "KUBE_HOST"), ("KUBE_CLUSTER_CA_CERT_DATA", "KUBE_HOST"), ("KUBE_CTX", "KUBE_CONFIG_PATH")]
        {
            let mut bare = Bare::new(terraform, "alone", "");
            bare.workspace.set_env(variable, "something");
            bare.expect_refused(&[variable, needed]);
        }
    });
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    each(|terraform| {
        let mut bare = Bare::new(terraform, "empty", "");
        for variable in ["KUBE_HOST", "KUBE_TOKEN", "KUBE_CONFIG_PATH", "KUBE_CTX", "EOD_INSTALLATION", "EOD_DOMAIN"] {
            bare.workspace.set_env(variable, "");
        }
        bare.workspace.set_env("KUBECONFIG", bare.cluster.kubeconfig());
        bare.expect_works();
    });
}

#[test]
fn in_cluster_outside_of_a_cluster_is_refused() {
    each(|terraform| {
        let bare = Bare::new(terraform, "in-cluster", "{ in_cluster = true }");
        bare.expect_refused(&["`in_cluster` requires a pod", "KUBERNETES_SERVICE_HOST"]);
    });
}
