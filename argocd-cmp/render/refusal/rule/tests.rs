use std::collections::BTreeSet;

use super::*;

#[test]
fn every_rule_has_a_name_and_a_description() {
    let names: BTreeSet<&str> = RefusalRule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), RefusalRule::ALL.len());
    for rule in RefusalRule::ALL {
        assert_eq!(rule.as_str().parse(), Ok(*rule));
        let RuleDescription { rule: described, meaning, example, remedy } = rule.description();
        assert_eq!(described, *rule);
        for text in [meaning, example, remedy] {
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains('|'), "{rule}: {text}");
        }
    }
}
