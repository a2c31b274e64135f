use super::*;

#[test]
fn paths_match_values_and_what_is_inside() {
    let key = |key: &str| JsonStep::Key(key.to_owned());
    let steps = [key("people"), JsonStep::Item(1), key("mail"), key("work")];
    for (path, expected) in [
        ("$", true),
        ("$.people", true),
        ("$.people[1]", true),
        ("$.people[*].mail.work", true),
        ("$.*.*.mail", true),
        ("$..mail", true),
        ("$..work", true),
        ("$..mail.work", true),
        ("$[\"people\"][1]", true),
        ("$.people[2]", false),
        ("$.mail", false),
        ("$..people.mail", false),
        ("$.people[1].mail.work.x", false),
    ] {
        let parsed: JsonPath = path.parse().unwrap();
        assert_eq!(parsed.matches(&steps), expected, "{path}");
        assert_eq!(parsed.to_string().parse::<JsonPath>().unwrap(), parsed);
    }
}

#[test]
fn other_texts_are_refused() {
    for text in ["", "a.b", "$a", "$.", "$.a[", "$.a[x]", "$.a..", "$..*", "$.a b", "$[\"a\""] {
        assert!(text.parse::<JsonPath>().is_err(), "{text}");
    }
}
