use super::*;

#[test]
fn results_are_read_as_written() {
    for result in [KeyResult::Cloned, KeyResult::Adopted, KeyResult::KeptForeign] {
        assert_eq!(result.to_string().parse(), Ok(result));
    }
    assert!("copied".parse::<KeyResult>().is_err());
}
