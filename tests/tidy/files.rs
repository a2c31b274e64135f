//! Rules for single files: nothing unfinished, no long files, no paths of one machine.

use crate::{
    assert_none,
    source::{Source, scripts, with_endings},
};

/// Files over [`LONGEST`] lines, each with the reason not to split it.
const LONG: &[(&str, &str)] = &[];

/// Maximum number of lines of a file.
const LONGEST: usize = 600;

#[test]
fn nothing_is_unfinished() {
    // This file spells what it looks for.
    let files: Vec<_> =
        with_endings(&["rs"]).into_iter().filter(|file| !file.path.ends_with("tidy/files.rs")).collect();
    assert_none(&unfinished(&files));
}

#[test]
fn unfinished_code_is_found() {
    for text in ["todo!()", "unimplemented!(\"later\")", "#[ignore]", "#[ignore = \"slow\"]", "// FIXME"] {
        let file = Source::example("x.rs", &format!("fn f() {{\n    {text}\n}}"));
        assert_eq!(unfinished(&[file]).len(), 1, "{text}");
    }
}

fn unfinished(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        for (at, line) in text.lines().enumerate() {
            if ["todo!(", "unimplemented!(", "#[ignore", "FIXME"].iter().any(|marker| line.contains(marker)) {
                complaints.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    complaints
}

#[test]
fn files_are_short() {
    assert_none(&too_long(&with_endings(&["rs", "go"]), LONG));
}

#[test]
fn long_file_is_found() {
    let long = Source::example("a.rs", &"x\n".repeat(LONGEST + 1));
    let short = Source::example("b.rs", &"x\n".repeat(LONGEST));
    assert_eq!(too_long(&[long.clone(), short.clone()], &[]).len(), 1);
    assert_eq!(too_long(&[long], &[("a.rs", "a table")]).len(), 0);
    assert_eq!(too_long(&[short], &[("b.rs", "no longer true")]).len(), 1, "an exception without need is found");
}

fn too_long(files: &[Source], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        let (lines, is_listed) = (text.lines().count(), allowed.iter().any(|(file, _)| path.ends_with(file)));
        if (lines > LONGEST) != is_listed {
            complaints.push(format!("{path}: {lines} lines; split it by noun, or list it in LONG with the reason"));
        }
    }
    complaints
}

#[test]
fn unit_tests_have_files_of_their_own() {
    let files: Vec<_> =
        with_endings(&["rs"]).into_iter().filter(|file| !file.path.ends_with("tidy/files.rs")).collect();
    assert_none(&inline_tests(&files));
}

#[test]
fn inline_tests_are_found() {
    let found = |text: &str| inline_tests(&[Source::example("a.rs", text)]).len();
    assert_eq!(found("#[cfg(test)]\nmod tests {\n}\n"), 1);
    assert_eq!(found("#[cfg(test)]\nmod laws {\n}\n"), 1);
    assert_eq!(found("#[cfg(test)]\npub(crate) mod tests {\n}\n"), 1);
    assert_eq!(found("use a;\npub mod tests {\n}\n"), 1);
    assert_eq!(found("#[cfg(test)]\nmod tests;\n"), 0);
}

fn inline_tests(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        for (attribute, module) in text.lines().zip(text.lines().skip(1)) {
            let module = without_visibility(module.trim());
            let is_inline = module.starts_with("mod ") && module.ends_with('{');
            if is_inline && (attribute.trim() == "#[cfg(test)]" || module == "mod tests {") {
                complaints.push(format!("{path}: move the unit tests to tests.rs in the folder of the module"));
            }
        }
    }
    complaints
}

/// An item without `pub` or `pub(..)` at its begin.
fn without_visibility(item: &str) -> &str {
    let Some(rest) = item.strip_prefix("pub") else { return item };
    let after_scope = rest.strip_prefix('(').and_then(|scope| scope.split_once(')'));
    after_scope.map_or(rest, |(_, rest)| rest).trim_start()
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let endings = ["rs", "go", "md", "toml", "sh", "yaml", "yml", "tf", "mod", "proto", "hcl"];
    let mut files = with_endings(&endings);
    files.extend(scripts());
    assert_none(&machine_paths(&files));
}

#[test]
fn path_of_one_machine_is_found() {
    assert_eq!(machine_paths(&[Source::example("a.md", &format!("/{}/x", "root"))]).len(), 1);
}

fn machine_paths(files: &[Source]) -> Vec<String> {
    let paths = [format!("/{}/", "root"), format!("/{}/main", "work"), format!("/{}/shared", "work")];
    let found = files.iter().filter(|file| paths.iter().any(|path| file.text.contains(path)));
    found.map(|file| format!("{} names a path of one machine", file.path)).collect()
}
