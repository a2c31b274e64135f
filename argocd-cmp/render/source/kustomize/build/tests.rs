//! What is built here is what kustomize builds: its own answers are recorded beside the kustomizations
//! (`kubectl kustomize`, kustomize 5.5.0).

use std::collections::BTreeMap;
use std::path::Path;

use super::super::Walk;
use super::*;
use crate::write::to_yaml;

fn tree(folder: &Path) -> Files {
    let mut files = Files::default();
    for directory in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            files.add_file(&name, std::fs::read(&path).unwrap()).unwrap();
        }
    }
    files
}

fn by_name(manifests: Vec<Manifest>) -> BTreeMap<String, String> {
    let entry = |manifest: Manifest| {
        let namespace = text(&manifest.content, &["metadata", "namespace"]);
        (format!("{namespace} {}", manifest.title()), to_yaml(&manifest.content))
    };
    manifests.into_iter().map(entry).collect()
}

#[test]
fn what_kustomize_builds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize");
    for name in ["layers", "flat"] {
        let files = tree(&root.join(name));
        let (named, needs) = (BTreeMap::new(), Vec::new());
        let mut walk = Walk { files: &files, layers: Vec::new(), named, refusals: Vec::new(), needs };
        let top = walk.layer("over", &mut Vec::new()).unwrap_or_else(|| panic!("{:?}", walk.refusals));
        assert!(walk.refusals.is_empty() && walk.needs.is_empty(), "{name}: {:?}", walk.needs);
        let built = match build(&files, &walk.layers, top) {
            Ok(Built::Whole(manifests)) => by_name(manifests),
            Ok(Built::NeedsTool(named)) => panic!("{name}: {named:?}"),
            Err(refusals) => panic!("{name}: {refusals}"),
        };
        let recorded = std::fs::read(root.join(name).join("built.yaml")).unwrap();
        let recorded = by_name(manifests(&|_| "built.yaml".into(), &recorded).unwrap());
        assert_eq!(built.keys().collect::<Vec<_>>(), recorded.keys().collect::<Vec<_>>(), "{name}");
        for (key, expected) in recorded {
            assert_eq!(built[&key], expected, "{name}: {key}");
        }
    }
}
