use super::*;

#[test]
fn every_step_is_described_and_sorted_by_effect() {
    assert!(TRANSFORM_STEPS.is_sorted_by_key(|step| step.effect));
    for TransformStep { effect: _, subject, meaning } in TRANSFORM_STEPS {
        assert!(!subject.is_empty() && !meaning.is_empty() && !meaning.ends_with('.'), "{subject}");
    }
}
