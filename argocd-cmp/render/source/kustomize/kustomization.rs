//! Fields of a kustomization.

use eod_yaml::{Content, MapEntry, Node};
use serde_json::{Value, json};

use super::named::Named;
use super::patch::{self, Patch};
use crate::refusal::{Location, Refusal, RefusalRule};

/// A parsed kustomization.
pub(super) struct Kustomization {
    pub(super) resources: Vec<Named>,
    pub(super) components: Vec<Named>,
    /// Other files that it names.
    pub(super) files: Vec<Named>,
    pub(super) namespace: Option<String>,
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) labels: Vec<LabelChange>,
    /// `commonLabels`, which kustomize sets after all other labels.
    pub(super) common_labels: Option<LabelChange>,
    pub(super) annotations: Vec<(String, String)>,
    pub(super) images: Vec<ImageChange>,
    pub(super) replicas: Vec<ReplicaChange>,
    pub(super) patches: Vec<Patch>,
    /// Fields that need the kustomize binary.
    pub(super) needs_tool: Vec<Named>,
}

/// Labels, and their fields besides `metadata.labels`.
pub(super) struct LabelChange {
    pub(super) pairs: Vec<(String, String)>,
    pub(super) selectors: bool,
    pub(super) templates: bool,
    pub(super) claims: bool,
}

/// New name, tag or digest of an image.
pub(super) struct ImageChange {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<String>,
    pub(super) digest: Option<String>,
}

/// New number of replicas of a workload.
pub(super) struct ReplicaChange {
    pub(super) named: Named,
    pub(super) count: u64,
}

/// Fields that run other programs or use the network.
const FORBIDDEN: [&str; 6] =
    ["helmCharts", "helmGlobals", "helmChartInflationGenerator", "generators", "transformers", "validators"];

/// Known keys in the items of each field. kustomize ignores the case of keys, so an unknown key could be a known one with
/// an unchecked path.
const KEYS: [(&str, &[&str]); 12] = [
    ("configMapGenerator", &GENERATOR),
    ("generatorOptions", &["annotations", "disableNameSuffixHash", "immutable", "labels"]),
    ("images", &["digest", "name", "newName", "newTag", "tagSuffix"]),
    ("labels", &["fields", "includeSelectors", "includeTemplates", "includeVolumeClaimTemplates", "pairs"]),
    ("openapi", &["path"]),
    ("patches", &PATCH),
    ("patchesJson6902", &PATCH),
    ("replacements", &["path", "source", "targets"]),
    ("replicas", &["count", "name"]),
    ("secretGenerator", &GENERATOR),
    ("sortOptions", &["legacySortOptions", "order"]),
    ("vars", &["fieldref", "name", "objref"]),
];
const GENERATOR: [&str; 9] = ["behavior", "env", "envs", "files", "literals", "name", "namespace", "options", "type"];
const PATCH: [&str; 4] = ["options", "patch", "path", "target"];

/// Parser of the fields; collects all refusals.
struct FieldParser<'a> {
    file: &'a str,
    refusals: Vec<Refusal>,
}

impl Kustomization {
    /// Parses a kustomization, with all refusals.
    pub(super) fn parse(file: &str, root: &Node) -> (Self, Vec<Refusal>) {
        let mut parser = FieldParser { file, refusals: Vec::new() };
        let mut found = Self {
            resources: Vec::new(),
            components: Vec::new(),
            files: Vec::new(),
            namespace: None,
            prefix: String::new(),
            suffix: String::new(),
            labels: Vec::new(),
            common_labels: None,
            annotations: Vec::new(),
            images: Vec::new(),
            replicas: Vec::new(),
            patches: Vec::new(),
            needs_tool: Vec::new(),
        };
        match &root.content {
            Content::Map(entries) => {
                for entry in entries.iter().filter(|entry| !entry.node.is_null()) {
                    parser.field(&mut found, entry);
                }
            }
            _ => parser.refuse(root.line, "a kustomization must be a map", "write `resources:`"),
        }
        (found, parser.refusals)
    }

    /// True if it changes objects in a way that depends on their kinds.
    pub(super) fn transforms(&self) -> bool {
        let is_named = self.namespace.is_some() || !self.prefix.is_empty() || !self.suffix.is_empty();
        let is_labelled = !self.labels.is_empty() || self.common_labels.is_some() || !self.annotations.is_empty();
        is_named || is_labelled || !self.images.is_empty() || !self.replicas.is_empty()
    }
}

impl FieldParser<'_> {
    fn refuse(&mut self, line: u32, message: impl std::fmt::Display, remedy: &str) {
        self.refusals.push(Named::new(self.file, line, "").refuse(message, remedy));
    }

    fn field(&mut self, found: &mut Kustomization, entry: &MapEntry) {
        let MapEntry { key, line, column: _, node } = entry;
        if let Some((_, known)) = KEYS.iter().find(|(field, _)| field == key) {
            self.keys(node, known);
        }
        match key.as_str() {
            "apiVersion" => self.one_of(node, &["kustomize.config.k8s.io/v1beta1", "kustomize.config.k8s.io/v1alpha1"]),
            "kind" => self.one_of(node, &["Kustomization", "Component"]),
            "resources" | "bases" => found.resources.extend(self.texts(node)),
            "namespace" => found.namespace = self.text(node).filter(|text| !text.is_empty()),
            "namePrefix" => found.prefix = self.text(node).unwrap_or_default(),
            "nameSuffix" => found.suffix = self.text(node).unwrap_or_default(),
            "commonLabels" => {
                let pairs = self.pairs(node);
                found.common_labels = Some(LabelChange { pairs, selectors: true, templates: true, claims: true });
            }
            "labels" => self.labels(found, node),
            "commonAnnotations" => found.annotations = self.pairs(node),
            "images" => self.images(found, node),
            "replicas" => self.replicas(found, node),
            "patches" | "patchesJson6902" => self.patches(found, node),
            "components" => {
                found.components.extend(self.texts(node));
                found.needs_tool.push(Named::new(self.file, *line, key));
            }
            // The name of a kustomization has no effect.
            "metadata" => {}
            key if FORBIDDEN.contains(&key) => {
                let message = format!("`{key}` runs other programs or uses the network");
                let location = Location::file(self.file).line(*line);
                self.refusals.push(Refusal::new(
                    location,
                    RefusalRule::Remote,
                    message,
                    "commit the generated manifests",
                ));
            }
            "patchesStrategicMerge"
            | "configMapGenerator"
            | "secretGenerator"
            | "generatorOptions"
            | "replacements"
            | "vars"
            | "configurations"
            | "crds"
            | "openapi"
            | "sortOptions"
            | "buildMetadata" => {
                found.needs_tool.push(Named::new(self.file, *line, key));
                self.files_of(found, key, node);
            }
            other => {
                let message = format!("unsupported field `{other}`");
                self.refuse(*line, message, "remove it");
            }
        }
    }

    /// Refuses unknown keys in a map, or in each map of a list.
    fn keys(&mut self, node: &Node, known: &[&str]) {
        let Content::Map(entries) = &node.content else {
            for item in items(node) {
                if matches!(item.content, Content::Map(_)) {
                    self.keys(item, known);
                } else {
                    self.refuse(item.line, format!("expected a map, got {}", item.kind()), "write a map");
                }
            }
            return;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("unsupported key `{}`: supported are {}", entry.key, known.join(", "));
            self.refuse(entry.line, message, "remove it");
        }
    }

    /// Notes the files that a field for the binary names.
    fn files_of(&mut self, found: &mut Kustomization, field: &str, node: &Node) {
        match field {
            "configurations" | "crds" => found.files.extend(self.texts(node)),
            "openapi" => found.files.extend(node.get("path").and_then(|path| self.named(path))),
            "patchesStrategicMerge" => {
                // A text with several lines is a patch, not a path.
                let paths = self.texts(node).into_iter().filter(|named| !named.text.contains('\n'));
                found.files.extend(paths);
            }
            "replacements" => {
                let paths = items(node).iter().filter_map(|item| item.get("path"));
                found.files.extend(paths.filter_map(|path| self.named(path)).collect::<Vec<_>>());
            }
            "configMapGenerator" | "secretGenerator" => {
                for item in items(node) {
                    self.generator(found, item);
                }
            }
            _ => {}
        }
    }

    fn generator(&mut self, found: &mut Kustomization, item: &Node) {
        for key in ["files", "envs", "env"] {
            let Some(node) = item.get(key) else { continue };
            let paths = if key == "env" { self.named(node).into_iter().collect() } else { self.texts(node) };
            for mut path in paths {
                // `key=path` is a file with a key of its own.
                if let (true, Some((_, file))) = (key == "files", path.text.split_once('=')) {
                    path.text = file.to_owned();
                }
                found.files.push(path);
            }
        }
    }

    fn labels(&mut self, found: &mut Kustomization, node: &Node) {
        for item in items(node) {
            let on = |key: &str| item.get(key).is_some_and(|node| node.content == Content::Bool(true));
            let selectors = on("includeSelectors");
            let (templates, claims) = (on("includeTemplates"), on("includeVolumeClaimTemplates"));
            if item.get("fields").is_some() {
                found.needs_tool.push(Named::new(self.file, item.line, "labels.fields"));
            }
            let pairs = item.get("pairs").filter(|pairs| !pairs.is_null());
            let pairs = pairs.map(|pairs| self.pairs(pairs)).unwrap_or_default();
            let (templates, claims) = (selectors || templates, selectors || claims);
            found.labels.push(LabelChange { pairs, selectors, templates, claims });
        }
    }

    fn images(&mut self, found: &mut Kustomization, node: &Node) {
        for item in items(node) {
            // Empty values count as not set.
            let mut text = |key: &str| {
                let node = item.get(key).filter(|node| !node.is_null())?;
                self.text(node).filter(|text| !text.is_empty())
            };
            let image = ImageChange {
                name: text("name").unwrap_or_default(),
                new_name: text("newName"),
                new_tag: text("newTag"),
                digest: text("digest"),
            };
            if image.name.is_empty() {
                self.refuse(item.line, "an image has no name", "add `name`");
            }
            if item.get("tagSuffix").is_some() || (image.new_tag.is_some() && image.digest.is_some()) {
                found.needs_tool.push(Named::new(self.file, item.line, "images.tagSuffix"));
            }
            // To kustomize the name is a regular expression, which can contain a tag.
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.:".contains(&byte);
            let has_tag = image.name.rsplit('/').next().is_some_and(|last| last.contains(':'));
            if has_tag || !image.name.bytes().all(is_plain) {
                found.needs_tool.push(Named::new(self.file, item.line, "an image with a regular expression"));
            }
            found.images.push(image);
        }
    }

    fn replicas(&mut self, found: &mut Kustomization, node: &Node) {
        for item in items(node) {
            let count = match item.get("count").map(|count| &count.content) {
                Some(Content::Number(count)) => count.as_u64(),
                _ => None,
            };
            match (item.get("name").and_then(Node::text), count) {
                (Some(name), Some(count)) => {
                    found.replicas.push(ReplicaChange { named: Named::new(self.file, item.line, name), count });
                }
                _ => self.refuse(item.line, "`replicas` need a `name` and a `count`", "add the missing key"),
            }
        }
    }

    fn patches(&mut self, found: &mut Kustomization, node: &Node) {
        for item in items(node) {
            let path = item.get("path").and_then(|path| self.named(path));
            found.files.extend(path.clone());
            match patch::parse(self.file, item, path) {
                Ok(Some(patch)) => found.patches.push(patch),
                Ok(None) => found.needs_tool.push(Named::new(self.file, item.line, "patches")),
                Err(refusals) => self.refusals.extend(refusals),
            }
        }
    }

    fn one_of(&mut self, node: &Node, values: &[&str]) {
        if !node.text().is_some_and(|text| values.contains(&text)) {
            let expected = format!("`{}`", values.join("` or `"));
            self.refuse(node.line, format!("unsupported value: expected {expected}"), &format!("write {expected}"));
        }
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        let text = node.text().map(ToOwned::to_owned);
        if text.is_none() {
            self.refuse(node.line, format!("expected a string, got {}", node.kind()), "put the value in quotes");
        }
        text
    }

    fn named(&mut self, node: &Node) -> Option<Named> {
        self.text(node).map(|text| Named::new(self.file, node.line, &text))
    }

    fn texts(&mut self, node: &Node) -> Vec<Named> {
        if !matches!(node.content, Content::List(_)) {
            self.refuse(node.line, format!("expected a list, got {}", node.kind()), "write a list");
        }
        items(node).iter().filter_map(|item| self.named(item)).collect()
    }

    fn pairs(&mut self, node: &Node) -> Vec<(String, String)> {
        let Content::Map(entries) = &node.content else {
            self.refuse(node.line, format!("expected a map, got {}", node.kind()), "write a map");
            return Vec::new();
        };
        entries.iter().filter_map(|entry| Some((entry.key.clone(), self.text(&entry.node)?))).collect()
    }
}

pub(super) fn items(node: &Node) -> &[Node] {
    match &node.content {
        Content::List(items) => items,
        _ => &[],
    }
}

/// The kustomization for the binary: every path begins with `./`, so that it cannot be a URL, and fields with `null`,
/// which were not checked, are left out.
pub(super) fn rewritten(root: &Node) -> Value {
    let mut value = root.clone().into_json();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, content| !content.is_null());
    }
    for field in ["resources", "bases", "components"] {
        for entry in value.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(text) = entry.as_str().filter(|text| !text.starts_with('.')) {
                *entry = json!(format!("./{text}"));
            }
        }
    }
    value
}
