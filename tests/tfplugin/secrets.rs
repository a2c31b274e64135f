//! Secrets pass through and stay nowhere; what is opened is renewed and given back.

use super::{tell, thing};

/// What the token for `alpha` is, which no configuration spells.
const SECRET: &str = "hush-ahpla";

const TOKEN: &str = "ephemeral \"test_token\" \"t\" {\n  name = \"alpha\"\n}\n";

#[test]
fn a_secret_is_handed_over_and_stands_nowhere() {
    let fed = |version: u32| {
        TOKEN.to_owned() + &thing(&format!("  secret = ephemeral.test_token.t.value\n  secret_version = {version}"))
    };
    tell("write-only", &fed(1), |story| {
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok().expect_said("secret = (write-only attribute)");
        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        assert_eq!(story.a()["secret_length"], SECRET.len());
        assert!(story.a()["secret"].is_null());
        story.expect_no_changes();
        story.apply_now(&fed(2));
        assert_eq!((&story.a()["revision"], &story.a()["secret_length"]), (&2.into(), &SECRET.len().into()));
        // A failure must not tell it either, and what it leaves behind must not hold it.
        story.tell(&fed(3).replace("name = \"a\"", "name = \"a\"\n  misbehave = \"update_fails\""));
        story.apply().expect_err("refuses every change");
        story.assert_nowhere(SECRET, &[]);
    });
}

#[test]
fn a_secret_is_nowhere_after_a_create_that_failed() {
    for fault in ["unsure", "half_made", "panic_in_create"] {
        let hcl =
            TOKEN.to_owned() + &thing(&format!("  secret = ephemeral.test_token.t.value\n  misbehave = \"{fault}\""));
        tell(fault, &hcl, |story| {
            story.apply().expect_err("Error:");
            assert!(story.is_tainted(), "Terraform throws a state away that holds a write-only value");
            story.assert_nowhere(SECRET, &[]);
        });
    }
}

#[test]
fn what_is_open_is_renewed_and_closed() {
    let hcl = TOKEN.to_owned() + &thing("  secret = ephemeral.test_token.t.value\n  misbehave = \"slow\"");
    tell("renewed", &hcl, |story| {
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
    tell("sensitive", &thing("  password = \"open-sesame\""), |story| {
        let run = story.apply().expect_ok();
        assert!(run.stdout.contains("(sensitive value)") && !run.said().contains("open-sesame"), "{run}");
        assert!(!run.log.contains("open-sesame"), "values are not logged");
    });
}
