//! Stories of `eod mask run`: a database is masked in place.

use eod_testkit::{
    command,
    postgres::{SUPERUSER, servers},
};
use serde_json::{Value, json};

use super::{MaskDatabase, MaskStory};

const POLICY: &str = "\
version: 1
domains: { email: { kind: email } }
tables:
  app.customers:
    email: { domain: email }
    name: { kind: full_name }
    plate: { kind: national_id }
    profile: { kind: json }
  app.orders: { customer_id: keep, buyer: { domain: email }, state: keep, note: { kind: text } }
";
const KEY: &str = "wallaby-0123456789-abcdef-ghijkl";
/// Number of rows with a value of the source, by table.
const RAW: &str = "\
SELECT (SELECT count(*) FROM app.customers c WHERE c::text ILIKE '%canary%'),
       (SELECT count(*) FROM app.orders o WHERE o::text ILIKE '%canary%')";
/// Number of orders with the e-mail of a customer.
const JOINED: &str = "SELECT count(*) FROM app.orders o JOIN app.customers c ON c.email = o.buyer";

#[test]
fn database_is_masked_in_place_after_a_confirmation() {
    for server in servers() {
        let story = MaskStory::new(server);
        story.write("masking.yaml", POLICY);
        let database = MaskDatabase::create(server, "run");
        let dsn = story.dsn(SUPERUSER, "postgres");
        let base = ["mask", "run", &database.name, "--policy", "masking.yaml", "--server", &dsn];
        let eod = |more: &[&str]| {
            let mut command = story.command(&[&base[..], more].concat());
            let finished = command::run(command.env("EOD_MASKING_KEY", KEY), "");
            assert!(!finished.report().contains(KEY), "{}", finished.report());
            finished
        };
        let json = |more: &[&str]| -> Value {
            serde_json::from_str(&eod(&[more, &["-o", "json"]].concat()).expect_ok()).unwrap()
        };

        let dry = json(&["--dry-run"]);
        assert_eq!((&dry["dry_run"], &dry["estimate"]["rows"]), (&json!(true), &json!(500)), "{dry}");
        let unconfirmed = eod(&[]);
        assert_eq!(unconfirmed.code, Some(2), "{}", unconfirmed.report());
        assert!(unconfirmed.stderr.contains("mask 500 rows in 2 tables") && unconfirmed.stderr.contains("add --yes"));
        let work = database.work("somebody");
        let used = eod(&["--yes"]);
        assert!(used.code == Some(1) && used.stderr.contains("is in use by postgres"), "{}", used.report());
        drop(work);
        for (table, part) in [("app.missing", "has no table app.missing"), ("customers", "expected SCHEMA.TABLE")] {
            let wrong = eod(&["--yes", "--table", table]);
            assert!(wrong.code == Some(2) && wrong.stderr.contains(part), "{}", wrong.report());
        }
        assert_eq!(database.values(RAW), ["200,300"]);
        let joined = database.values(JOINED);

        let text = eod(&["--yes", "--table", "app.orders"]).expect_ok();
        assert!(text.contains("300 rows in 1 table masked"), "{text}");
        assert_eq!(database.values(RAW), ["200,0"]);
        let report = json(&["--yes", "--table", "app.customers"]);
        assert_eq!((&report["rows"], &report["tables"][0]["name"]), (&json!(200), &json!("app.customers")), "{report}");
        assert_eq!(database.values(RAW), ["0,0"]);
        assert_eq!(database.values(JOINED), joined);
        assert_ne!(joined, ["0"]);
    }
}
