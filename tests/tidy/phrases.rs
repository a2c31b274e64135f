//! Phrases that readers do not understand at first reading, in sources, tests and texts for users.

use crate::{
    assert_none,
    source::{Source, scripts, with_endings},
};

/// Refused phrases, each with what to write. They are compared in lower case and as whole words, also in
/// identifiers.
const REFUSED: &[(&str, &str)] = &[
    ("nobody answers", "connection refused, or timed out"),
    ("the same, of", "the noun again"),
    ("where it is not given", "if not set"),
    ("where it is given", "if set"),
    ("our marks", "ownership labels"),
    ("is no kind", "unsupported kind"),
    ("is no text", "is not UTF-8, or is not a string"),
    ("is no number", "is not a number"),
    ("is no name", "is not a valid name"),
    ("is no object", "is not an object"),
    ("where there is none", "if there is none"),
    ("stands beside", "is stored with, or runs next to"),
    ("lies beside", "is stored with"),
    ("hangs on", "depends on"),
    ("lives beside", "is stored with"),
    ("whom", "a noun"),
    ("shall", "must, or the present tense"),
    ("may be had", "is available"),
    ("can be had", "is available"),
    ("of its own accord", "by itself"),
    ("taken away", "removed"),
    ("takes away", "removes"),
    ("take away", "remove"),
    ("in force", "active"),
    ("made again", "created again"),
    ("left alone", "kept, or not changed"),
    ("lets go", "releases"),
    ("brought back", "restored, or created again"),
    ("made whole", "repaired"),
    ("given up", "ended, or abandoned"),
    ("again and again", "repeatedly"),
    ("no business", "no right, or no reason"),
    ("none of ours", "not owned by EoD"),
    ("does no harm", "has no effect"),
    ("as it was written", "unchanged, or as set"),
    ("come back", "return, or be created again"),
    ("comes back", "returns, or is created again"),
    ("put back", "set again, or created again"),
    ("puts back", "sets again, or creates again"),
    ("take off", "remove, or drop"),
    ("takes off", "removes, or drops"),
    ("taken off", "removed, or dropped"),
    ("sign of life", "heartbeat"),
    ("has died", "was killed"),
    ("kept apart", "stored separately"),
    ("lost track of", "no longer managed"),
    ("further down", "below"),
    ("stand for", "mean, or are"),
    ("stands for", "means, or is"),
    ("wins", "has precedence"),
    ("whoever", "a person who"),
];

#[test]
fn prose_is_plain() {
    let mut files =
        with_endings(&["rs", "md", "in", "tf", "tftest", "hcl", "yaml", "yml", "toml", "proto", "sh", "go", "txt"]);
    files.extend(scripts());
    // Tidy spells what it looks for, CONTRIBUTING.md lists phrases to avoid, and the license is a text of others.
    files.retain(|file| {
        !file.path.starts_with("tests/tidy/") && !matches!(file.path.as_str(), "CONTRIBUTING.md" | "LICENSE")
    });
    assert_none(&refused(&files));
}

#[test]
fn refused_phrase_is_found() {
    let found = |text: &str| refused(&[Source::example("a.rs", text)]).len();
    assert_eq!(found("fn render_in_force() {}"), 1, "identifiers consist of words, too");
    assert_eq!(found("// Nobody  answers."), 1);
    assert_eq!(found("/// It is there for whom it\n/// lies beside."), 2);
    assert_eq!(found("`shallow` and somewhere"), 0);
}

fn refused(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        let mut words = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let of_line = line.split(|c: char| !c.is_alphanumeric() && !matches!(c, ',' | '-' | '\'' | '{' | '}'));
            words.extend(of_line.filter(|word| !word.is_empty()).map(|word| (word.to_owned(), at + 1)));
        }
        for (phrase, remedy) in REFUSED {
            let parts: Vec<_> = phrase.split(' ').collect();
            let matches =
                words.windows(parts.len()).filter(|window| {
                    let last = parts.len() - 1;
                    window.iter().zip(&parts).enumerate().all(|(at, ((word, _), part))| {
                        word == part || (at == last && word.trim_end_matches(',') == *part)
                    })
                });
            for window in matches {
                complaints.push(format!("{path}:{}: `{phrase}`; write {remedy}", window[0].1));
            }
        }
    }
    complaints
}
