use super::*;

#[test]
fn reason_follows_from_state_lock_and_end() {
    for (state, is_busy, is_over, expected) in [
        (CloneStage::Unfinished, false, false, Some(CloneRemoval::Interrupted)),
        (CloneStage::Unfinished, true, false, None),
        (CloneStage::Open, false, false, None),
        (CloneStage::Keeping, false, false, None),
        (CloneStage::Keeping, false, true, Some(CloneRemoval::Over)),
        (CloneStage::Kept, false, true, Some(CloneRemoval::Over)),
        (CloneStage::Kept, true, true, None),
        (CloneStage::Foreign, false, true, None),
    ] {
        assert_eq!(CloneRemoval::of(state, is_busy, is_over), expected, "{state} {is_busy} {is_over}");
    }
}
