//! Many resources in parallel, and many provider configurations.

use std::fmt::Write as _;

use super::{done, run_story};

#[test]
fn two_hundred_things_at_parallelism_50() {
    let hcl = "resource \"test_thing\" \"many\" {\n  count = 200\n  name  = \"n${count.index}\"\n  tags  = [{ key = \"k${count.index}\" }]\n  place = { port = count.index }\n}\n";
    run_story("many", hcl, |story| {
        let apply = ["apply", "-no-color", "-auto-approve", "-parallelism=50"];
        story.run(&apply).expect_ok().expect_said(&done(200, 0, 0));
        assert_eq!(story.kept()["things"].as_object().unwrap().len(), 200);
        story.run(&["plan", "-no-color", "-detailed-exitcode", "-parallelism=50"]).expect_ok();
        story
            .run(&["destroy", "-no-color", "-auto-approve", "-parallelism=50"])
            .expect_ok()
            .expect_said("200 destroyed");
        assert!(story.kept()["things"].as_object().unwrap().is_empty());
    });
}

#[test]
fn twenty_provider_aliases() {
    run_story("aliases", "", |story| {
        let mut hcl = String::new();
        for at in 0..20 {
            let file = story.path().join(format!("things-{at}.json"));
            let _ = write!(
                hcl,
                "provider \"test\" {{\n  alias = \"p{at}\"\n  file = \"{}\"\n}}\nresource \"test_thing\" \"t{at}\" {{\n  provider = test.p{at}\n  name = \"t{at}\"\n}}\n",
                file.display()
            );
        }
        story.write_configuration(&hcl);
        story.apply().expect_ok().expect_said(&done(20, 0, 0));
        for at in 0..20 {
            assert!(story.text(&format!("things-{at}.json")).contains(&format!("\"create t{at}\"")));
        }
        story.expect_no_changes();
        story.destroy().expect_ok().expect_said("20 destroyed");
    });
}
