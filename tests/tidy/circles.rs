//! Files of one crate that depend on each other in a circle.
//!
//! A file depends on another if it names an item of it, by `use` or by a path. A name that a file only re-exports
//! (`pub use`) belongs to the file that defines it, so a parent module can list the items of its submodules. Except in the
//! crates of [`STRICT`], a submodule is a part of its parent and may use the parent's items; these uses do not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    assert_none,
    module_tree::{Module, modules},
    rust::{Token, tokens},
    source::{Library, Source, libraries},
};

/// Crates without circles of a parent and its submodules.
const STRICT: &[&str] = &["eod-clients", "eod-domain"];

/// Uses that make a circle.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Counted {
    /// All uses.
    All,
    /// All uses except those of a parent's items.
    WithoutParents,
}

#[test]
fn files_do_not_depend_on_each_other_in_circles() {
    let of_library = |library: Library| {
        let counted = if STRICT.contains(&library.name.as_str()) { Counted::All } else { Counted::WithoutParents };
        circles(&modules(&library.lib), counted)
    };
    assert_none(&libraries().into_iter().flat_map(of_library).collect::<Vec<_>>());
}

#[test]
fn circle_of_files_is_found() {
    let tree = |a: &str, b: &str, c: &str| {
        let module = |names: &[&str], path: &str, text: &str| Module {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            source: Source::example(path, text),
        };
        [
            module(&[], "lib.rs", "mod a; mod b; pub use a::A;"),
            module(&["a"], "a.rs", a),
            module(&["b"], "b.rs", b),
            module(&["b", "c"], "b/c.rs", c),
        ]
    };
    let circles = |modules: &[Module]| circles(modules, Counted::WithoutParents);
    // By `use`, through a re-export, and by paths in the code.
    assert_eq!(circles(&tree("use crate::b::B; pub struct A;", "mod c; use crate::a; pub struct B;", "")).len(), 1);
    assert_eq!(
        circles(&tree("use super::b::C; pub struct A;", "mod c; pub use c::C;", "use crate::{A}; pub struct C;")).len(),
        1
    );
    assert_eq!(
        circles(&tree("pub struct A; fn f() { crate::b::g() }", "mod c; fn g() { super::a::f() }", "")).len(),
        1
    );
    // A parent and its submodule are one part.
    assert_eq!(circles(&tree("", "mod c; pub use c::C; pub struct B(C);", "use super::B; pub struct C(B);")), [""; 0]);
    // A parent that only re-exports its child does not depend on it.
    assert_eq!(
        circles(&tree(
            "use crate::b::C; pub struct A;",
            "mod c; pub use c::C; pub struct B;",
            "use super::B; pub struct C;"
        )),
        [""; 0]
    );
    let strict = |b: &str, c: &str| self::circles(&tree("", b, c), Counted::All).len();
    assert_eq!(strict("mod c; use c::C; pub struct B(C);", "use super::B; pub struct C(B);"), 1);
    assert_eq!(strict("mod c; pub use c::C; pub struct B;", "use super::B; pub struct C(B);"), 0, "re-exported only");
}

/// Names that a file uses and offers.
#[derive(Default)]
struct Names<'a> {
    imports: Vec<Import<'a>>,
    /// Paths in the code, and its other identifiers as paths of one name.
    used: BTreeSet<Vec<&'a str>>,
    defined: BTreeSet<&'a str>,
}

/// One name of a `use` declaration; the name is `*` for all names of a module.
struct Import<'a> {
    path: Vec<&'a str>,
    name: &'a str,
    exported: bool,
}

/// One complaint per set of files that depend on each other.
fn circles(modules: &[Module], counted: Counted) -> Vec<String> {
    let files: Vec<_> = modules.iter().map(|module| names(&tokens(&module.source.text))).collect();
    let crate_ = Crate {
        by_names: modules.iter().enumerate().map(|(at, module)| (names_of(module), at)).collect(),
        modules,
        files: &files,
    };
    let edges: Vec<BTreeSet<usize>> = (0..modules.len()).map(|from| crate_.dependencies(from, counted)).collect();
    let reachable: Vec<BTreeSet<usize>> = (0..modules.len()).map(|from| reach(&edges, from)).collect();
    let mut complaints = BTreeSet::new();
    for (at, from) in reachable.iter().enumerate() {
        let circle: Vec<_> = from.iter().filter(|&&to| reachable[to].contains(&at)).collect();
        if circle.len() > 1 {
            let paths: Vec<_> = circle.iter().map(|&&to| modules[to].source.path.as_str()).collect();
            complaints.insert(format!("files that depend on each other: {}", paths.join(", ")));
        }
    }
    complaints.into_iter().collect()
}

fn names_of(module: &Module) -> Vec<&str> {
    module.names.iter().map(String::as_str).collect()
}

/// Files that can be reached by at least one step.
fn reach(edges: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        next.extend(edges[at].iter().filter(|&&to| found.insert(to)));
    }
    found
}

struct Crate<'a> {
    by_names: BTreeMap<Vec<&'a str>, usize>,
    modules: &'a [Module],
    files: &'a [Names<'a>],
}

impl Crate<'_> {
    fn dependencies(&self, from: usize, counted: Counted) -> BTreeSet<usize> {
        let file = &self.files[from];
        let mut found = BTreeSet::new();
        for import in &file.imports {
            let only_exported = import.exported && !file.used.iter().any(|path| path[0] == import.name);
            if !only_exported {
                found.extend(self.resolve(from, &import.path, 0));
            }
        }
        let paths = file.used.iter().filter(|path| path.len() > 1);
        found.extend(paths.filter_map(|path| self.resolve(from, path, 0)));
        let here = &self.modules[from].names;
        found.retain(|&to| to != from);
        if counted == Counted::WithoutParents {
            found.retain(|&to| !here.starts_with(&self.modules[to].names));
        }
        found
    }

    /// The file that defines the item at a path, seen from a file; none for other crates.
    fn resolve(&self, from: usize, path: &[&str], depth: usize) -> Option<usize> {
        let here = &self.modules[from].names;
        let mut at: Vec<&str> = here.iter().map(String::as_str).collect();
        let mut rest = path;
        match *rest.first()? {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                at.push(first);
                self.by_names.get(&at)?;
                rest = &rest[1..];
            }
        }
        while let Some((&"super", after)) = rest.split_first() {
            at.pop();
            rest = after;
        }
        while let Some((&name, after)) = rest.split_first() {
            at.push(name);
            if !self.by_names.contains_key(&at) {
                at.pop();
                break;
            }
            rest = after;
        }
        let module = *self.by_names.get(&at)?;
        let Some(&item) = rest.first().filter(|&&item| item != "*") else { return Some(module) };
        Some(self.definition(module, item, depth).unwrap_or(module))
    }

    /// The file that defines a name which a module offers, possibly by importing it.
    fn definition(&self, module: usize, item: &str, depth: usize) -> Option<usize> {
        let file = &self.files[module];
        if depth > 8 || file.defined.contains(item) {
            return Some(module);
        }
        for import in &file.imports {
            if import.name == item {
                return self.resolve(module, &import.path, depth + 1);
            }
            if import.name == "*"
                && let Some(target) = self.resolve(module, &import.path, depth + 1)
                && self.files[target].defined.contains(item)
            {
                return Some(target);
            }
        }
        None
    }
}

fn names<'a>(tokens: &[Token<'a>]) -> Names<'a> {
    const DEFINING: [&str; 8] = ["struct", "enum", "trait", "type", "fn", "const", "static", "union"];
    let mut names = Names::default();
    let mut at = 0;
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).map_or("", text);
        if token.text == "use" && matches!(before, "" | ";" | "{" | "}" | "]" | "pub" | ")") {
            let end =
                tokens[at..].iter().position(|token| token.text == ";").map_or(tokens.len(), |length| at + length);
            let exported = matches!(before, "pub" | ")");
            imports(&tokens[at + 1..end], &[], exported, &mut names.imports);
            at = end;
            continue;
        }
        if DEFINING.contains(&token.text) {
            names.defined.insert(text(at + 1));
        }
        if token.text == "macro_rules" {
            names.defined.insert(text(at + 2));
        }
        if token.is_identifier() && !matches!(before, "::" | ".") {
            let mut path = vec![token.text];
            while text(at + 1) == "::" && tokens.get(at + 2).is_some_and(Token::is_identifier) {
                path.push(text(at + 2));
                at += 2;
            }
            names.used.insert(path);
        }
        at += 1;
    }
    names
}

/// Reads a tree of `use`, such as `a::{b, c::*, d as e}`.
fn imports<'a>(tokens: &[Token<'a>], prefix: &[&'a str], exported: bool, found: &mut Vec<Import<'a>>) {
    let mut path = prefix.to_vec();
    let mut name = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "::" => {}
            "{" => {
                for tree in split(&tokens[at + 1..at + closing(&tokens[at..])]) {
                    imports(tree, &path, exported, found);
                }
                return;
            }
            "as" => {
                name = tokens.get(at + 1).map(|token| token.text);
                break;
            }
            text => path.push(text),
        }
    }
    if path.len() > 1 && path.last() == Some(&"self") {
        path.pop();
    }
    if let Some(name) = name.or(path.last().copied()) {
        found.push(Import { path, name, exported });
    }
}

/// Index of the brace that closes the first one.
fn closing(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" if depth == 1 => return at,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Splits at the commas outside of braces.
fn split<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&tokens[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}
