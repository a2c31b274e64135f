use super::*;

fn target() -> SecretRef {
    "secret/preview/pr-1".parse().unwrap()
}

fn skipped(source: &str) -> Notice {
    Notice::Skipped { source: source.to_owned(), why: "it is gone".to_owned() }
}

#[test]
fn one_warning_names_all_secrets_of_a_kind() {
    let foreign = Notice::KeptForeign { target: target(), why: "others created it".to_owned() };
    let warnings = warnings(&target(), &[skipped("secret/b"), foreign, skipped("secret/a")]);
    let titles: Vec<_> = warnings.iter().map(|warning| warning.summary.as_str()).collect();
    assert_eq!(
        titles,
        ["A secret of another owner was kept: secret/preview/pr-1", "2 secrets were not copied: secret/preview/pr-1"]
    );
    assert_eq!(
        warnings[1].detail,
        "The secret `secret/a` was not copied: it is gone.\nThe secret `secret/b` was not copied: it is gone."
    );
}

#[test]
fn warning_names_at_most_fifty_secrets() {
    let notices: Vec<_> = (0..120).map(|number| skipped(&format!("secret/{number:03}"))).collect();
    let warnings = warnings(&target(), &notices);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].detail.ends_with("`secret/049` was not copied: it is gone.\nAnd 70 more."));
    assert!(lost_warning(&target(), &[]).is_none());
}
