//! Secrets are passed on and not stored. Ephemeral resources are renewed and closed.

use super::{run_story, thing};

/// Value of the token for `alpha`. No configuration contains it.
const SECRET: &str = "hush-ahpla";

const TOKEN: &str = "ephemeral \"test_token\" \"t\" {\n  name = \"alpha\"\n}\n";

#[test]
fn a_write_only_secret_is_passed_and_not_stored() {
    let fed = |version: u32| {
        TOKEN.to_owned() + &thing(&format!("  secret = ephemeral.test_token.t.value\n  secret_version = {version}"))
    };
    run_story("write-only", &fed(1), |story| {
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok().expect_said("secret = (write-only attribute)");
        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        assert_eq!(story.a()["secret_length"], SECRET.len());
        assert!(story.a()["secret"].is_null());
        story.expect_no_changes();
        story.apply_now(&fed(2));
        assert_eq!((&story.a()["revision"], &story.a()["secret_length"]), (&2.into(), &SECRET.len().into()));
        // A failed update must not print or store the secret either.
        story.write_configuration(&fed(3).replace("name = \"a\"", "name = \"a\"\n  misbehave = \"update_fails\""));
        story.apply().expect_err("refuses every change");
        story.assert_nowhere(SECRET, &[]);
    });
}

#[test]
fn a_secret_is_not_stored_after_a_failed_create() {
    for fault in ["unsure", "partial_create", "panic_in_create"] {
        let hcl =
            TOKEN.to_owned() + &thing(&format!("  secret = ephemeral.test_token.t.value\n  misbehave = \"{fault}\""));
        run_story(fault, &hcl, |story| {
            story.apply().expect_err("Error:");
            assert!(story.is_tainted(), "Terraform throws a state away that holds a write-only value");
            story.assert_nowhere(SECRET, &[]);
        });
    }
}

#[test]
fn an_ephemeral_resource_is_renewed_and_closed() {
    let hcl = TOKEN.to_owned() + &thing("  secret = ephemeral.test_token.t.value\n  misbehave = \"slow\"");
    run_story("renewed", &hcl, |story| {
        story.apply().expect_ok();
        let events: Vec<_> = story.events().into_iter().filter(|event| event.ends_with(" alpha")).collect();
        let count = |what: &str| events.iter().filter(|event| event.starts_with(what)).count();
        assert!(count("renew") > 0, "{events:?}");
        assert_eq!(count("open"), count("close"), "{events:?}");
        assert_eq!(events.last().map(String::as_str), Some("close alpha"));
    });
}

#[test]
fn a_sensitive_value_is_hidden() {
    run_story("sensitive", &thing("  password = \"open-sesame\""), |story| {
        let run = story.apply().expect_ok();
        assert!(run.stdout.contains("(sensitive value)") && !run.said().contains("open-sesame"), "{run}");
        assert!(!run.log.contains("open-sesame"), "values are not logged");
    });
}
