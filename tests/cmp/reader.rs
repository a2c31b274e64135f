//! The reader of manifests compared with the readers of kubectl, Argo CD, Helm (`sigs.k8s.io/yaml`) and kustomize
//! (`go.yaml.in/yaml/v3`), on generated files in the shapes of real ones.
//!
//! An accepted file has the same value in all readers. A refused file is refused by them, too, or has one of the
//! faults of the guide: the readers differ, or the value is a mistake.

use std::process::Command;

use eod_render::{Content, FaultKind, YamlLimits, read};
use eod_testkit::{argocd::Tool, command::run};
use serde_json::Value;

use super::kustomize::Random;

/// Number of generated files.
const FILES: u64 = 12_000;
/// Minimum share of the files that is read, in percent. Others have deliberate mistakes.
const LEAST_READ: usize = 50;

const KEYS: [&str; 16] = [
    "name",
    "image",
    "args",
    "env",
    "value",
    "app.kubernetes.io/name",
    "data",
    "\"quoted\"",
    "'single'",
    "8080",
    "true",
    "ports",
    "conf.json",
    "a-b_c",
    "nginx.ingress.kubernetes.io/rewrite-target",
    "x",
];
const PLAIN: [&str; 56] = [
    "web",
    "registry.acme.internal/shop:1",
    "8080",
    "0644",
    "1.5",
    "true",
    "false",
    "null",
    "~",
    "100m",
    "1Gi",
    "a b c",
    "http://x.example:80/path?a=b&c=d",
    "{{ x }}",
    "yes",
    "no",
    "1e3",
    "0x1F",
    "2026-11-21",
    "12:30:45",
    "-1",
    "+1",
    ".5",
    "5.",
    "a#b",
    "a: b",
    "- x",
    "@x",
    "`x`",
    "%x",
    "*x",
    "&x y",
    "!x y",
    "!!str 1",
    "!!int 1",
    "?x",
    ":x",
    "x:",
    "a\tb",
    "[a",
    "a]",
    "1_000",
    "0o17",
    "0b1",
    ".inf",
    "y",
    "On",
    "1.10",
    "00",
    "09",
    "-",
    "--",
    "---x",
    "...",
    "é",
    "a  b",
];
const DOUBLE: [&str; 14] =
    ["", "a", "a b", "\\n", "\\t\\\"\\\\", "\\u00e9", "\\x41", "\\/", "\\ud83d\\ude00", "\\q", "1", "yes", "#", "\\_"];
/// Values and lines without a mistake and without a difference between readers.
const PLAIN_VALID: [&str; 18] = [
    "web",
    "registry.acme.internal/shop:1",
    "8080",
    "1.5",
    "true",
    "false",
    "null",
    "100m",
    "1Gi",
    "a b c",
    "http://x.example:80/path?a=b&c=d",
    "-1",
    "a#b",
    "--",
    "1.10",
    "v1",
    "é",
    "a  b",
];
const DOUBLE_VALID: [&str; 9] = ["", "a", "a b", "\\n", "\\t\\\"\\\\", "\\u00e9", "1", "yes", "#"];
const LINES_VALID: [&str; 6] = ["line", "# text", "key: value", "- item", "'quote", "end"];
const LINES: [&str; 9] = ["line", "  indented", "# text", "key: value", "- item", "", "'quote", "\ttab", "end  "];

/// Writer of one file.
struct Writer {
    random: Random,
    text: String,
    anchors: usize,
    /// True for a file without deliberate mistakes.
    is_valid: bool,
}

impl Writer {
    fn file(seed: u64) -> String {
        let mut writer = Self { random: Random::new(seed), text: String::new(), anchors: 0, is_valid: seed % 5 < 3 };
        if writer.random.chance(8) {
            writer.flow(0, true);
            return writer.text;
        }
        for document in 0..=writer.random.below(3) {
            if document > 0 || writer.random.chance(30) {
                let text = writer.either(&["---\n", "--- # x\n"], &["---\n", "---\n", "--- # x\n", "---\t\n"]);
                writer.text.push_str(text);
            }
            writer.anchors = 0;
            writer.block_map(0, 0);
        }
        if !writer.is_valid && writer.random.chance(5) {
            writer.text = writer.text.replace('\n', "\r\n");
        }
        writer.text
    }

    /// One of the texts for files without mistakes, or one of the texts for others.
    fn either(&mut self, valid: &[&'static str], others: &[&'static str]) -> &'static str {
        self.random.one(if self.is_valid { valid } else { others })
    }

    fn indent(&mut self, by: usize) {
        self.text.push_str(&" ".repeat(by));
    }

    fn block_map(&mut self, indent: usize, depth: usize) {
        for number in 0..=self.random.below(4) {
            self.indent(indent);
            self.map_entry(indent, depth, number);
        }
    }

    /// One entry of a map; its line begins already.
    fn map_entry(&mut self, indent: usize, depth: usize, number: usize) {
        if self.anchors > 0 && self.random.chance(6) {
            let anchor = self.random.below(self.anchors);
            let key = self.random.one(&["<<", "!!merge <<"]);
            return self.text.push_str(&format!("{key}: *a{anchor}\n"));
        }
        let key = self.random.one(&KEYS);
        // Most keys are unique, because duplicates are refused.
        let key = if self.is_valid {
            format!("{}{number}", key.trim_matches(['"', '\'']))
        } else if self.random.chance(97) && !key.ends_with(['"', '\'']) {
            format!("{key}{number}")
        } else {
            key.to_owned()
        };
        self.text.push_str(&key);
        let text = self.either(&[":"], &[":", ":", ":", ":", ": ", " :"]);
        self.text.push_str(text);
        self.value(indent, depth);
    }

    /// Value after the colon of a key or a dash at an indentation, with the end of its line.
    fn value(&mut self, indent: usize, depth: usize) {
        match self.random.below(if depth < 4 { 13 } else { 8 }) {
            0..=3 => self.scalar(indent),
            4 => {
                self.text.push(' ');
                self.flow(indent, false);
                self.text.push('\n');
            }
            5 => self.block_scalar(indent),
            6 => self.quoted_lines(indent),
            7 => self.text.push('\n'),
            8 | 9 => {
                if !self.is_valid && self.random.chance(12) {
                    self.text.push_str(&format!(" &a{}", self.anchors));
                    self.anchors += 1;
                }
                self.text.push('\n');
                let step = self.random.one(&[2, 2, 2, 4, 1]);
                self.block_map(indent + step, depth + 1);
            }
            _ => {
                self.text.push('\n');
                let step = self.random.one(&[0, 2, 2]);
                for _ in 0..=self.random.below(3) {
                    self.indent(indent + step);
                    self.text.push('-');
                    if self.random.chance(60) {
                        self.text.push(' ');
                        self.map_entry(indent + step + 2, depth + 1, 0);
                        for number in 1..=self.random.below(3) {
                            self.indent(indent + step + 2);
                            self.map_entry(indent + step + 2, depth + 1, number);
                        }
                    } else {
                        self.scalar(indent + step);
                    }
                }
            }
        }
    }

    fn scalar(&mut self, indent: usize) {
        let text = self.either(&[" ", "  "], &[" ", " ", " ", " ", " ", "\t", "  "]);
        self.text.push_str(text);
        if !self.is_valid && self.random.chance(10) {
            self.text.push_str(self.random.one(&["!!str ", "!!int ", "!!bool ", "!!null ", "!!float ", "!own "]));
        }
        match self.random.below(8) {
            0..=3 => {
                let plain = self.either(&PLAIN_VALID, &PLAIN);
                self.text.push_str(plain);
                if self.random.chance(6) {
                    self.text.push('\n');
                    self.indent(indent + 2);
                    self.text.push_str("next line");
                }
            }
            4 | 5 => {
                let text = self.either(&DOUBLE_VALID, &DOUBLE);
                self.text.push_str(&format!("\"{text}\""));
            }
            6 => self.text.push_str(self.random.one(&["''", "'a'", "'it''s'", "'yes'", "'{{ x }}'", "'#'"])),
            _ if self.anchors > 0 => {
                let anchor = self.random.below(self.anchors);
                self.text.push_str(&format!("*a{anchor}"));
            }
            _ => self.text.push_str("plain"),
        }
        let text = self.either(&["", "", " # comment", " "], &["", "", "", "", " # comment", "\t# comment", " ", "\t"]);
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn block_scalar(&mut self, indent: usize) {
        let style = self
            .either(&[" |", " >", " |-", " >-", " |+", " >+"], &[" |", " |", " >", " |-", " >-", " |+", " |2", " >+"]);
        self.text.push_str(style);
        self.text.push_str(self.random.one(&["", "", "", " # comment", " "]));
        self.text.push('\n');
        for _ in 0..=self.random.below(4) {
            let line = self.either(&LINES_VALID, &LINES);
            if line.is_empty() && self.random.chance(50) {
                self.text.push('\n');
            } else {
                self.indent(indent + 2);
                self.text.push_str(line);
                self.text.push('\n');
            }
        }
    }

    fn quoted_lines(&mut self, indent: usize) {
        let quote = self.random.one(&["'", "\""]);
        self.text.push_str(&format!(" {quote}{{"));
        for _ in 0..=self.random.below(3) {
            self.text.push('\n');
            let by = self.random.one(&[indent + 2, indent + 2, indent, indent + 4]);
            self.indent(if self.is_valid { indent + 2 } else { by });
            let line = self.either(&["line", "key: value,", ""], &["line", "key: value,", "", "# text", "a\\", "\tb"]);
            self.text.push_str(line);
        }
        self.text.push('\n');
        let by = self.random.one(&[indent, indent + 2]);
        self.indent(if self.is_valid { indent + 2 } else { by });
        self.text.push_str(&format!("}}{quote}\n"));
    }

    fn flow(&mut self, indent: usize, json: bool) {
        let is_map = self.random.chance(50);
        let several_lines = self.random.chance(30);
        let (open, close) = if is_map { ('{', '}') } else { ('[', ']') };
        self.text.push(open);
        for number in 0..self.random.below(4) {
            if number > 0 {
                self.text.push(',');
            }
            if several_lines {
                self.text.push('\n');
                let by = self.random.one(&[indent + 2, indent + 2, indent + 4, indent]);
                self.indent(if self.is_valid { indent + 2 } else { by });
            } else if number > 0 {
                self.text.push_str(self.random.one(&[" ", " ", ""]));
            }
            if is_map {
                let quote = if json || self.random.chance(40) { "\"" } else { "" };
                self.text.push_str(&format!("{quote}k{number}{quote}"));
                let text = self.either(&[": "], &[": ", ": ", ": ", ":", " : "]);
                self.text.push_str(text);
            }
            match self.random.below(8) {
                0 if indent < 8 => self.flow(indent + 2, json),
                1..=3 if !json => {
                    let plain = self.either(&PLAIN_VALID, &PLAIN);
                    // Readers differ in where a colon or question mark in a flow collection is a mistake.
                    self.text.push_str(&plain.replace([':', '?'], ""));
                }
                4 => self.text.push_str(self.random.one(&["1", "true", "null", "1.5", "-3"])),
                _ => {
                    let text = self.either(&DOUBLE_VALID, &DOUBLE);
                    self.text.push_str(&format!("\"{text}\""));
                }
            }
        }
        if several_lines {
            self.text.push('\n');
            let by = self.random.one(&[indent, indent + 2]);
            self.indent(if self.is_valid { indent + 2 } else { by });
        }
        self.text.push(close);
    }
}

/// Documents of a file, or the faults.
fn ours(text: &str) -> Result<Vec<Value>, Vec<FaultKind>> {
    let documents = read(text.as_bytes(), &YamlLimits::default())
        .map_err(|faults| faults.into_iter().map(|fault| fault.kind).collect::<Vec<_>>())?;
    let documents = documents.into_iter().filter(|document| document.root.content != Content::Null);
    Ok(documents.map(|document| document.root.into_json()).collect())
}

/// True for faults that the guide lists: other readers may accept the file.
fn is_listed(fault: &FaultKind) -> bool {
    !matches!(fault, FaultKind::Syntax(_) | FaultKind::NotText)
}

/// True if two values are equal; numbers are compared as the readers in Go keep them.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.to_string().parse::<f64>().unwrap(), b.to_string().parse::<f64>().unwrap());
            a.to_bits() == b.to_bits() || (a - b).abs() < f64::EPSILON * a.abs()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn equal_to(ours: &[Value], theirs: &Value) -> bool {
    theirs.as_array().is_some_and(|theirs| {
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| equal(ours, theirs))
    })
}

#[test]
fn files_are_read_as_by_kubernetes_and_kustomize() {
    let files: Vec<String> = (0..FILES).map(Writer::file).collect();
    let input: String = files.iter().map(|text| format!("{}\n", Value::from(text.as_str()))).collect();
    let output = run(&mut Command::new(Tool::Yaml.path()), &input).expect_ok();
    let (mut wrong, mut accepted, mut lines) = (Vec::new(), 0, output.lines());
    for text in &files {
        let theirs: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let (kubernetes, kustomize) = (&theirs["kubernetes"], &theirs["kustomize"]);
        let ours = ours(text);
        let is_right = match &ours {
            Ok(ours) => {
                accepted += 1;
                equal_to(ours, kubernetes) && equal_to(ours, kustomize)
            }
            Err(faults) => kubernetes.is_null() || kustomize.is_null() || faults.iter().all(is_listed),
        };
        if !is_right {
            wrong.push(format!("{text}\nours: {ours:?}\ntheirs: {theirs}\n{text:?}"));
        }
    }
    let read = accepted * 100 / files.len();
    wrong.sort_by_key(String::len);
    let step = wrong.len().div_ceil(12).max(1);
    let shown = wrong.iter().step_by(step).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} of {} files are read differently:\n{shown}", wrong.len(), files.len());
    assert!(read >= LEAST_READ, "{read} % of the files are read");
}
