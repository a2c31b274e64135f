//! Many databases in one run.

use eod_testkit::tcp_proxy::TcpProxy;

use super::run_story;

const COUNT: usize = 20;

#[test]
fn twenty_databases_are_created_at_once_and_refreshed_by_one_query() {
    run_story("db-many", "", |story| {
        let block = story.block(
            "db",
            "for_each = toset([for n in range(20) : \"pr-${n}\"])\nenvironment = each.key\n\
             secret = { name = each.key, namespace = local.namespace }",
        );
        story.body(&format!("locals {{\n  namespace = \"{}\"\n}}\n{block}", story.environment));
        story
            .run(&["apply", "-auto-approve", "-no-color", "-parallelism=10"])
            .expect_ok()
            .expect_said(&format!("{COUNT} added"));
        for number in 0..COUNT {
            let entries = story.entries(&format!("pr-{number}"));
            assert!(story.enters(&entries), "{number}");
        }
        let proxy = TcpProxy::start(story.server.port());
        story.through(&proxy);
        let plan = story.run(&["plan", "-detailed-exitcode", "-no-color", "-parallelism=10"]);
        // The address of the proxy is another port, which the Secrets get.
        assert_eq!(plan.code, Some(2), "{plan}");
        plan.expect_said(&format!("0 to add, {COUNT} to change, 0 to destroy"));
        assert_eq!(proxy.accepted(), 1, "all databases are read by one session");
        let port = story.server.port().to_string();
        story.set_env("PGPORT", port);
        story.expect_no_changes();
        story.destroy().expect_ok().expect_said(&format!("{COUNT} destroyed"));
        for number in 0..COUNT {
            assert_eq!(story.server.objects(&format!("{}_pr_{number}", story.golden)), [""; 0]);
            assert!(story.cluster.read(&story.secret_path(&format!("pr-{number}"))).is_none());
        }
    });
}
