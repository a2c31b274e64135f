use super::*;

#[test]
fn templates_are_parsed_and_displayed() {
    for text in
        ["pr-{number}", "{repo}-pr-{number}", "{owner}-{repo}-{number}", "{number}", "pr{number}-{repo}", "v2-{number}"]
    {
        assert_eq!(text.parse::<NameTemplate>().expect(text).to_string(), text);
    }
    assert_eq!("pr-{number}".parse(), Ok(NameTemplate::number()));
    assert_eq!("{repo}-pr-{number}".parse(), Ok(NameTemplate::repo_and_number()));
}

#[test]
fn invalid_templates_are_refused_with_a_reason() {
    for (text, part) in [
        ("", "must contain {number}"),
        ("{repo}", "must contain {number}"),
        ("{branch}-{number}", "placeholder `{branch}`"),
        ("{}-{number}", "placeholder `{}`"),
        ("{Number}", "placeholder `{Number}`"),
        ("{repo-{number}", "placeholder `{repo-{number}`"),
        ("{number", "a brace that"),
        ("number}", "a brace that"),
        ("{number}-{number}", "use {number} only once"),
        ("{repo}-{repo}-{number}", "use {repo} only once"),
        ("{repo}{number}", "two adjacent placeholders"),
        ("{owner}{repo}-{number}", "two adjacent placeholders"),
        ("pr1{number}", "a digit next to {number}"),
        ("{number}0", "a digit next to {number}"),
        ("PR-{number}", "only lower-case letters"),
        ("pr--{number}", "only lower-case letters"),
        ("-{number}", "only lower-case letters"),
        ("{number}-", "only lower-case letters"),
        ("pr.{number}", "only lower-case letters"),
        ("a-very-long-beginning-{number}", "at most 20"),
    ] {
        let error = text.parse::<NameTemplate>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn longest_parts_fit_into_a_name() {
    let repository: Repository = format!("{}/{}", "o".repeat(39), "r".repeat(100)).parse().unwrap();
    let template: NameTemplate =
        "a-{owner}-bbbbbbbbbbbbbb-{repo}-c-{number}".replace("bbbbbbbbbbbbbb", "bbbbbbbbb").parse().unwrap();
    let text = template.render_within(Some(&repository), NonZeroU64::MAX, 52).unwrap();
    assert!(text.len() <= 52, "{text}");
    assert!(text.contains("o-b") && text.contains("r-c"), "{text}");
}
