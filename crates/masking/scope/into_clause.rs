//! Targets of statements in PL/pgSQL: `SELECT a, b INTO STRICT x, y.z FROM t`, `INSERT ... RETURNING id INTO x`.
//!
//! The targets are variables, so they concern no table. The parser supports them for `EXECUTE` and `FETCH` only.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// Words before statements.
const BEFORE_STATEMENT: [&str; 4] = ["begin", "then", "else", "loop"];
/// First words of statements with an `INTO` that the parser supports, or that is not a target.
const OTHER_INTO: [&str; 3] = ["execute", "fetch", "import"];
/// Words before an `INTO` that names a table.
const BEFORE_TABLE: [&str; 2] = ["insert", "merge"];

/// Maximum depth of blocks inside of texts of blocks.
const DEPTH: usize = 8;

/// A token that is not white space.
struct ClausePart<'a> {
    kind: TokenKind,
    text: &'a str,
    begin: usize,
}

impl ClausePart<'_> {
    fn is_word(&self, words: &[&str]) -> bool {
        self.kind == TokenKind::Ident && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    fn end(&self) -> usize {
        self.begin + self.text.len()
    }
}

/// Positions of the clauses `INTO ...` with targets in the body of a block or routine in PL/pgSQL.
pub(super) fn into_clauses(body: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    collect(body, 0, DEPTH, &mut found);
    found
}

fn collect(body: &str, offset: usize, depth: usize, found: &mut Vec<Range<usize>>) {
    let parts = parts(body);
    let (mut brackets, mut first, mut before): (usize, Option<&ClausePart<'_>>, Option<&ClausePart<'_>>) =
        (0, None, None);
    for (at, part) in parts.iter().enumerate() {
        // Targets of the clause before.
        if found.last().is_some_and(|clause| offset + part.begin < clause.end) {
            continue;
        }
        match part.kind {
            TokenKind::OpenParen => brackets += 1,
            TokenKind::CloseParen => brackets = brackets.saturating_sub(1),
            TokenKind::Semi if brackets == 0 => first = None,
            TokenKind::Literal { kind } if depth > 0 && first.is_some_and(|first| first.is_word(&["do"])) => {
                if let Some((begin, inside)) = block(kind, part.text) {
                    collect(inside, offset + part.begin + begin, depth - 1, found);
                }
            }
            TokenKind::Ident if part.is_word(&BEFORE_STATEMENT) => first = None,
            TokenKind::Ident => {
                let is_into = brackets == 0
                    && part.is_word(&["into"])
                    && !before.is_some_and(|before| before.is_word(&BEFORE_TABLE))
                    && !first.is_some_and(|first| first.is_word(&OTHER_INTO));
                if is_into {
                    let end = targets_end(parts.get(at + 1..).unwrap_or_default()).unwrap_or(part.end());
                    found.push(offset + part.begin..offset + end);
                }
                first = first.or(Some(part));
            }
            _ => {}
        }
        before = Some(part);
    }
}

/// Text of a block inside of a block.
fn block(kind: LiteralKind, literal: &str) -> Option<(usize, &str)> {
    matches!(kind, LiteralKind::DollarQuotedString { .. }).then_some(())?;
    let begin = literal.get(1..)?.find('$')? + 2;
    Some((begin, literal.get(begin..literal.len().checked_sub(begin)?)?))
}

/// End of a list of targets: `STRICT`, then names with fields and indexes, and commas between them.
fn targets_end(parts: &[ClausePart<'_>]) -> Option<usize> {
    let strict = usize::from(parts.first().is_some_and(|part| part.is_word(&["strict"])));
    let (mut end, mut brackets, mut needs_name) = (None, 0_usize, true);
    for part in parts.get(strict..)? {
        match part.kind {
            TokenKind::OpenBracket => brackets += 1,
            TokenKind::CloseBracket => brackets = brackets.saturating_sub(1),
            _ if brackets > 0 => {}
            TokenKind::Dot | TokenKind::Comma => needs_name = true,
            TokenKind::Ident | TokenKind::QuotedIdent { .. } | TokenKind::PositionalParam { .. } if needs_name => {
                needs_name = false;
            }
            _ => break,
        }
        end = Some(part.end());
    }
    end
}

fn parts(text: &str) -> Vec<ClausePart<'_>> {
    let (mut found, mut at) = (Vec::new(), 0);
    for token in tokenize(text) {
        let length = usize::try_from(token.len).unwrap_or_default();
        if token.kind == TokenKind::Eof || length == 0 {
            break;
        }
        let is_trivia =
            matches!(token.kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. });
        if !is_trivia && let Some(part) = text.get(at..at + length) {
            found.push(ClausePart { kind: token.kind, text: part, begin: at });
        }
        at += length;
    }
    found
}

#[cfg(test)]
mod tests;
