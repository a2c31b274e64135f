//! The pages for the registry, generated from the schema and from data of the code. `make docs` writes them, the test compares
//! them with the files in `docs/`.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy permits panics only inside of #[test]"
)]

mod guides;

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use eod_resources::{DATA_SOURCES, EPHEMERALS, Eod, FUNCTIONS, RESOURCES};
use tfplugin::schema::{Attribute, Nesting, Presence, Schema, Shape};
use tfplugin::{Model as _, Provider, Type};

#[test]
fn pages_match_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let update = std::env::var_os("EOD_UPDATE_DOCS").is_some();
    for (path, text) in pages(root) {
        let path = root.join("docs").join(path);
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{} is outdated; run `make docs`", path.display());
    }
    no_other_guide(root);
}

/// Fails if `docs/guides` has a page that no template gives.
fn no_other_guide(root: &Path) {
    let generated: BTreeSet<PathBuf> =
        guides::pages(root).into_iter().map(|(path, _)| root.join("docs").join(path)).collect();
    let entries = std::fs::read_dir(root.join("docs/guides")).expect("docs/guides is readable");
    let found: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    assert_eq!(found, generated, "remove the page, or add a template to tests/docs/guides");
}

fn pages(root: &Path) -> Vec<(PathBuf, String)> {
    let mut pages = vec![(PathBuf::from("index.md"), index(root))];
    for resource in RESOURCES {
        let name = resource.type_name();
        pages.push((page("resources", name), typed(root, "resources", "Resource", name, &resource.schema())));
    }
    for source in DATA_SOURCES {
        let name = source.type_name();
        pages.push((page("data-sources", name), typed(root, "data-sources", "Data Source", name, &source.schema())));
    }
    for ephemeral in EPHEMERALS {
        let (folder, name) = ("ephemeral-resources", ephemeral.type_name());
        pages.push((page(folder, name), typed(root, folder, "Ephemeral Resource", name, &ephemeral.schema())));
    }
    for function in FUNCTIONS {
        pages.push((page("functions", function.name()), call(root, *function)));
    }
    pages.extend(guides::pages(root));
    pages
}

fn page(folder: &str, name: &str) -> PathBuf {
    Path::new(folder).join(format!("{}.md", name.trim_start_matches("eod_")))
}

fn front(title: &str, description: &str) -> String {
    format!("---\npage_title: \"{title}\"\ndescription: |-\n  {}\n---\n\n# {title}\n\n", description.replace('\n', " "))
}

fn index(root: &Path) -> String {
    let mut text = front("Provider: eod", Eod::DESCRIPTION);
    let _ = write!(text, "{}\n\n", Eod::DESCRIPTION);
    text.push_str("## Guides\n\n");
    for (name, title) in guides::titles(root) {
        let _ = writeln!(text, "- [{title}](guides/{name}.md)");
    }
    text.push('\n');
    text.push_str(&example(root, "examples/provider/provider.tf", "terraform"));
    let schema = Schema { attributes: <Eod as Provider>::Config::attributes(), ..Schema::default() };
    text.push_str(&arguments(&schema));
    text
}

fn typed(root: &Path, folder: &str, kind: &str, name: &str, schema: &Schema) -> String {
    let mut text = front(&format!("{name} ({kind})"), &schema.description);
    let _ = write!(text, "{}\n\n", schema.description);
    let file = folder.trim_end_matches('s');
    text.push_str(&example(root, &format!("examples/{folder}/{name}/{file}.tf"), "terraform"));
    text.push_str(&arguments(schema));
    let import = format!("examples/{folder}/{name}/import.sh");
    if root.join(&import).exists() {
        text.push_str("\n## Import\n\n");
        text.push_str(&code_block(root, &import, "shell"));
    }
    text
}

fn call(root: &Path, function: &dyn tfplugin::Function) -> String {
    let (name, signature) = (function.name(), function.signature());
    let mut text = front(&format!("{name} (Function)"), signature.summary);
    let _ = write!(text, "{}\n\n", signature.description);
    text.push_str(&example(root, &format!("examples/functions/{name}/function.tf"), "terraform"));
    let parameters = signature.parameters.iter().map(|each| format!("{} {}", each.name, each.ty));
    let variadic = signature.variadic.iter().map(|each| format!("{} {}...", each.name, each.ty));
    let list = parameters.chain(variadic).collect::<Vec<_>>().join(", ");
    let _ = write!(text, "## Signature\n\n```text\n{name}({list}) {}\n```\n\n## Arguments\n\n", signature.returns);
    for parameter in signature.parameters.iter().chain(&signature.variadic) {
        let nullable = if parameter.nullable { ", may be null" } else { "" };
        let _ = writeln!(text, "1. `{}` ({}{nullable}) {}", parameter.name, parameter.ty, parameter.description);
    }
    text
}

fn example(root: &Path, file: &str, language: &str) -> String {
    format!("## Example\n\n{}\n", code_block(root, file, language))
}

fn code_block(root: &Path, file: &str, language: &str) -> String {
    let path = root.join(file);
    let code = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    format!("```{language}\n{}\n```\n", code.trim_end())
}

fn arguments(schema: &Schema) -> String {
    let mut text = String::from("## Schema\n");
    let mut nested = VecDeque::new();
    section(&mut text, &schema.attributes, "", &mut nested, "###");
    while let Some((path, attributes)) = nested.pop_front() {
        let _ = write!(text, "\n<a id=\"nested--{}\"></a>\n### Nested Schema for `{path}`\n", path.replace('.', "--"));
        section(&mut text, &attributes, &format!("{path}."), &mut nested, "####");
    }
    text
}

fn section(
    text: &mut String,
    attributes: &[Attribute],
    prefix: &str,
    nested: &mut VecDeque<(String, Vec<Attribute>)>,
    level: &str,
) {
    let group = |presence| match presence {
        Presence::Required => "Required",
        Presence::Optional | Presence::OptionalComputed => "Optional",
        Presence::Computed => "Read-Only",
    };
    for title in ["Required", "Optional", "Read-Only"] {
        let members: Vec<_> = attributes.iter().filter(|attribute| group(attribute.presence) == title).collect();
        if !members.is_empty() {
            let _ = write!(text, "\n{level} {title}\n\n");
        }
        for attribute in members {
            let mut notes = vec![kind(&attribute.shape)];
            notes.extend(attribute.sensitive.then(|| "Sensitive".to_owned()));
            notes.extend(attribute.write_only.then(|| "Write-only".to_owned()));
            notes.extend(attribute.replace.then(|| "Forces replacement".to_owned()));
            let _ = write!(
                text,
                "- `{}` ({}) {}",
                attribute.name,
                notes.join(", "),
                attribute.description.replace("\n\n", " ")
            );
            if let Shape::Object { attributes, .. } = &attribute.shape {
                let path = format!("{prefix}{}", attribute.name);
                let _ = write!(text, " (see [below](#nested--{}))", path.replace('.', "--"));
                nested.push_back((path, attributes.clone()));
            }
            text.push('\n');
        }
    }
}

fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Plain(ty) => plain(ty),
        Shape::Object { nesting: Nesting::Single, .. } => "Attributes".to_owned(),
        Shape::Object { nesting: Nesting::List, .. } => "Attributes List".to_owned(),
        Shape::Object { nesting: Nesting::Set, .. } => "Attributes Set".to_owned(),
        Shape::Object { nesting: Nesting::Map, .. } => "Attributes Map".to_owned(),
    }
}

fn plain(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(of) => format!("List of {}", plain(of)),
        Type::Set(of) => format!("Set of {}", plain(of)),
        Type::Map(of) => format!("Map of {}", plain(of)),
        Type::Tuple(_) | Type::Object(_) => "Object".to_owned(),
    }
}
