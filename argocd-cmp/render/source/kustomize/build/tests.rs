//! Native builds compared with recorded output of kustomize 5.5.0 (`kubectl kustomize`).

use std::collections::BTreeMap;
use std::path::Path;

use super::super::walk::Walk;
use super::*;
use crate::manifest::text;
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
fn output_is_that_of_kustomize() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize");
    for name in ["layers", "flat"] {
        let files = tree(&root.join(name));
        let mut walk = Walk::new(&files);
        let top = walk.layer("over", &mut Vec::new()).unwrap_or_else(|| panic!("{:?}", walk.refusals));
        assert!(walk.refusals.is_empty() && walk.needs.is_empty(), "{name}: {:?}", walk.needs);
        let built = match build(&files, &walk.layers, top) {
            Ok(manifests) => by_name(manifests),
            Err(BuildFailure::NeedsTool(named)) => panic!("{name}: {named:?}"),
            Err(BuildFailure::Refused(refusals)) => panic!("{name}: {refusals:?}"),
        };
        let recorded = std::fs::read(root.join(name).join("built.yaml")).unwrap();
        let recorded = by_name(manifests(&"built.yaml".into(), &recorded).unwrap());
        assert_eq!(built.keys().collect::<Vec<_>>(), recorded.keys().collect::<Vec<_>>(), "{name}");
        for (key, expected) in recorded {
            assert_eq!(built[&key], expected, "{name}: {key}");
        }
    }
}

#[test]
fn comparisons_of_patches_with_objects_are_limited() {
    let objects: String = (0..1000)
        .map(|n| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{n}}}\ndata: {{a: b}}\n"))
        .collect();
    let built = |patches: usize| {
        let patch = "- target: {kind: ConfigMap, name: a1}\n  patch: |-\n    - op: replace\n      path: /data/a\n      value: c\n";
        let kustomization = format!("resources: [all.yaml]\npatches:\n{}", patch.repeat(patches));
        let mut files = Files::default();
        files.add_file("over/all.yaml", objects.as_bytes()).unwrap();
        files.add_file("over/kustomization.yaml", kustomization.as_bytes()).unwrap();
        super::super::build_kustomization(&files, "over")
    };
    assert_eq!(built(500).unwrap().unwrap().len(), 1000);
    let refusals = built(501).unwrap_err();
    expect_test::expect![[r#"
        over/kustomization.yaml:1
          rule:   kustomize
          found:  number of patches times number of objects is above 500000
          remedy: write fewer patches, with more operations in each"#]]
    .assert_eq(&refusals.to_string());
}
