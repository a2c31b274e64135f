use super::*;

#[test]
fn list_is_sorted_and_has_no_functions_that_run_sql() {
    let names: Vec<_> = include_str!("../builtin.txt").lines().collect();
    assert!(names.is_sorted() && names.len() == NAMES.len());
    assert_eq!(names.iter().find(|name| runs_sql(name)), None);
    for name in ["now", "lower", "nextval", "gen_random_uuid", "coalesce", "jsonb_build_object", "row_number"] {
        assert!(NAMES.contains(name), "{name}");
    }
}
