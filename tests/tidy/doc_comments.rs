//! Comments that describe a file or an item and begin with a question word, or with a pronoun for the item.

use crate::{
    assert_none,
    source::{Source, scripts, with_endings},
};

/// First words that such a comment must not have: it begins with the item's noun, or with a verb.
const REFUSED: &[&str] =
    &["What", "Why", "Whether", "Who", "Whose", "Which", "Where", "How", "It", "Its", "Does it", "The same"];

#[test]
fn doc_comment_begins_with_noun_or_verb() {
    // Tidy spells what it looks for.
    let mut files = with_endings(&["rs", "go", "proto", "sh", "yaml", "yml", "tf", "hcl", "toml"]);
    files.extend(scripts());
    assert_none(&refused(&files));
}

#[test]
fn doc_comment_with_question_word_is_found() {
    let bad = "//! What this is.\n\n/// Whether it runs.\npub fn f() {}\n    /// The same, of all.\n    /// How.\n";
    assert_eq!(refused(&[Source::example("a.rs", bad)]).len(), 3);
    let good = "//! Whatever.\n/// True if it runs.\n/// Which of them runs is not known.\n/// The sameness.\n// What follows.";
    assert_eq!(refused(&[Source::example("a.rs", good)]), [""; 0]);
    let count = |path: &str, text: &str| refused(&[Source::example(path, text)]).len();
    assert_eq!(
        count("a.go", "// What it runs.\npackage main\n\n// Whether it runs.\nfunc f() {\n\t// It runs.\n}\n"),
        2
    );
    assert_eq!(count("a.proto", "message M {\n  // Which one.\n  string s = 1;\n}\n"), 1);
    for path in ["a.sh", "Makefile", "a.toml", "a.yaml"] {
        let text = "#!/bin/sh\n# What it runs.\nset -eu\n  # It runs.\n";
        assert_eq!(count(path, text), 1, "{path}");
    }
    assert_eq!(count("a.sh", "# Runs it.\n# What follows is a second line.\n"), 0);
}

fn refused(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        let mut before = None;
        for (at, line) in text.lines().enumerate() {
            let comment = comment(path, line);
            // The first line of a comment, or of a paragraph list that begins a new comment.
            if let (None, Some(comment)) = (before, comment) {
                let begins = |words: &&&str| {
                    let rest = comment.strip_prefix(**words);
                    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
                };
                if let Some(words) = REFUSED.iter().find(begins) {
                    complaints.push(format!(
                        "{path}:{}: a comment begins with `{words}`; begin with the noun or a verb: {comment}",
                        at + 1
                    ));
                }
            }
            before = comment.map(|_| ());
        }
    }
    complaints
}

/// Text of a line that belongs to a comment of a file or an item. Indented comments in Go and in scripts are about single
/// steps.
fn comment<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let (line, markers): (&str, &[&str]) = match path.rsplit_once('.') {
        Some((_, "rs")) => (line.trim_start(), &["///", "//!"]),
        Some((_, "go")) => (line, &["//"]),
        Some((_, "proto")) => (line.trim_start(), &["//"]),
        _ => (line, &["#"]),
    };
    let text = markers.iter().find_map(|marker| line.strip_prefix(marker))?;
    // `#!/bin/sh` is the line before a comment, and `//go:build` is a directive.
    if text.is_empty() { Some(text) } else { text.strip_prefix(' ') }
}
