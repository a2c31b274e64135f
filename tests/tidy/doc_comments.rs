//! Doc comments that begin with a question word, or with a pronoun for the item.

use crate::{
    assert_none,
    source::{Source, with_endings},
};

/// First words that a doc comment must not have: it begins with the item's noun, or with a verb.
const REFUSED: &[&str] =
    &["What", "Why", "Whether", "Who", "Whose", "Which", "Where", "How", "It", "Its", "Does it", "The same"];

#[test]
fn doc_comment_begins_with_noun_or_verb() {
    assert_none(&refused(&with_endings(&["rs"])));
}

#[test]
fn doc_comment_with_question_word_is_found() {
    let bad = "//! What this is.\n\n/// Whether it runs.\npub fn f() {}\n    /// The same, of all.\n    /// How.\n";
    assert_eq!(refused(&[Source::example("a.rs", bad)]).len(), 3);
    let good = "//! Whatever.\n/// True if it runs.\n/// Which of them runs is not known.\n/// The sameness.\n// What follows.";
    assert_eq!(refused(&[Source::example("a.rs", good)]), [""; 0]);
}

fn refused(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        let mut before = None;
        for (at, line) in text.lines().enumerate() {
            let comment = ["/// ", "//! "].into_iter().find_map(|marker| line.trim_start().strip_prefix(marker));
            // The first line of a comment, or of a paragraph list that begins a new comment.
            if let (None, Some(comment)) = (before, comment) {
                let begins = |words: &&&str| {
                    let rest = comment.strip_prefix(**words);
                    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
                };
                if let Some(words) = REFUSED.iter().find(begins) {
                    complaints.push(format!(
                        "{path}:{}: a doc comment begins with `{words}`; begin with the noun or a verb: {comment}",
                        at + 1
                    ));
                }
            }
            let is_comment = ["///", "//!"].iter().any(|marker| line.trim_start().starts_with(marker));
            before = is_comment.then_some(());
        }
    }
    complaints
}
