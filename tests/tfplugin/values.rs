//! Values are stored exactly as configured.

use super::{run_story, thing};

#[test]
fn numbers_are_exact() {
    for number in ["0.1", "18446744073709551615", "123456789012345678901234567890", "1e300", "-0.000000000000000000001"]
    {
        let hcl = thing(&format!(
            "  amount = {number}\n  anything = {{ deep = [{number}] }}\n  peers = {{ x = {{ address = \"\", weight = {number} }} }}"
        ));
        let hcl = hcl
            + &format!(
                "output \"same\" {{\n  value = test_thing.a.amount == {number} && test_thing.a.anything.deep[0] == {number}\n}}\n"
            );
        run_story("number", &hcl, |story| {
            story.apply().expect_ok().expect_said("same = true");
            story.expect_no_changes();
        });
    }
}

#[test]
fn strings_are_compared_in_nfc() {
    // One text in NFC (composed) and in NFD (decomposed).
    run_story("nfc", &thing("  title = \"caf\\u00e9\""), |story| {
        story.apply().expect_ok();
        let decomposed = story.text("things.json").replace('\u{e9}', "e\u{301}");
        assert_ne!(decomposed, story.text("things.json"));
        story.write("things.json", &decomposed);
        story.expect_no_changes();
        story.write_configuration(&thing("  title = \"cafe\\u0301\""));
        story.expect_no_changes();
    });
}

#[test]
fn a_value_above_4_mib_is_accepted() {
    let text = "big text ".repeat(600_000);
    let hcl = thing("  title = file(\"big.txt\")") + "output \"length\" {\n  value = length(test_thing.a.title)\n}\n";
    run_story("big", "", |story| {
        story.write("big.txt", &text);
        story.write_configuration(&hcl);
        story.apply().expect_ok().expect_said("length = 5400000");
        story.expect_no_changes();
    });
}

#[test]
fn a_string_may_contain_any_character() {
    run_story("odd", &thing("  title = \"\"\n  caption = \"a\\u0000b\\n\\\"$${x}\\U0001F600\""), |story| {
        story.apply().expect_ok();
        assert_eq!((&story.a()["title"], &story.a()["caption"]), (&"".into(), &"a\0b\n\"${x}😀".into()));
        story.expect_no_changes();
    });
}

#[test]
fn a_dynamic_value_may_change_its_type() {
    run_story("dynamic", &thing("  anything = \"text\""), |story| {
        for value in [
            "\"text\"",
            "1",
            "[]",
            "{}",
            "[true, \"x\", [null]]",
            "{ a = { b = 1.5 } }",
            "null",
            "toset([\"a\", \"b\"])",
        ] {
            story.apply_now(&thing(&format!("  anything = {value}")));
            story.expect_no_changes();
        }
    });
}

#[test]
fn a_set_ignores_the_order_and_a_map_accepts_a_new_key() {
    run_story(
        "collections",
        &thing("  tags = [{ key = \"a\" }, { key = \"b\" }]\n  peers = { x = { address = \"1\" } }"),
        |story| {
            story.apply().expect_ok();
            story.write_configuration(&thing(
                "  tags = [{ key = \"b\" }, { key = \"a\" }, { key = \"b\" }]\n  peers = { x = { address = \"1\" } }",
            ));
            story.expect_no_changes();
            story.apply_now(&thing(
                "  tags = []\n  peers = { x = { address = \"1\" }, \"odd key\" = { address = \"2\" } }",
            ));
            story.expect_no_changes();
            assert_eq!(story.a()["tags"], serde_json::json!([]));
        },
    );
}
