//! Builds from a raw copy on the preview server.

use eod_testkit::postgres::{SUPERUSER, servers};
use serde_json::json;

use super::{GoldenStory, MaskDatabase};

#[test]
fn raw_copy_is_closed_masked_and_dropped() {
    for server in servers() {
        let story = GoldenStory::new(server, SUPERUSER);
        let (label, name) = (story.label(), story.name.as_str());
        let raw = MaskDatabase::create(server, "raw");
        let build = ["build", name, "--policy", "masking.yaml", "--from", &raw.name];
        let grants = format!("SELECT datacl FROM pg_database WHERE datname = '{}'", raw.name);
        let before = story.preview.values(&grants);

        // The superuser of the kit may copy raw pages.
        let refused = story.eod(&build);
        assert_eq!(refused.code, Some(1), "{label}: {}", refused.report());
        assert!(refused.stderr.contains("raw pages of the copy would reach postgres"), "{label}: {}", refused.report());
        assert!(refused.stderr.contains("--allow NAME"), "{label}: {}", refused.report());
        let build = [&build[..], &["--allow", SUPERUSER]].concat();

        // A dry run does not close the raw copy.
        let dry = story.json(0, &[&build[..], &["--dry-run"]].concat());
        assert_eq!(
            (&dry["estimate"]["rows"], &dry["estimate"]["tools_version"]),
            (&json!(500), &json!(null)),
            "{label}"
        );
        assert_eq!((story.preview.values(&grants), story.objects()), (before, vec![]), "{label}");

        let work = raw.work("somebody");
        let used = story.eod(&build);
        assert_eq!(used.code, Some(1), "{label}: {}", used.report());
        let part = format!("database `{}` is in use by postgres", raw.name);
        assert!(used.stderr.contains(&part), "{label}: {}", used.report());
        drop(work);

        let built = story.json(0, &build);
        assert_eq!(
            (&built["report"]["facts"]["rows"], &built["report"]["raw_copy_removed"]),
            (&json!(500), &json!(null))
        );
        let there = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", raw.name);
        assert_eq!(story.preview.values(&there), ["1"], "{label}");
        assert!(!story.preview.values(&grants)[0].contains("=Tc/"), "{label}: PUBLIC may still connect");
        let verify = ["verify", name, "--policy", "masking.yaml"];
        let source = story.mask.dsn(SUPERUSER, &raw.name);
        story.eod(&[&verify[..], &["--source", &source]].concat()).expect_ok();

        let built = story.json(0, &[&build[..], &["--drop"]].concat());
        assert_eq!(built["report"]["raw_copy_removed"], true, "{label}");
        assert_eq!(story.preview.values(&there), ["0"], "{label}");
        let gone = story.eod(&build);
        assert_eq!(gone.code, Some(2), "{label}: {}", gone.report());
        assert!(gone.stderr.contains(&format!("has no database `{}`", raw.name)), "{label}: {}", gone.report());
        story.eod(&["publish", name]).expect_ok();
    }
}
