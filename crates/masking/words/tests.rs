use std::collections::BTreeSet;

use strum::IntoEnumIterator as _;

use super::*;

#[test]
fn lists_have_no_duplicates_and_no_long_words() {
    for locale in Locale::iter() {
        let Words { first_names, last_names, streets, cities, trades, legal_forms, number_first: _ } = words(locale);
        for (list, least) in
            [(first_names, 60), (last_names, 60), (streets, 30), (cities, 30), (trades, 30), (legal_forms, 2)]
        {
            assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len(), "{locale}: {list:?}");
            assert!(list.len() >= least, "{locale}: {list:?}");
            let long: Vec<_> = list.iter().filter(|word| word.chars().count() > 18 || word.trim() != **word).collect();
            assert!(long.is_empty(), "{locale}: {long:?}");
        }
    }
    assert_eq!(HANDLES.iter().collect::<BTreeSet<_>>().len(), HANDLES.len());
    assert!(HANDLES.iter().all(|word| word.len() <= 8 && word.bytes().all(|byte| byte.is_ascii_lowercase())));
    assert_eq!(FILLER.iter().collect::<BTreeSet<_>>().len(), FILLER.len());
}

#[test]
fn filler_has_words_of_all_lengths() {
    assert!((1..=7).all(|length| FILLER.iter().any(|word| word.len() == length)));
}
