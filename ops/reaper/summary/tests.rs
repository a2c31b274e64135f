use super::*;

#[test]
fn summary_is_read_back_and_a_damaged_one_is_none() {
    let mut summary = RunSummary::default();
    summary.update(&RunReport::default());
    summary.asleep.insert("pr-1".to_owned());
    assert_eq!(RunSummary::from_json(&summary.to_json()), Some(summary));
    for text in ["", "{}", "{\"v\":2}", "[]"] {
        assert_eq!(RunSummary::from_json(text), None, "{text}");
    }
}
