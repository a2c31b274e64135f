//! A provider block that depends on resources of the same run.

use eod_testkit::{cluster::Cluster, fault::FaultProxy, workspace::Workspace};

use crate::provider::{
    credentials::{Decoy, quoted},
    each,
    faults::story::{IT, hcl},
};

/// A cluster that is known only after an apply, and an environment on it.
fn configuration(name: &str, proxy: &FaultProxy, generation: u32) -> String {
    let (server, token) = (quoted(&proxy.access().server), quoted(&proxy.access().token));
    let provider = format!(
        r#"terraform {{
  required_providers {{
    eod = {{
      source = "environment-on-demand/eod"
    }}
  }}
}}

resource "terraform_data" "cluster" {{
  input = {{ server = {server}, generation = {generation} }}
}}

provider "eod" {{
  installation = "{name}"
  kubernetes   = {{ host = terraform_data.cluster.output.server, token = {token} }}
}}
"#
    );
    hcl(&provider, name, "")
}

#[test]
fn an_unknown_cluster_is_never_replaced_by_another() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let (decoy, proxy) = (Decoy::new(), FaultProxy::start(cluster));
        let name = cluster.installation("unknown");
        let mut workspace = Workspace::with(terraform, "unknown", &configuration(&name, &proxy, 1));
        decoy.tempt(&mut workspace);

        // No resource exists: the plan depends on the configuration only.
        workspace.plan().expect_ok().expect_said("2 to add");
        assert!(proxy.log().is_empty(), "{}", proxy.story());
        workspace.apply().expect_ok().expect_said("2 added");
        workspace.expect_no_changes();
        let before = workspace.resource(IT).unwrap();

        // The cluster becomes unknown again: the state of the environment is kept, with a warning.
        workspace.write("main.tf", &configuration(&name, &proxy, 2));
        proxy.clear_log();
        let run = workspace.plan().expect_ok();
        assert!(proxy.log().is_empty(), "{}", proxy.story());
        let said = run.said();
        assert!(said.contains("Warning") && said.contains("not known"), "{run}");
        assert!(!said.contains("1 to destroy") && !said.contains("must be replaced"), "{run}");
        assert!(said.contains("0 to add, 1 to change, 0 to destroy"), "{run}");
        assert_eq!(workspace.resource(IT).unwrap(), before);
        workspace.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
        workspace.expect_no_changes();
        assert_eq!(workspace.resource(IT).unwrap()["uid"], before["uid"]);

        // A change of the environment in the same run uses the configured cluster.
        let changed = configuration(&name, &proxy, 3).replace("name     =", "owner = \"bob\"\n  name     =");
        workspace.write("main.tf", &changed);
        workspace.apply().expect_ok().expect_said("2 changed");
        workspace.expect_no_changes();
        workspace.destroy().expect_ok();
        assert!(!cluster.namespace_exists(&name));
        decoy.assert_unseen();
    });
}

#[test]
fn an_installation_that_is_not_known_yet_is_planned() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let name = cluster.installation("unknown-inst");
        let text = configuration(&name, &FaultProxy::start(cluster), 1);
        let text = text.replace(&format!("installation = \"{name}\""), "installation = terraform_data.name.output");
        let more = format!("\nresource \"terraform_data\" \"name\" {{\n  input = \"{name}\"\n}}\n");
        let workspace = Workspace::with(terraform, "unknown-inst", &(text + &more));
        workspace.plan().expect_ok().expect_said("3 to add");
    });
}
