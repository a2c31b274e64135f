//! The modules of a crate: one per file, found by `mod` declarations. Test modules are left out.

use std::path::{Path, PathBuf};

use crate::{
    rust::{Token, tokens},
    source::{self, Source},
};

/// A file and its path of module names, empty for `lib.rs`.
#[derive(Clone)]
pub(crate) struct Module {
    pub(crate) names: Vec<String>,
    pub(crate) source: Source,
}

/// The product modules of a crate, `lib.rs` first.
pub(crate) fn modules(lib: &Path) -> Vec<Module> {
    let mut found = Vec::new();
    let folder = lib.parent().expect("lib.rs is in a folder").to_owned();
    visit(lib, &folder, &[], &mut found);
    found
}

fn visit(file: &Path, children: &Path, names: &[String], found: &mut Vec<Module>) {
    let source = source::read(file);
    let declared = declared(&tokens(&source.text));
    found.push(Module { names: names.to_vec(), source });
    for name in declared {
        let candidates: [PathBuf; 2] = [children.join(&name).with_extension("rs"), children.join(&name).join("mod.rs")];
        // A declaration inside of an inline module is not found here, and no rule needs it.
        if let Some(file) = candidates.iter().find(|file| file.is_file()) {
            let mut names = names.to_vec();
            names.push(name.clone());
            visit(file, &children.join(&name), &names, found);
        }
    }
}

/// Names in `mod NAME;`.
fn declared(tokens: &[Token<'_>]) -> Vec<String> {
    let declarations = tokens.windows(3).filter(|three| three[0].text == "mod" && three[2].text == ";");
    declarations.map(|three| three[1].text.to_owned()).collect()
}
