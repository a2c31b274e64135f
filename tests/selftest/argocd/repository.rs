//! A plugin receives exactly the content of the repository.

use eod_testkit::argocd::{ArgoCd, Repository, Request};
use serde_json::{Value, json};

use super::plugin::shell;

/// Script that prints every entry of the directory with its kind, its permissions and the target of a link.
const LISTING: &str = r#"cat <<END
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "listing"}, "data": {
  $(find . -mindepth 1 -printf '"%P": "%y %m %l",\n' | sort)
  "": ""}}
END"#;

/// Files of the repository's folder `shop` at a revision, as a plugin receives them.
#[track_caller]
fn listing(repository: &Repository, revision: &str) -> Value {
    let request = Request::new(repository, "shop").plugin("listing").revision(revision).hard();
    ArgoCd::shared().generate(&request).expect_manifests()[0]["data"].clone()
}

#[test]
fn files_links_and_branches_reach_the_plugin() {
    ArgoCd::shared().stock_plugin("listing", &shell("listing", LISTING));
    let repository = Repository::new(&[("shop/plain", "text"), ("shop/gone", "text")]);
    repository.branch("feature");
    repository.write_program("shop/program", "#!/bin/sh\n");
    repository.link("shop/folder/link", "../plain");
    repository.remove("shop/gone");
    let feature = repository.commit("second");
    // The stock server removes the execute permission of files.
    let expected = json!({
        "": "", "plain": "f 644 ", "program": "f 644 ", "folder": "d 755 ", "folder/link": "l 777 ../plain",
    });
    assert_eq!(listing(&repository, "feature"), expected);
    assert_eq!(listing(&repository, &feature), expected);
    assert_eq!(listing(&repository, "main"), json!({ "": "", "plain": "f 644 ", "gone": "f 644 " }));
    repository.branch("main");
    assert_ne!(repository.head(), feature);
}
