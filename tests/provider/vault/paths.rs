//! Spellings of paths, sensitive sources and forbidden targets. All are refused before any call to Vault.

use eod_testkit::workspace::Run;

use super::{SOURCE, TARGET, VaultStory, run_story};

/// Plans copies that each have one mistake, in arguments of one line each, and expects an error at each line.
///
/// Terraform reports all mistakes of a phase in one run. No call to Vault is made, so no server is needed.
#[track_caller]
fn expect_refused(story: &mut VaultStory, mistakes: &[(&str, &str)]) -> Run {
    let mut text = String::new();
    for (number, (argument, _)) in mistakes.iter().enumerate() {
        let usual = if argument.contains("source_path") { String::new() } else { format!("{SOURCE}\n") };
        text += &story.block(&format!("c{number}"), &format!("{usual}{argument}"));
    }
    story.body(&text);
    story.set_env("VAULT_ADDR", "http://127.0.0.1:9");
    let run = story.plan();
    let (said, file) = (run.said(), story.text("main.tf"));
    for (number, (argument, why)) in mistakes.iter().enumerate() {
        let block = format!("in resource \"eod_vault_clone\" \"c{number}\":");
        let line = 1 + file.lines().position(|line| line == argument.lines().next_back().unwrap()).unwrap();
        assert!(said.contains(&block), "`{argument}` is not reported\n{run}");
        assert!(said.contains(why), "the error about `{argument}` should contain `{why}`\n{run}");
        assert!(
            said.contains(&format!("on main.tf line {line},")),
            "line {line} is not reported for `{argument}`\n{run}"
        );
    }
    assert_eq!(said.matches("Error: ").count(), mistakes.len(), "{run}");
    run
}

#[test]
fn ambiguous_path_is_refused() {
    run_story("path-tricks", "", |story| {
        expect_refused(
            story,
            &[
                ("source_path = \"stage/../prod/x\"", "must not contain the segment `..`; write the path without"),
                ("source_path = \"stage/./shop\"", "must not contain the segment `.`"),
                ("source_path = \"stage//shop\"", "must not have two slashes in a row"),
                ("source_path = \"stage/%2e%2e/x\"", "must not be percent-encoded, got `%2e`"),
                ("source_path = \"stage%2Fshop\"", "must not be percent-encoded, got `%2F`"),
                ("source_path = \"stage/shop/\"", "must not begin or end with a slash; write `stage/shop`"),
                ("source_path = \"/stage/shop\"", "must not begin or end with a slash"),
                ("source_path = \"\"", "Must not be empty."),
                ("source_path = \"stage/shop \"", "must not have a space at the start or end of a segment"),
                ("source_path = \"stage/sho\\u200bp\"", "invisible character U+200B"),
                ("target_path = \"preview/../stage/x\"", "must not contain the segment `..`"),
                ("target_mount = \"a/../b\"", "must not contain the segment `..`"),
                ("sensitive_path = \"a//b\"", "must not have two slashes in a row"),
            ],
        );
    });
}

#[test]
fn sensitive_sources_and_forbidden_targets_are_refused() {
    run_story("routes", "", |story| {
        let never = "is never read or copied.";
        expect_refused(
            story,
            &[
                ("source_path = \"sensitive/shop\"", never),
                // The default target would end in the same segment; that is one mistake, not two.
                ("source_path = \"stage/sensitive\"", never),
                ("source_path = \"stage/SENSITIVE/db\"", "(it matches the pattern `*/sensitive/*`)"),
                ("source_path = \"data/sensitive/x\"", never),
                ("target_path = \"prod/shop\"", "is not an allowed target: allowed are `*/preview/*`"),
                ("target_path = \"previews/shop\"", "is not an allowed target"),
                ("target_path = \"preview/sensitive/shop\"", "so the copy could never be read again"),
                ("source_path = \"preview/a\"\n  target_path = \"preview/a/b\"", "so the copy would contain itself"),
                (
                    "source_path = \"preview/c/d\"\n  target_path = \"preview/c\"",
                    "use a target path outside of the source",
                ),
                ("source_path = \"preview/e\"\n  target_path = \"preview/e\"", "is equal to or inside"),
            ],
        );
    });
}

#[test]
fn pasted_target_and_reference_are_reported_in_the_plan() {
    run_story("pasted-target", "", |story| {
        let mount = story.mount.clone();
        let arguments = format!("{SOURCE}\ntarget_path = \"{mount}/preview/x\"\nsensitive_path = \"data/sensitive/x\"");
        let text = story.block("config", &arguments);
        story.body(&text);
        let plan = story.plan().expect_ok();
        plan.expect_said("write `target_path = \"preview/x\"`").expect_said("write `sensitive_path = \"sensitive/x\"`");
    });
}

#[test]
fn names_with_a_common_prefix_do_not_overlap() {
    run_story("alike", "source_path = \"preview/pr-1\"\ntarget_path = \"preview/pr-12\"", |story| {
        story.vault.put(&story.mount, "preview/pr-1", &[("A", "1")]);
        story.settle();
        story.expect_whole("preview/pr-1", "preview/pr-12");
        story.destroy().expect_ok();
        assert_eq!(story.version("preview/pr-1"), 1);
    });
}

#[test]
fn patterns_of_the_provider_block_match_every_spelling_of_a_mount() {
    run_story("patterns", "", |story| {
        let mount = story.mount.clone();
        story.vault.put(&mount, "prod/shop", &[("A", "canary-of-prod")]);
        story.vault.put(&mount, "preview/keep", &[("A", "1")]);
        story.provider(&format!(
            "vault = {{\n  sensitive_paths = [\"{mount}/data/prod/*\"]\n  target_prefixes = [\"{mount}/copies/*\"]\n}}"
        ));
        let audit = story.vault.audit().starting_here();
        let engine = mount.clone();
        let block = |mount: &str, source: &str| {
            format!(
                "resource \"eod_vault_clone\" \"config\" {{\n  environment = \"pr-1\"\n  mount = \"{mount}\"\n  \
                 source_path = \"{source}\"\n  target_mount = \"{engine}\"\n  target_path = \"copies/pr-1\"\n}}\n"
            )
        };
        // The long form of a pattern covers the short form of a path.
        let text = block(&mount, "prod/shop");
        story.body(&text);
        story.plan().expect_err(&format!("is sensitive (it matches the pattern `{mount}/data/prod/*`)"));
        // A segment of the path in the mount is not another mount, although no pattern covers it.
        let text = block(&format!("{mount}/prod"), "shop");
        story.body(&text);
        story
            .apply()
            .expect_err(&format!("cannot find the mount of `{mount}/prod`"))
            .expect_said(&format!("set the mount to `{mount}`, and move the rest into the path"));
        assert!(!audit.was_read(&mount, "prod"));
        // Sources that the patterns allow are copied, even if the default does not allow them.
        let text = block(&mount, "stage/shop");
        story.body(&text);
        story.settle();
        story.expect_whole("stage/shop", "copies/pr-1");
        assert_eq!(audit.operations(&format!("{mount}/data/prod")), []);
    });
}

#[test]
fn invalid_patterns_are_refused_at_their_position() {
    run_story("bad-patterns", SOURCE, |story| {
        for (pattern, why) in [
            ("sensitive_paths = [\"*/ok/*\", \"prod\"]", "has no slash; patterns are matched against `<mount>/<path>`"),
            ("sensitive_paths = [\"secret/../x\"]", "can never match"),
            ("target_prefixes = []", "List of targets must not be empty, else no copy is allowed"),
            ("target_prefixes = [\"\"]", "Pattern must not be empty"),
        ] {
            story.provider(&format!("vault = {{\n{pattern}\n}}"));
            story.plan().expect_err("Invalid vault.").expect_said(why);
        }
        assert_eq!(story.version(TARGET), 0);
    });
}

#[test]
fn names_with_unusual_characters_are_copied_unchanged() {
    let source = "stage/größe & \\\"100%\\\"/a b+c?d#e";
    run_story("names", &format!("source_path = \"{source}\""), |story| {
        let path = source.replace('\\', "");
        story.vault.put(&story.mount, &path, &[("A", "1")]);
        story.settle();
        let target = "preview/shop-pr-7/a b+c?d#e";
        story.expect_whole(&path, target);
        assert!(story.attributes()["vault_ui_url"].as_str().unwrap().ends_with("/a%20b+c%3Fd%23e"));
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}
