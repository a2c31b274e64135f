use expect_test::{Expect, expect};

use super::*;
use crate::parameters::RawParameter;

const COMMIT: &str = "0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21";

/// Refusal of a pull request with these parameters: `trusted_authors: [alice, "Dependabot[bot]"]`.
fn refused(pairs: &[(&str, &str)]) -> Option<String> {
    let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
    let parameters = Parameters::parse(&raw).unwrap();
    let trusted_authors = ["alice", "Dependabot[bot]"].map(ToOwned::to_owned).to_vec();
    let rule = ApprovalRule { trusted_authors, ..ApprovalRule::default() };
    let local = Application::default();
    assert_eq!(refusal(&local, &parameters, None), None, "without the section nothing needs an approval");
    refusal(&local, &parameters, Some(&rule)).map(|refusal| refusal.to_string())
}

/// Refusal of the approved commit of a pull request of a repository, if Argo CD renders a revision of a URL.
fn rendered(repository: &str, url: &str, revision: &str) -> Option<String> {
    let label = format!("approved/{COMMIT}");
    let mut pairs = vec![("owner", "mallory"), ("head-sha", COMMIT), ("labels", label.as_str())];
    if !repository.is_empty() {
        pairs.push(("repository", repository));
    }
    let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
    let parameters = Parameters::parse(&raw).unwrap();
    let revision = Some(revision.to_owned());
    let application = Application { repository: url.to_owned(), revision, ..Application::default() };
    refusal(&application, &parameters, Some(&ApprovalRule::default())).map(|refusal| refusal.to_string())
}

#[test]
fn approved_commit_has_to_be_the_rendered_one() {
    let other = "f".repeat(40);
    let urls = [
        "https://github.com/acme/shop.git",
        "https://github.com/Acme/Shop/",
        "git@github.com:acme/shop.git",
        "ssh://git@ssh.github.com:443/acme/shop.git",
        "https://mirror.example/github/acme/shop",
        "",
    ];
    for url in urls {
        assert_eq!(rendered("acme/shop", url, COMMIT), None, "{url}");
        assert_eq!(rendered("acme/shop", url, &COMMIT.to_uppercase()), None, "{url}");
        assert!(rendered("acme/shop", url, &other).is_some(), "{url}");
    }
    check(
        rendered("acme/shop", urls[0], &other),
        &expect![[r#"
            parameters: head-sha
              rule:   approval
              found:  commit 0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21 is approved, but Argo CD renders ffffffffffffffffffffffffffffffffffffffff
              remedy: set `targetRevision` of the Application to the commit of the pull request, in an ApplicationSet `{{ .head_sha }}`; if its source is in another repository than the pull request, set the parameter `repository`"#]],
    );
    // Manifests in a repository of their own have other commits. Without the parameter this is not known.
    for url in
        ["https://github.com/acme/deploy.git", "https://github.com/acme/workshop", "https://github.com/other-acme/shop"]
    {
        assert_eq!(rendered("acme/shop", url, &other), None, "{url}");
        assert!(rendered("", url, &other).is_some(), "{url}");
    }
    let nested = "https://gitlab.example/group/team/shop.git";
    assert!(rendered("gitlab.example/group/team/shop", nested, &other).is_some());
    assert_eq!(rendered("gitlab.example/team/shop/web", nested, &other), None);
}

/// Refusal of a commit of `mallory` with these labels.
fn labelled(labels: &str) -> Option<String> {
    refused(&[("owner", "mallory"), ("head-sha", COMMIT), ("labels", labels)])
}

#[track_caller]
fn check(refused: Option<String>, expected: &Expect) {
    expected.assert_eq(&refused.unwrap());
}

#[test]
fn trusted_authors_need_no_approval() {
    for owner in ["alice", "ALICE", "dependabot[bot]"] {
        assert_eq!(refused(&[("owner", owner), ("head-sha", COMMIT)]), None, "{owner}");
        assert_eq!(refused(&[("owner", owner)]), None, "{owner}");
    }
    // A Kelvin sign is `k` in lower case, but not a letter of a login; `alice-` and `dependabot` are other accounts.
    for owner in ["alic", "alice-", " alice", "dependabot", "al\u{131}ce", ""] {
        assert!(refused(&[("owner", owner), ("head-sha", COMMIT)]).is_some(), "{owner}");
    }
}

#[test]
fn label_approves_one_commit() {
    assert_eq!(labelled(&format!("[\"preview\",\"approved/{COMMIT}\"]")), None);
    assert_eq!(labelled(&format!("[\"approved/{}\",\"approved/{COMMIT}\"]", "0".repeat(40))), None, "an old label");
    assert_eq!(labelled(&format!("[\"approved/{}\"]", COMMIT.to_uppercase())), None, "the same digits");
    let sha256 = "ab".repeat(32);
    let label = format!("approved/{sha256}");
    assert_eq!(refused(&[("owner", "mallory"), ("head-sha", &sha256), ("labels", &label)]), None);
    for labels in [
        "null".to_owned(),
        "[\"preview\"]".to_owned(),
        "[\"approved\"]".to_owned(),
        "[\"approved/\"]".to_owned(),
        format!("[\"{COMMIT}\"]"),
        format!("[\"approved/{}\"]", &COMMIT[..39]),
        format!("[\"approved/{COMMIT}0\"]"),
        format!("[\"approved/{COMMIT} \"]"),
        format!("[\"approved/{COMMIT}/approved/{COMMIT}\"]"),
        format!("[\"xapproved/{COMMIT}\"]"),
        format!("[\"APPROVED/{COMMIT}\"]"),
        format!("[\"service:approved\",\"x,approved/{COMMIT}\"]"),
    ] {
        assert!(labelled(&labels).is_some(), "{labels}");
    }
}

#[test]
fn refusals_tell_what_a_maintainer_has_to_do() {
    check(
        labelled("[\"preview\"]"),
        &expect![[r#"
            parameters: labels
              rule:   approval
              found:  commit 0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21 is not approved: the author `mallory` is not in `trusted_authors` of the policy, and the pull request has no label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`
              remedy: a maintainer has to review this commit and set the label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`, or submit an approving review if the workflow `approve.yaml` is installed; until then the version that ran before keeps running"#]],
    );
    check(
        labelled(&format!("[\"approved/{}\"]", "0".repeat(40))),
        &expect![[r#"
            parameters: labels
              rule:   approval
              found:  commit 0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21 is not approved: the author `mallory` is not in `trusted_authors` of the policy, and the label `approved/0000000000000000000000000000000000000000` approves another commit
              remedy: a maintainer has to review this commit and set the label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`, or submit an approving review if the workflow `approve.yaml` is installed; until then the version that ran before keeps running"#]],
    );
    check(
        labelled("[\"approved/0000000000000000000000000000000000000000\",\"approved/0C3CF71\"]"),
        &expect![[r#"
            parameters: labels
              rule:   approval
              found:  commit 0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21 is not approved: the author `mallory` is not in `trusted_authors` of the policy, and the label `approved/0C3CF71` does not have all 40 digits
              remedy: a maintainer has to review this commit and set the label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`, or submit an approving review if the workflow `approve.yaml` is installed; until then the version that ran before keeps running"#]],
    );
    check(
        refused(&[("head-sha", COMMIT)]),
        &expect![[r#"
            parameters: labels
              rule:   approval
              found:  commit 0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21 is not approved: the author is not set, and the pull request has no label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`
              remedy: a maintainer has to review this commit and set the label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`, or submit an approving review if the workflow `approve.yaml` is installed; until then the version that ran before keeps running"#]],
    );
}

#[test]
fn commit_has_to_be_given_with_all_digits() {
    check(
        refused(&[("owner", "mallory"), ("labels", "approved/")]),
        &expect![[r#"
            parameters: head-sha
              rule:   approval
              found:  the parameter is missing, and the policy requires an approval of each commit
              remedy: set `head-sha` to the commit of the pull request, in an ApplicationSet `{{ .head_sha }}`"#]],
    );
    check(
        refused(&[("owner", "mallory"), ("head-sha", "0c3cf71"), ("labels", "approved/0c3cf71")]),
        &expect![[r#"
            parameters: head-sha
              rule:   approval
              found:  expected all 40 or 64 digits of the commit that needs an approval, got `0c3cf71`
              remedy: set `head-sha` to the commit of the pull request, in an ApplicationSet `{{ .head_sha }}`"#]],
    );
}
