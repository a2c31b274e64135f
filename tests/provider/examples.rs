//! All examples, and the first one of the README, run unchanged on the real Terraform.
//!
//! The examples use one environment (`shop-pr-123` of installation `acme`), which can exist only once in a
//! cluster. So there is one long story for it and not many short ones, and
//! another for their part in Vault.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eod_testkit::{
    cluster::Cluster,
    postgres::{ADMIN, PASSWORD, servers},
    terraform::Terraform,
    vault::Vault,
    workspace::Workspace,
};
use serde_json::{Value, json};

use crate::{
    provider::{database::preview_server::PreviewServer, each},
    registry,
};

/// The environment of every example.
const NAME: &str = "shop-pr-123";

fn folder(path: &str) -> PathBuf {
    eod_testkit::repository().join("examples").join(path)
}

/// The text of the only file with this ending in an example's folder.
#[track_caller]
fn text(folder: &Path, file: &str) -> String {
    let path = folder.join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the folders in a folder.
#[track_caller]
fn names(path: &str) -> Vec<String> {
    let path = folder(path);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder with the provider's example and another one.
#[track_caller]
fn workspace(terraform: &Terraform, test: &str, hcl: &str) -> Workspace {
    let workspace = Workspace::with(terraform, test, hcl).kubeconfig(Cluster::shared().kubeconfig());
    workspace.write("provider.tf", &text(&folder("provider"), "provider.tf"));
    workspace
}

#[track_caller]
fn outputs(workspace: &Workspace) -> Value {
    let run = workspace.run(&["output", "-json"]).expect_ok();
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

#[test]
fn the_folders_are_those_of_the_registry() {
    // The story below runs every example.
    for (_, folder, expected) in registry::pages() {
        assert_eq!(names(folder), expected.into_iter().collect::<Vec<_>>(), "examples/{folder}");
    }
    assert_eq!(
        names("resources"),
        ["eod_db_snapshot", "eod_environment", "eod_vault_clone"],
        "add a new resource to the story below"
    );
    assert_eq!(
        names("data-sources"),
        ["eod_db_golden", "eod_environment", "eod_environments", "eod_vault_clone"],
        "add a new data source to the story below"
    );
    assert_eq!(
        names("ephemeral-resources"),
        ["eod_db_credentials", "eod_vault_secret"],
        "add a new ephemeral resource to the story below"
    );
}

#[test]
fn examples_of_functions_give_the_value_in_their_first_line() {
    each(|terraform| {
        for name in names("functions") {
            function(terraform, &name);
        }
    });
}

/// Example of one function, which needs no cluster.
#[track_caller]
fn function(terraform: &Terraform, name: &str) {
    let hcl = text(&folder("functions").join(name), "function.tf");
    let mut workspace = workspace(terraform, &format!("example-{name}"), &hcl);
    workspace.unset_env("KUBE_CONFIG_PATH");
    workspace.apply().expect_ok();
    let outputs = outputs(&workspace);
    let (_, output) = outputs.as_object().unwrap().iter().next().unwrap();
    let comment = hcl.lines().next().unwrap().trim_start_matches(['#', ' ']);
    match (serde_json::from_str::<Value>(comment), comment.split('"').nth(1)) {
        (Ok(expected), _) => assert_eq!(output["value"], expected, "{name}"),
        // An object with fields that the comment omits.
        (Err(_), Some(tier)) => {
            assert_eq!(output["value"]["tier"], tier, "{name}");
            assert!(output["value"]["reason"].is_string(), "{output}");
        }
        // A policy is too long for a comment, which has the command for it instead.
        (Err(_), None) => {
            assert!(comment.contains("`vault policy write "), "no value in `{comment}` of {name}");
            let policy = output["value"].as_str().unwrap();
            assert!(policy.contains("path \"secret/"), "{policy}");
            Vault::shared().policy("example", policy);
        }
    }
}

#[test]
fn the_provider_example_is_valid() {
    each(|terraform| {
        let workspace = workspace(terraform, "example-provider", "");
        workspace.run(&["validate", "-no-color"]).expect_ok();
        workspace.apply().expect_ok().expect_said("0 added");
    });
}

#[test]
fn examples_are_applied_unchanged() {
    each(|terraform| {
        let cluster = Cluster::shared();
        // On an existing cluster the namespace may belong to a person, so it is not deleted here.
        assert!(!cluster.namespace_exists(NAME), "namespace {NAME} exists; delete it if a killed test run left it");

        let resource =
            workspace(terraform, "example-resource", &text(&folder("resources/eod_environment"), "resource.tf"));
        resource.plan().expect_ok().expect_said("1 to add");
        resource.apply().expect_ok().expect_said("1 added");
        resource.expect_no_changes();
        assert!(cluster.namespace_exists(NAME));
        assert_eq!(outputs(&resource)["url"]["value"], format!("https://{NAME}.preview.acme.internal").as_str());
        // A push: a new value of the variable.
        resource.write("terraform.tfvars", "head_sha = \"9b1d0aa\"\n");
        resource.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
        resource.expect_no_changes();

        import(&resource);
        data_sources(terraform);

        resource.destroy().expect_ok();
        assert!(!cluster.namespace_exists(NAME));
        databases(terraform);
        assert!(!cluster.namespace_exists(NAME));
        readme(terraform);
    });
}

/// A folder with an example of databases, its policy and its migrations.
#[track_caller]
fn database_workspace(terraform: &Terraform, server: &PreviewServer, test: &str, hcl: &str) -> Workspace {
    let workspace = workspace(terraform, test, hcl)
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", server.role())
        .env("PGPASSWORD", PASSWORD);
    let example = folder("resources/eod_db_snapshot");
    for file in ["masking.yaml", "migrations/0001_phone.sql"] {
        workspace.write(file, &text(&example, file));
    }
    workspace
}

/// Examples of databases, with the environment of the other examples.
#[track_caller]
fn databases(terraform: &'static Terraform) {
    let server = PreviewServer::new(servers().last().unwrap(), ADMIN);
    let example = folder("resources/eod_db_snapshot");
    server.publish_again("shop_golden", "acme", &text(&example, "masking.yaml"));
    let resource = database_workspace(terraform, &server, "example-db", &text(&example, "resource.tf"));
    resource.apply().expect_ok().expect_said("2 added");
    resource.expect_no_changes();
    assert_eq!(outputs(&resource)["credentials"]["value"], format!("{NAME}/db").as_str());
    run_import(&resource, "eod_db_snapshot", "eod_db_snapshot.db");
    resource.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
    resource.expect_no_changes();
    let hcl = text(&folder("data-sources/eod_db_golden"), "data-source.tf");
    let data = database_workspace(terraform, &server, "example-golden", &hcl);
    data.apply().expect_ok();
    assert!(outputs(&data)["snapshot"]["value"].as_str().unwrap().contains("valid until"));
    resource.destroy().expect_ok();
    assert_eq!(server.objects("shop_golden_shop"), [""; 0]);

    let vault = stage();
    let cluster = Cluster::shared();
    cluster.kubectl(&["create", "namespace", NAME]);
    let hcl = text(&folder("ephemeral-resources/eod_db_credentials"), "ephemeral-resource.tf");
    let ephemeral = database_workspace(terraform, &server, "example-credentials", &hcl)
        .env("VAULT_ADDR", vault.address())
        .env("VAULT_TOKEN", vault.token());
    ephemeral.apply().expect_ok();
    let stored = vault.get(MOUNT, &format!("preview/{NAME}/shop")).unwrap();
    assert!(stored["DATABASE_URL"].as_str().unwrap().starts_with("postgresql://shop_golden_shop_pr_123_app:"));
    ephemeral.destroy().expect_ok();
    server.unpublish("shop_golden", "acme");
    cluster.call("DELETE", &format!("/api/v1/namespaces/{NAME}"), None);
    cluster.wait_until_gone(NAME);
}

/// `import.sh`, with an empty plan after it.
#[track_caller]
fn import(resource: &Workspace) {
    run_import(resource, "eod_environment", "eod_environment.preview");
    resource.expect_no_changes();
}

/// Removes a resource from the state and runs the `import.sh` of its type.
#[track_caller]
fn run_import(resource: &Workspace, kind: &str, address: &str) {
    resource.run(&["state", "rm", address]).expect_ok();
    let script = text(&folder("resources").join(kind), "import.sh");
    let commands = script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for command in commands {
        let words: Vec<_> = command.split_whitespace().collect();
        assert_eq!(words[0], "terraform", "{command}");
        resource.run(&words[1..]).expect_ok();
        count += 1;
    }
    assert!(count > 0, "import.sh has no command");
}

/// Both data sources, on the environment of the other example.
#[track_caller]
fn data_sources(terraform: &Terraform) {
    let one = workspace(terraform, "example-data", &text(&folder("data-sources/eod_environment"), "data-source.tf"));
    one.apply().expect_ok();
    let hosts = &outputs(&one)["hosts"]["value"];
    assert_eq!(hosts["api"], format!("{NAME}-api.preview.acme.internal").as_str(), "{hosts}");
    assert_eq!(hosts.as_object().unwrap().len(), 2, "{hosts}");

    let all =
        workspace(terraform, "example-data-all", &text(&folder("data-sources/eod_environments"), "data-source.tf"));
    all.apply().expect_ok();
    let running = &outputs(&all)["running"]["value"];
    assert!(running[NAME].is_string(), "{running}");
}

/// A Vault with the stage configuration of the examples.
#[track_caller]
fn stage() -> Vault {
    let vault = Vault::own();
    let secrets: [(&str, &[(&str, &str)]); 6] = [
        ("stage/shop", &[("URL", "https://stage.example"), ("DATABASE_PASSWORD", "stage"), ("ADMIN_TOKEN", "admin")]),
        ("stage/features/search", &[("ENABLED", "true")]),
        ("stage/features/checkout/v2", &[("ENABLED", "false")]),
        ("stage/payments", &[("PAYMENT_KEY", "canary-real-key"), ("PAYMENT_URL", "https://real.example")]),
        ("stage/sandbox", &[("DATABASE_PASSWORD", "canary-of-the-sandbox")]),
        ("sensitive/shop", &[("KEY", "canary-of-the-sensitive")]),
    ];
    for (path, pairs) in secrets {
        vault.put(MOUNT, path, pairs);
    }
    vault
}

/// The mount of every example, which a server of the testbed has from the start.
const MOUNT: &str = "secret";

#[track_caller]
fn vault_workspace(terraform: &Terraform, vault: &Vault, test: &str, hcl: &str) -> Workspace {
    let workspace =
        Workspace::with(terraform, test, hcl).env("VAULT_ADDR", vault.address()).env("VAULT_TOKEN", vault.token());
    workspace.write("provider.tf", &text(&folder("provider"), "provider.tf"));
    workspace
}

#[test]
fn examples_of_vault_are_applied_unchanged() {
    each(examples_of_vault);
}

#[track_caller]
fn examples_of_vault(terraform: &'static Terraform) {
    let vault = stage();
    let audit = vault.audit().starting_here();
    let resource =
        vault_workspace(terraform, &vault, "example-vault", &text(&folder("resources/eod_vault_clone"), "resource.tf"));
    resource.apply().expect_ok().expect_said("3 added");
    resource.expect_no_changes();
    let get = |path: &str| vault.get(MOUNT, &format!("preview/{NAME}/{path}")).unwrap();
    assert_eq!(get("shop"), json!({ "URL": "https://stage.example", "DATABASE_PASSWORD": "stage" }));
    assert_eq!(
        (&get("features/search")["ENABLED"], &get("features/checkout/v2")["ENABLED"]),
        (&json!("true"), &json!("false"))
    );
    assert_eq!(get("payments"), json!({ "PAYMENT_KEY": "sandbox", "PAYMENT_URL": "https://sandbox.payments.example" }));
    let said = outputs(&resource);
    assert_eq!(said["secret_ref"]["value"], format!("secret/preview/{NAME}/shop"));
    assert_eq!(said["sensitive_secret_ref"]["value"], "secret/sensitive/shop");
    assert!(!audit.was_read(MOUNT, "sensitive"));
    for canary in ["canary-real-key", "canary-of-the-sensitive"] {
        resource.assert_nowhere(canary, &[]);
    }

    // Arguments that only the configuration has are in the state again after an update that writes nothing.
    run_import(&resource, "eod_vault_clone", "eod_vault_clone.config");
    resource.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
    resource.expect_no_changes();
    assert_eq!(vault.metadata(MOUNT, &format!("preview/{NAME}/shop")).unwrap()["current_version"], 1);

    let data = vault_workspace(
        terraform,
        &vault,
        "example-vault-data",
        &text(&folder("data-sources/eod_vault_clone"), "data-source.tf"),
    );
    data.apply().expect_ok();
    assert_eq!(outputs(&data)["edited"]["value"], false);
    vault.patch_by_person(MOUNT, &format!("preview/{NAME}/shop"), &[("URL", "https://mine.example")]);
    data.apply().expect_ok();
    assert_eq!(outputs(&data)["edited"]["value"], true);
    resource.destroy().expect_ok();
    assert_eq!(vault.list(MOUNT, "preview"), Vec::<String>::new());

    let hcl = text(&folder("ephemeral-resources/eod_vault_secret"), "ephemeral-resource.tf");
    let ephemeral = vault_workspace(terraform, &vault, "example-ephemeral", &hcl);
    ephemeral.plan().expect_ok().expect_said("1 to add");
    ephemeral.apply().expect_ok();
    ephemeral.expect_no_changes();
    assert_eq!(get("shop")["DATABASE_PASSWORD"], "canary-of-the-sandbox");
    ephemeral.destroy().expect_ok();
    ephemeral.assert_nowhere("canary-of-the-sandbox", &[]);
    assert_eq!(vault.list(MOUNT, "preview"), Vec::<String>::new());
}

/// Values that the workflow passes for a pull request.
fn pipeline_values(workspace: &Workspace, head_sha: &str, labels: &str) {
    let values = json!({ "pull_request": 4711, "head_sha": head_sha, "owner": "alice", "labels": labels });
    workspace.write("terraform.tfvars.json", &values.to_string());
}

#[test]
fn pipeline_creates_updates_and_destroys_the_environment_of_a_pull_request() {
    each(|terraform| {
        let cluster = Cluster::shared();
        let hcl = text(&folder("pipeline"), "main.tf");
        let workspace = Workspace::with(terraform, "pipeline", &hcl).kubeconfig(cluster.kubeconfig());
        pipeline_values(&workspace, "aaaaaaa1", r#"["preview", "tier/full"]"#);
        workspace.apply().expect_ok().expect_said("1 added");
        assert_eq!(outputs(&workspace)["namespace"]["value"], "shop-pr-4711");
        let namespace = cluster.get(&["namespace", "shop-pr-4711"]).unwrap();
        assert_eq!(namespace["metadata"]["labels"]["environment.on-demand/tier"], "full");
        pipeline_values(&workspace, "aaaaaaa2", r#"["preview", "tier/full"]"#);
        workspace.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
        workspace.expect_no_changes();
        workspace.destroy().expect_ok();
        assert!(!cluster.namespace_exists("shop-pr-4711"));
    });
}

/// The workflow passes each variable of the configuration, keeps forks out and runs the configuration of the base branch.
#[test]
fn workflow_of_the_pipeline_fits_its_configuration() {
    let (workflow, hcl) = (text(&folder("pipeline"), "preview.yaml"), text(&folder("pipeline"), "main.tf"));
    for variable in hcl.lines().filter_map(|line| line.strip_prefix("variable \"")?.split('"').next()) {
        assert!(workflow.contains(&format!("TF_VAR_{variable}: ${{{{")), "{variable}");
    }
    for part in [
        "if: github.event.pull_request.head.repo.full_name == github.repository",
        "ref: ${{ github.event.pull_request.base.sha }}",
        "contents: read",
        "cancel-in-progress: false",
        "key=previews/shop/${{ github.event.number }}.tfstate",
    ] {
        assert!(workflow.contains(part), "{part}");
    }
    assert!(!workflow.contains("pull_request_target"));
}

/// The first HCL of the README is a complete configuration that works.
#[track_caller]
fn readme(terraform: &Terraform) {
    let hcl = first_block(&text(eod_testkit::repository(), "README.md"));
    let cluster = Cluster::shared();
    let workspace = Workspace::with(terraform, "readme", &hcl).kubeconfig(cluster.kubeconfig());
    // The path of a person's file is replaced by that of the test.
    let home = workspace.path().with_file_name("home").join(".kube");
    fs::create_dir_all(&home).unwrap();
    fs::copy(cluster.kubeconfig(), home.join("config")).unwrap();
    workspace.apply().expect_ok();
    let state = workspace.raw_state_text();
    assert!(state.contains("\"eod_environment\""), "the README's first example makes no environment\n{hcl}");
    workspace.expect_no_changes();
    workspace.destroy().expect_ok();
}

/// The text between the first fence for HCL or Terraform and its end.
#[track_caller]
fn first_block(markdown: &str) -> String {
    let mut lines = markdown.lines();
    let fences = ["```hcl", "```terraform"];
    let found = lines.by_ref().any(|line| fences.contains(&line.trim()));
    assert!(found, "the README has no HCL");
    let block: Vec<_> = lines.take_while(|line| line.trim() != "```").collect();
    block.join("\n") + "\n"
}

#[test]
fn first_hcl_block_is_found() {
    let markdown = "text\n```sh\nmake\n```\n```hcl\na = 1\nb = 2\n```\n```hcl\nc = 3\n```\n";
    assert_eq!(first_block(markdown), "a = 1\nb = 2\n");
}
