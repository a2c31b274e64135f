//! The life of a copy: made once, edited by people, given back whole.

use serde_json::{Value, json};

use super::tell;

const SOURCE: &str = "source_path = \"stage/shop\"";
const TARGET: &str = "preview/shop-pr-7/shop";

#[test]
fn a_copy_is_made_edited_and_given_back() {
    tell("copy", SOURCE, |story| {
        let audit = story.vault.audit().starting_here();
        story.settle();
        assert_eq!(story.get(TARGET), Some(json!({ "URL": "https://stage.example", "KEY": "stage-key" })));
        let marks = story.marks(TARGET);
        assert_eq!(marks["eod-env"], "shop-pr-7");
        assert_eq!(marks["eod-src"], format!("{}/stage/shop", story.mount));
        let found = story.attributes();
        assert_eq!(found["secret_ref"], format!("{}/{TARGET}", story.mount));
        assert_eq!(found["keys"][TARGET]["result"], "cloned");
        assert_eq!(found["keys"][TARGET]["version"], 1);

        // A person's edit is noted and is no difference, and neither is a change of the source.
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        story.vault.put(&story.mount, "stage/shop", &[("URL", "https://other.example")]);
        story.settle();
        assert_eq!(story.key(TARGET)["edited"], true);
        assert_eq!(story.get(TARGET).unwrap()["URL"], "https://mine.example");

        story.destroy().expect_ok();
        assert_eq!(story.marks(TARGET), Value::Null);
        assert_eq!(story.version("stage/shop"), 2, "the source stays");
        let reads = audit.operations(&format!("{}/data/stage/shop", story.mount));
        assert_eq!(reads.iter().filter(|call| call.operation == "read").count(), 1, "{reads:#?}");
    });
}
