//! The MySQL server with seed data: rendered with the policy of the examples, without a removed or refused part.

use eod_render::Node;
use eod_testkit::command;

use super::{documents, eod_cmp, folder, items, text};

/// Value at a path of keys.
fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
    path.split('.').fold(node, |node, key| match key.parse::<usize>() {
        Ok(index) => &items(node)[index],
        Err(_) => node.get(key).unwrap_or_else(|| panic!("no {key} in {node:?}")),
    })
}

#[test]
fn mysql_server_is_rendered_with_its_seed() {
    let policy = folder().join("policy.yaml");
    let mut render = eod_cmp();
    render.args([
        "render",
        "--path",
        "deploy/preview",
        "--project",
        "previews",
        "--parameter",
        "environment=shop-pr-7",
    ]);
    render.arg("--policy").arg(&policy).current_dir(folder().join("mysql"));
    let rendered = command::run(&mut render, "");
    assert_eq!(rendered.stderr, "", "nothing is removed from the source");
    let rendered = documents(&rendered.expect_ok());
    let find = |kind: &str, name: &str| {
        let is_it = |node: &&Node| {
            node.get("kind").and_then(Node::text) == Some(kind) && at(node, "metadata.name").text() == Some(name)
        };
        rendered.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}"))
    };
    let server = find("Deployment", "mysql");
    assert_eq!(at(server, "metadata.namespace").text(), Some("shop-pr-7"));
    let container = at(server, "spec.template.spec.containers.0");
    assert_eq!(at(container, "image").text(), Some("registry.acme.internal/mysql:8.4"));
    assert_eq!(at(container, "securityContext.allowPrivilegeEscalation").text(), None, "a boolean");
    // The server reads the seed from the ConfigMap of the source.
    let seed = find("ConfigMap", "mysql-seed");
    let source = documents(&text("mysql/deploy/preview/seed.yaml")).remove(0);
    for key in ["10-schema.sql", "20-rows.sql"] {
        let content = |node: &Node| node.get("data").unwrap().get(key).unwrap().text().unwrap().to_owned();
        assert_eq!(content(seed), content(&source));
    }
    let service = find("Service", "mysql");
    assert_eq!(at(service, "spec.selector.app").text(), at(server, "spec.selector.matchLabels.app").text());
    assert_eq!(at(service, "spec.ports.0.targetPort").text(), at(container, "ports.0.name").text());
    assert!(service.get("spec").unwrap().get("type").is_none_or(|kind| kind.text() == Some("ClusterIP")));
}

#[test]
fn mysql_readme_has_a_command_that_renders() {
    let readme = text("mysql/README.md");
    let line = readme.lines().find(|line| line.starts_with("eod-cmp render ")).unwrap();
    let arguments = line.strip_prefix("eod-cmp ").unwrap().split(' ');
    let said = command::run(eod_cmp().args(arguments).current_dir(folder().join("mysql")), "").expect_ok();
    assert!(said.contains("kind: ResourceQuota") && said.contains("INSERT INTO customers"), "{said}");
}
