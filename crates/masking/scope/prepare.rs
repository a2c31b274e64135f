//! Preparation of a text for the parser, by its tokens: bounds, data of COPY, meta-commands of psql, templates.
//!
//! Parts that are not SQL become spaces, so that lines stay. So do the targets of `SELECT ... INTO` in PL/pgSQL: they are
//! variables, and the parser does not support them.

use std::ops::Range;

use squawk_lexer::{LiteralKind, Token, TokenKind, tokenize};

use super::into_clause::into_clauses;
use super::{MigrationScope, SqlName, SqlPlace, WideningReason};

/// Maximum size of a file.
const BYTES: usize = 16 << 20;
/// Maximum number of tokens of a statement. Parsing takes quadratic time for a chain of operators.
pub(super) const TOKENS: usize = 20_000;
/// Maximum number of open brackets, `CASE` and `BEGIN`.
const NESTING: usize = 500;
/// Maximum number of texts inside of texts, such as a `DO` inside of a function.
const DEPTH: usize = 8;

/// Text of a file that the parser can read. Everything else is noted as a widening of the scope.
pub(super) fn prepared(file: &str, text: &str, scope: &mut MigrationScope) -> String {
    if text.len() > BYTES {
        scope.widen(file, 1, "", WideningReason::TooLarge { limit: BYTES, unit: "bytes" });
        return String::new();
    }
    let mut reader =
        Preparation { file, text, line: 1, at: 0, blanks: Vec::new(), statement: Statement::default(), scope };
    reader.read();
    let blanks = reader.blanks;
    blanked(text, &blanks)
}

/// The text with spaces instead of the ranges. Line ends stay.
fn blanked(text: &str, blanks: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in blanks {
        for byte in bytes.get_mut(range.clone()).into_iter().flatten() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    // Ranges begin and end between characters.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The statement that is being read.
#[derive(Default)]
struct Statement {
    begin: usize,
    line: u32,
    tokens: usize,
    brackets: usize,
    /// Open `CASE` and `BEGIN`.
    blocks: usize,
    /// First words, in lower case.
    words: Vec<String>,
    /// True if it has the words `FROM STDIN`.
    reads_stdin: bool,
    before: String,
    too_large: Option<WideningReason>,
    /// True as long as all tokens after `VALUES` are literals and punctuation.
    is_plain_insert: bool,
    /// Texts that can be bodies of routines.
    texts: Vec<Range<usize>>,
    /// True if it has the words `LANGUAGE plpgsql`.
    is_plpgsql: bool,
}

struct Preparation<'a, 's> {
    file: &'a str,
    text: &'a str,
    line: u32,
    at: usize,
    blanks: Vec<Range<usize>>,
    statement: Statement,
    scope: &'s mut MigrationScope,
}

impl<'a> Preparation<'a, '_> {
    fn read(&mut self) {
        // The lexer starts again after data and meta-commands.
        while self.at < self.text.len() {
            if !self.tokens() {
                break;
            }
        }
        self.finish(self.text.len());
    }

    /// Reads tokens to the end, or to data or a meta-command. False at the end.
    fn tokens(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut previous = None;
        for token in tokenize(rest) {
            let length = usize::try_from(token.len).unwrap_or_default();
            if token.kind == TokenKind::Eof || length == 0 {
                return false;
            }
            let part = self.text.get(self.at..self.at + length).unwrap_or_default();
            if part.starts_with('\\') {
                self.meta_command();
                return true;
            }
            self.template(token, part, previous);
            previous = Some(token.kind);
            self.token(token, part);
            self.at += length;
            self.line += lines(part);
            if token.kind == TokenKind::Semi && self.statement.brackets == 0 {
                let is_data = self.statement.reads_stdin && self.statement.words.first().is_some_and(|it| it == "copy");
                self.finish(self.at);
                if is_data {
                    self.data();
                    return true;
                }
            }
        }
        false
    }

    fn token(&mut self, token: Token, part: &'a str) {
        let statement = &mut self.statement;
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => return,
            _ if statement.tokens == 0 => {
                (statement.begin, statement.line) = (self.at, self.line);
            }
            _ => {}
        }
        statement.tokens += 1;
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => statement.brackets += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket => {
                statement.brackets = statement.brackets.saturating_sub(1);
            }
            TokenKind::Ident => statement.word(part),
            TokenKind::Literal { .. } | TokenKind::Comma | TokenKind::Minus | TokenKind::Plus | TokenKind::Semi => {}
            _ => statement.other(),
        }
        if let (true, None) = (statement.brackets + statement.blocks > NESTING, &statement.too_large) {
            statement.too_large = Some(WideningReason::TooLarge { limit: NESTING, unit: "levels" });
        }
        if let TokenKind::Literal { kind } = token.kind
            && is_text(kind)
        {
            statement.texts.push(self.at..self.at + part.len());
            statement.is_plpgsql |= statement.before == "language" && part == "'plpgsql'";
            if let Err(reason) = check_inside(part, DEPTH) {
                statement.too_large = Some(reason);
            }
        }
    }

    /// Ends the statement. One that is too large is left out.
    fn finish(&mut self, end: usize) {
        let statement = std::mem::take(&mut self.statement);
        let is_plain = statement.tokens > TOKENS && statement.is_plain_insert && statement.too_large.is_none();
        if is_plain && let Some(name) = inserted(self.text.get(statement.begin..end).unwrap_or_default()) {
            let place = SqlPlace { file: self.file.to_owned(), line: statement.line };
            self.scope.tables.entry(name).or_insert(place);
            self.blanks.push(statement.begin..end);
            return;
        }
        let too_many =
            (statement.tokens > TOKENS).then_some(WideningReason::TooLarge { limit: TOKENS, unit: "tokens" });
        if let Some(reason) = statement.too_large.or(too_many) {
            let text = self.text.get(statement.begin..end).unwrap_or_default();
            let text: String = text.chars().take(200).collect();
            self.scope.widen(self.file, statement.line, &text, reason);
            self.blanks.push(statement.begin..end);
            return;
        }
        // A block without a language is PL/pgSQL.
        if statement.is_plpgsql || statement.words.first().is_some_and(|word| word == "do") {
            for range in statement.texts {
                let text = self.text.get(range.clone()).unwrap_or_default();
                let (begin, inside) = content(text);
                let moved = |found: Range<usize>| range.start + begin + found.start..range.start + begin + found.end;
                self.blanks.extend(into_clauses(inside).into_iter().map(moved));
            }
        }
    }

    /// Leaves out the line of a meta-command. `\restrict` and `\unrestrict` of dumps change nothing.
    fn meta_command(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let command = rest.lines().next().unwrap_or_default();
        let word = command.split_whitespace().next().unwrap_or_default();
        if !matches!(word, "\\restrict" | "\\unrestrict") {
            let reason = WideningReason::MetaCommand(word.to_owned());
            self.scope.widen(self.file, self.line, command, reason);
        }
        self.skip(command.len());
    }

    /// Leaves out the data of COPY: the lines after its statement up to `\.`.
    fn data(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            length += line.len();
            if line.trim_end() == "\\." {
                self.skip(length);
                return;
            }
        }
        // Without an end, the rest can be data or SQL.
        self.scope.widen(self.file, self.line, "", WideningReason::CopyData);
    }

    fn skip(&mut self, length: usize) {
        let range = self.at..self.at + length;
        self.line += lines(self.text.get(range.clone()).unwrap_or_default());
        self.blanks.push(range.clone());
        self.at = range.end;
    }

    /// Notes parts of templates: `{{`, `{%` and `${` outside of texts, and `${` and `{{ name }}` in texts.
    fn template(&mut self, token: Token, part: &str, previous: Option<TokenKind>) {
        let marker = match (previous, token.kind) {
            (Some(TokenKind::OpenCurly), TokenKind::OpenCurly) => Some("{{"),
            (Some(TokenKind::OpenCurly), TokenKind::Percent) => Some("{%"),
            (Some(TokenKind::PositionalParam { .. } | TokenKind::Unknown), TokenKind::OpenCurly) => Some("${"),
            (Some(TokenKind::Lt), TokenKind::Percent) => Some("<%"),
            (_, TokenKind::Literal { .. } | TokenKind::QuotedIdent { .. }) => marker_in(part),
            _ => None,
        };
        if let Some(marker) = marker {
            let line = self.text.lines().nth(usize::try_from(self.line).unwrap_or(1).saturating_sub(1));
            let reason = WideningReason::Template(marker.to_owned());
            self.scope.widen(self.file, self.line, line.unwrap_or_default(), reason);
        }
    }
}

impl Statement {
    fn word(&mut self, part: &str) {
        let word = part.to_lowercase();
        match word.as_str() {
            // `BEGIN` alone is a statement; its `END` is another one.
            "case" => self.blocks += 1,
            "end" => self.blocks = self.blocks.saturating_sub(1),
            "stdin" if self.before == "from" => self.reads_stdin = true,
            "plpgsql" if self.before == "language" => self.is_plpgsql = true,
            _ => {}
        }
        let is_insert = self.words.first().is_some_and(|word| word == "insert");
        if is_insert && word == "values" {
            self.is_plain_insert = true;
        } else if !matches!(word.as_str(), "null" | "true" | "false" | "default") {
            self.other();
        }
        if self.words.len() < 8 {
            self.words.push(word.clone());
        }
        self.before = word;
    }

    /// Notes a token that is not a part of a list of literals.
    fn other(&mut self) {
        self.is_plain_insert = false;
    }
}

/// Table of a statement that begins with `INSERT INTO`.
fn inserted(statement: &str) -> Option<SqlName> {
    let mut at = 0;
    let mut tokens = tokenize(statement).filter_map(|token| {
        let part = statement.get(at..)?.get(..usize::try_from(token.len).ok()?)?;
        at += part.len();
        let is_trivia =
            matches!(token.kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. });
        (!is_trivia).then_some((token.kind, part))
    });
    let mut is_word = |word: &str| tokens.next().is_some_and(|(_, part)| part.eq_ignore_ascii_case(word));
    if !is_word("insert") || !is_word("into") {
        return None;
    }
    let mut parts = Vec::new();
    loop {
        let (kind, part) = tokens.next()?;
        parts.push(match kind {
            TokenKind::Ident => part.to_lowercase(),
            TokenKind::QuotedIdent { uescape: false, .. } => part.trim_matches('"').replace("\"\"", "\""),
            _ => return None,
        });
        if tokens.next()?.0 != TokenKind::Dot {
            return SqlName::from_parts(parts);
        }
    }
}

fn is_text(kind: LiteralKind) -> bool {
    matches!(
        kind,
        LiteralKind::Str { .. }
            | LiteralKind::DollarQuotedString { .. }
            | LiteralKind::EscStr { .. }
            | LiteralKind::NationalStr { .. }
            | LiteralKind::UnicodeEscStr { .. }
    )
}

/// Checks the bounds of a text that can be the body of a routine.
fn check_inside(literal: &str, depth: usize) -> Result<(), WideningReason> {
    let (_, inside) = content(literal);
    if inside.len() < NESTING {
        return Ok(());
    }
    if depth == 0 {
        return Err(WideningReason::TooLarge { limit: DEPTH, unit: "texts inside of texts" });
    }
    let (mut at, mut tokens, mut nesting) = (0, 0, 0_usize);
    for token in tokenize(inside) {
        let length = usize::try_from(token.len).unwrap_or_default();
        let part = inside.get(at..at + length).unwrap_or_default();
        at += length;
        match token.kind {
            TokenKind::Eof => break,
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => continue,
            TokenKind::Semi => tokens = 0,
            TokenKind::OpenParen | TokenKind::OpenBracket => nesting += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket => nesting = nesting.saturating_sub(1),
            TokenKind::Ident => match part.to_ascii_lowercase().as_str() {
                "case" | "begin" | "if" | "loop" => nesting += 1,
                "end" => nesting = nesting.saturating_sub(1),
                _ => {}
            },
            TokenKind::Literal { kind } if is_text(kind) => check_inside(part, depth - 1)?,
            _ => {}
        }
        tokens += 1;
        if tokens > TOKENS {
            return Err(WideningReason::TooLarge { limit: TOKENS, unit: "tokens" });
        }
        if nesting > NESTING {
            return Err(WideningReason::TooLarge { limit: NESTING, unit: "levels" });
        }
    }
    Ok(())
}

/// Content of a literal without its quotes, after its position in the literal.
fn content(literal: &str) -> (usize, &str) {
    let begin = match literal.strip_prefix('$') {
        Some(tag) => tag.find('$').map_or(0, |end| end + 2),
        None => literal.find('\'').map_or(0, |quote| quote + 1),
    };
    (begin, literal.get(begin..literal.len().saturating_sub(begin.max(1))).unwrap_or_default())
}

/// Marker of a template inside of a text.
fn marker_in(part: &str) -> Option<&'static str> {
    if part.contains("${") && !part.starts_with("${") {
        return Some("${");
    }
    // Arrays of arrays are written as `{{1,2},{3,4}}`.
    let names = part.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name.trim());
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '.' | '#' | '/'))
            && !name.contains(['{', '}', ',', '"', '\''])
    };
    names.into_iter().any(is_name).then_some("{{")
}

fn lines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}
