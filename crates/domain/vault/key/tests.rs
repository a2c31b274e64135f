use super::*;

#[test]
fn words_are_read_as_they_are_written() {
    for result in [KeyResult::Cloned, KeyResult::Adopted, KeyResult::KeptForeign] {
        assert_eq!(result.to_string().parse(), Ok(result));
    }
    assert!("copied".parse::<KeyResult>().is_err());
}
