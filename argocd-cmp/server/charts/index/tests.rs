use super::*;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn index() -> String {
    format!(
        "apiVersion: v1\nentries:\n  cache:\n  - version: 1.0.0\n    urls: [cache.tgz]\n  db:\n  - annotations: {{a: b}}\n    \
         version: 1.2.3\n    digest: {DIGEST}\n    urls:\n    - db-1.2.3.tgz\n  - version: 1.2.2\n    digest: sha256:{DIGEST}\n    \
         urls: [https://other/db.tgz]\n  - version: 1.0.0\n    urls: [x]\n  zoo:\n  - version: [\ngenerated: now\n"
    )
}

#[test]
fn only_the_lines_of_the_chart_are_read() {
    // The entry `zoo` is not valid YAML.
    let found = entry(&index(), "db", "1.2.3").unwrap_or_else(|(problem, _)| panic!("{problem}"));
    assert_eq!((hex(&found.digest).as_str(), found.url.as_str()), (DIGEST, "db-1.2.3.tgz"));
    let found = entry(&index(), "db", "1.2.2").unwrap_or_else(|(problem, _)| panic!("{problem}"));
    assert_eq!(found.url, "https://other/db.tgz");
}

#[test]
fn index_in_one_line_is_read() {
    let json = format!(r#"{{"entries": {{"db": [{{"version": "1.2.3", "digest": "{DIGEST}", "urls": ["a.tgz"]}}]}}}}"#);
    assert!(entry(&json, "db", "1.2.3").is_ok());
}

#[test]
fn incomplete_index_is_an_error() {
    let problem = |index: &str, name: &str, version: &str| entry(index, name, version).map(|_| ()).unwrap_err().0;
    assert_eq!(problem(&index(), "db", "9.9.9"), "it has no version 9.9.9 of `db`");
    assert_eq!(problem(&index(), "cache", "1.0.0"), "`cache` 1.0.0 has no SHA-256 digest");
    assert_eq!(problem("entries: {}", "db", "1.0.0"), "it has no version 1.0.0 of `db`");
    assert_eq!(problem("", "db", "1.0.0"), "it has no version 1.0.0 of `db`");
    let no_url = format!("entries:\n  db:\n  - version: 1.0.0\n    digest: {DIGEST}\n");
    assert_eq!(problem(&no_url, "db", "1.0.0"), "`db` 1.0.0 has no URL");
}
