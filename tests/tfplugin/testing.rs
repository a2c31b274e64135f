//! `terraform test` with the real provider and with a mock provider.

use super::{run_story, thing};

const REAL: &str = r#"
run "plan" {
  command = plan
  assert {
    condition     = test_thing.a.id == "thing-a"
    error_message = "the plan does not know the id"
  }
}

run "apply" {
  assert {
    condition     = test_thing.a.revision == 1 && output.shouted == "A"
    error_message = "it was not made"
  }
}

run "again" {
  variables {
    title = "second"
  }
  assert {
    condition     = test_thing.a.revision == 2
    error_message = "it was not changed"
  }
}
"#;

const MOCKED: &str = r#"
mock_provider "test" {
  mock_resource "test_thing" {
    defaults = {
      id = "mocked"
    }
  }
}

run "mocked" {
  assert {
    condition     = test_thing.a.id == "mocked" && test_thing.a.title == "first"
    error_message = "the mock was not used"
  }
}
"#;

#[test]
fn a_real_run_passes_and_cleans_up() {
    let hcl = "variable \"title\" {\n  default = \"first\"\n}\n".to_owned() + &thing("  title = var.title");
    // The function is called in an output: `tofu test` of OpenTofu 1.12.6 crashes if a condition calls it.
    let hcl = hcl + "output \"shouted\" {\n  value = provider::test::shout(test_thing.a.name)\n}\n";
    run_story("test", &hcl, |story| {
        story.write("real.tftest.hcl", REAL);
        story.run(&["test", "-no-color"]).expect_ok().expect_said("3 passed, 0 failed");
        assert_eq!(story.events(), ["create a", "update a", "delete a"]);
    });
}

#[test]
fn a_mocked_run_creates_nothing() {
    run_story("mock", &thing("  title = \"first\""), |story| {
        story.write("mocked.tftest.hcl", MOCKED);
        story.run(&["test", "-no-color"]).expect_ok().expect_said("1 passed, 0 failed");
        assert!(!story.file().exists());
    });
}
