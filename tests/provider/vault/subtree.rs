//! Subtrees: all secrets at and below a path, except those that must not be copied.

use eod_testkit::fault::Logged;
use serde_json::json;

use super::{SOURCE, VaultStory, meanwhile, run_story};

/// Default target of a subtree.
const ROOT: &str = "preview/shop-pr-7/shop";

fn recursive() -> String {
    format!("{SOURCE}\nrecursive = true")
}

#[track_caller]
fn fill(story: &VaultStory, names: &[&str]) {
    for name in names {
        story.vault.put(&story.mount, name, &[("NAME", name)]);
    }
}

#[test]
fn subtree_is_copied_without_sensitive_and_deleted_secrets() {
    run_story("subtree", &recursive(), |story| {
        let mount = story.mount.clone();
        // `db` is a secret and a folder.
        fill(story, &["stage/shop/db", "stage/shop/db/ro", "stage/shop/a b", "stage/shop/größe", "stage/shopping"]);
        fill(
            story,
            &["stage/shop/sensitive/pay", "stage/shop/x/Sensitive", "stage/shop/deleted", "stage/shop/destroyed"],
        );
        story.vault.soft_delete(&mount, "stage/shop/deleted");
        story.vault.destroy_versions(&mount, "stage/shop/destroyed", &[1]);
        // Names that the server accepts and EoD refuses, because another reader could interpret them as other names.
        fill(story, &["stage/shop/%2e%2e", "stage/shop/edge "]);
        let audit = story.vault.audit().starting_here();
        let run = story.apply().expect_ok().expect_said(&format!("6 secrets were not copied: {mount}/{ROOT}"));
        story.expect_no_changes();
        let copied = ["", "/a b", "/db", "/db/ro", "/größe"];
        for name in copied {
            story.expect_whole(&format!("stage/shop{name}"), &format!("{ROOT}{name}"));
        }
        let expected = copied.map(|name| (format!("{ROOT}{name}"), "cloned".to_owned()));
        assert_eq!(story.results(), expected.into());
        for (name, why) in [
            ("sensitive/", "the folder is sensitive, so its names were not read"),
            ("x/Sensitive", "it is sensitive (it matches the pattern `*/sensitive/*`)"),
            ("deleted", "its newest version is deleted"),
            ("destroyed", "its newest version is deleted"),
            ("%2e%2e", "must not be percent-encoded"),
            ("edge ", "must not have a space at the start or end of a segment"),
        ] {
            let words = format!("`{mount}/stage/shop/{name}` was not copied: ");
            assert!(run.said().contains(&words) && run.said().contains(why), "{name}: {why}\n{run}");
        }
        for name in ["sensitive", "x"] {
            assert!(!audit.was_read(&mount, &format!("stage/shop/{name}")), "{name} was read");
        }
        for name in ["stage/shop/sensitive/pay", "stage/shop/x/Sensitive"] {
            assert!(!audit.value_ever_returned(name), "{name} was returned");
        }
        assert_eq!(audit.operations(&format!("{mount}/metadata/stage/shop/sensitive")), [], "not even its names");

        // A neighbour, and secrets that people created next to the copies, are kept.
        fill(story, &["preview/shop-pr-7/shopping", &format!("{ROOT}/mine")]);
        story.destroy().expect_ok();
        assert_eq!(story.vault.list(&mount, "preview/shop-pr-7"), ["shop/", "shopping"]);
        assert_eq!(story.vault.list(&mount, ROOT), ["mine"]);
    });
}

#[test]
fn folder_without_a_secret_of_its_name_is_a_subtree_too() {
    run_story("folder", "source_path = \"stage\"\nrecursive = true", |story| {
        fill(story, &["stage/a", "stage/b/c/d"]);
        story.settle();
        let paths: Vec<_> = story.results().into_keys().collect();
        assert_eq!(
            paths,
            ["preview/shop-pr-7/stage/a", "preview/shop-pr-7/stage/b/c/d", "preview/shop-pr-7/stage/shop"]
        );
        story.destroy().expect_ok();
        story.expect_nothing_left();
        // Without `recursive` there is no secret at that path.
        story.arguments("source_path = \"stage\"");
        story.apply().expect_err("there is no secret to copy at this path").expect_said("`recursive` for a folder");
    });
}

#[test]
fn secrets_added_to_or_removed_from_a_source_make_no_diff() {
    run_story("comes-and-goes", &recursive(), |story| {
        let mount = story.mount.clone();
        fill(story, &["stage/shop/a", "stage/shop/b"]);
        story.settle();
        fill(story, &["stage/shop/later"]);
        story.vault.remove(&mount, "stage/shop/a");
        story.vault.remove(&mount, &format!("{ROOT}/b"));
        story.vault.patch_by_person(&mount, &format!("{ROOT}/a"), &[("NAME", "mine")]);
        story.settle();
        let keys = story.attributes()["keys"].clone();
        let edited = |path: &str| keys[path]["edited"].clone();
        assert_eq!(keys.as_object().unwrap().len(), 2, "{keys}");
        assert_eq!((edited(ROOT), edited(&format!("{ROOT}/a"))), (json!(false), json!(true)));
        assert_eq!(story.version(&format!("{ROOT}/b")), 0, "a copy that a person removed is not created again");
        assert_eq!(story.version(&format!("{ROOT}/later")), 0);

        // One half is deleted already, and the rest is deleted.
        story.destroy().expect_ok();
        story.expect_nothing_left();
        // If no copy is left, all of them are created again.
        story.settle();
        for path in story.results().into_keys() {
            story.vault.remove(&mount, &path);
        }
        story.settle();
        assert_eq!(story.results().len(), 3);
    });
}

#[test]
fn source_that_changes_between_list_and_read_is_copied_as_read() {
    run_story("pruned", &recursive(), |story| {
        let mount = story.mount.clone();
        fill(story, &["stage/shop/gone", "stage/shop/new"]);
        story.vault.call("POST", &format!("{mount}/metadata/stage/shop/new"), Some(&json!({ "max_versions": 1 })));
        let proxy = story.proxied();
        let vault = story.vault;
        let read = |call: &Logged| call.method == "GET" && call.path.contains("/data/stage/shop");
        meanwhile(&proxy, read, {
            let mount = mount.clone();
            move || {
                vault.remove(&mount, "stage/shop/gone");
                for value in ["2", "3"] {
                    vault.put(&mount, "stage/shop/new", &[("NAME", value)]);
                }
            }
        });
        story
            .apply()
            .expect_ok()
            .expect_said(&format!("`{mount}/stage/shop/gone` was not copied: it was deleted after it was listed"));
        assert_eq!(story.key(&format!("{ROOT}/new"))["source_version"], 3);
        story.expect_whole("stage/shop/new", &format!("{ROOT}/new"));
        story.expect_no_changes();
    });
}

#[test]
fn a_subtree_that_is_too_deep_is_refused_before_anything_is_written() {
    run_story("too-deep", &recursive(), |story| {
        let deep = format!("stage/shop/{}end", "a/".repeat(17));
        fill(story, &[&deep]);
        story.apply().expect_err("it is more than 16 folders deep").expect_said("copy a subfolder");
        assert!(story.attributes_of("config").is_none());
        story.expect_nothing_left();
    });
}

#[test]
fn large_subtree_is_copied_completely() {
    run_story("large", &recursive(), |story| {
        let names: Vec<String> = (0..120).map(|number| format!("stage/shop/many/k{number:03}")).collect();
        fill(story, &names.iter().map(String::as_str).collect::<Vec<_>>());
        story.settle();
        assert_eq!(story.results().len(), 121);
        assert_eq!(story.vault.list(&story.mount, &format!("{ROOT}/many")).len(), 120);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}
