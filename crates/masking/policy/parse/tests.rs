use std::fmt::Write as _;

use expect_test::expect_file;
use strum::IntoEnumIterator as _;

use super::*;
use crate::{locale::Locale, policy::masking_policy_schema};

const WHOLE: &str = r#"
version: 1
defaults:
  unclassified: refuse
  json_strings: mask
  large_objects: drop
roles: [shop_app, shop_readonly]
domains:
  customer_email: { kind: email, fold: lower }
tables:
  public.customers:
    id:      keep
    email:   { domain: customer_email }
    name:    { kind: full_name, locale: de }
    phone:   { kind: phone, keep: country }
    born:    { kind: date_shift, days: 30 }
    profile: { kind: json, paths: { "$.address.street": { kind: street }, "$.theme": keep, "$..mail": { domain: customer_email } } }
    notes:   { kind: text }
    zip:     { kind: postcode, keep: 2 }
    state:   { kind: constant, value: 5 }
    gone:    { kind: null }
    income:  { kind: round, to: 1000 }
  public.orders:
    customer_email: { domain: customer_email }
  public.sessions: empty
  audit.*: empty
  public.countries: keep
"#;

#[test]
fn all_keys_of_a_policy_are_parsed() {
    let policy = parse_masking_policy(WHOLE.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!((policy.unclassified, policy.json_strings), (Unclassified::Refuse, JsonStrings::Mask));
    assert_eq!((policy.large_objects, policy.roles.len()), (LargeObjects::Drop, 2));
    let domain = &policy.domains["customer_email"];
    assert_eq!((&domain.function, domain.fold_case, domain.place.line), (&MaskFunction::Email, true, 9));
    let name = |text: &str| text.parse::<TableName>().unwrap();
    let Some(TableRule::Columns(columns)) = policy.table(&name("public.customers")) else { panic!("no rules") };
    let rule = |column: &str| &columns[column].0;
    let function = |function| ColumnRule::Function { function, fold_case: false };
    assert_eq!(rule("id"), &ColumnRule::Keep);
    assert_eq!(rule("email"), &ColumnRule::Domain("customer_email".to_owned()));
    assert_eq!(rule("name"), &function(MaskFunction::FullName(Locale::De)));
    assert_eq!(rule("phone"), &function(MaskFunction::Phone { keep_country: true }));
    assert_eq!(rule("born"), &function(MaskFunction::DateShift { days: 30 }));
    assert_eq!(rule("zip"), &function(MaskFunction::Postcode { keep: 2 }));
    assert_eq!(rule("state"), &function(MaskFunction::Constant("5".to_owned())));
    assert_eq!(rule("gone"), &function(MaskFunction::Null));
    assert_eq!(rule("income"), &function(MaskFunction::Round { to: 1000 }));
    let ColumnRule::Json(paths) = rule("profile") else { panic!("no paths") };
    assert_eq!(paths.len(), 3);
    assert_eq!(paths[1], ("$.theme".parse().unwrap(), LeafRule::Keep));
    assert_eq!(columns["phone"].1, RulePlace { line: 15, column: 5 });
    assert_eq!(policy.table(&name("public.sessions")), Some(&TableRule::Empty));
    assert_eq!(policy.table(&name("audit.log")), Some(&TableRule::Empty));
    assert_eq!(policy.table(&name("public.countries")), Some(&TableRule::Keep));
    assert_eq!(policy.table(&name("public.other")), None);
}

#[test]
fn exact_name_has_precedence_over_its_schema() {
    let text = "version: 1\ntables:\n  audit.*: empty\n  audit.kinds: keep\n";
    let policy = parse_masking_policy(text.as_bytes()).unwrap();
    assert_eq!(policy.table(&TableName::new("audit", "kinds")), Some(&TableRule::Keep));
    assert_eq!(policy.table(&TableName::new("audit", "log")), Some(&TableRule::Empty));
}

#[test]
fn every_kind_parses_with_its_defaults() {
    for kind in MaskKind::iter() {
        let more = match kind {
            MaskKind::Round => ", to: 10",
            MaskKind::Constant => ", value: x",
            _ => "",
        };
        let text = format!("version: 1\ntables: {{ a.b: {{ c: {{ kind: {kind}{more} }} }} }}");
        parse_masking_policy(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{text}: {mistakes}"));
    }
}

#[test]
fn every_setting_changes_its_function() {
    for kind in MaskKind::iter() {
        for setting in settings(kind) {
            let value = match setting.value {
                SettingValue::Words(words) => (*words.last().unwrap()).to_owned(),
                // No default is so large.
                SettingValue::Integer { most, .. } => most.to_string(),
                SettingValue::Scalar => "x".to_owned(),
            };
            let rule = format!("{{ kind: {kind}, {}: {value} }}", setting.name);
            let policy = parse_masking_policy(format!("version: 1\ntables: {{ a.b: {{ c: {rule} }} }}").as_bytes());
            let Some(TableRule::Columns(rules)) = policy.unwrap().table(&TableName::new("a", "b")).cloned() else {
                panic!("{rule}");
            };
            let ColumnRule::Function { function, .. } = rules["c"].0.clone() else { panic!("{rule}") };
            assert_eq!(function.kind(), kind);
            assert_ne!(function, MaskFunction::with_defaults(kind), "{rule}");
        }
    }
}

/// A column's rule in an otherwise valid policy; the rule is in line 4, column 8.
fn with_rule(rule: &str) -> String {
    format!("version: 1\ntables:\n  public.t:\n    c:   {rule}\n")
}

fn wrong_policies() -> Vec<String> {
    let mut found: Vec<String> = [
        // YAML.
        "",
        "# nothing\n",
        "version: 1\ntables: {a.b: keep\n",
        "version: 1\ntables:\n\ta.b: keep\n",
        "version: 1\ntables:\n  a.b: keep\n  a.b: keep\n",
        "version: 1\ntables:\n  a.b: !custom keep\n",
        "version: 1\ntables:\n  a.b: yes\n",
        "version: 1\ntables: {}\n---\nversion: 1\n",
        "just a text",
        "- version: 1\n",
        // Top level.
        "tables: {a.b: keep}\n",
        "version: 1\n",
        "version: 2\ntables: {a.b: keep}\n",
        "version: '1'\ntables: {a.b: keep}\n",
        "version: 1\ntabels: {a.b: keep}\n",
        "version: 1\ntables: [a.b]\n",
        "version: 1\nextra: 1\ntables: {a.b: keep}\n",
        // Defaults and roles.
        "version: 1\ndefaults: {unclassified: keep}\ntables: {a.b: keep}\n",
        "version: 1\ndefaults: {unclassified: refusse}\ntables: {a.b: keep}\n",
        "version: 1\ndefaults: {json_strings: drop}\ntables: {a.b: keep}\n",
        "version: 1\ndefaults: {large_objects: true}\ntables: {a.b: keep}\n",
        "version: 1\ndefaults: {unclasified: refuse}\ntables: {a.b: keep}\n",
        "version: 1\ndefaults: refuse\ntables: {a.b: keep}\n",
        "version: 1\nroles: app\ntables: {a.b: keep}\n",
        "version: 1\nroles: [app, 7]\ntables: {a.b: keep}\n",
        "version: 1\nroles: [app, app]\ntables: {a.b: keep}\n",
        "version: 1\nroles: ['']\ntables: {a.b: keep}\n",
        "version: 1\nroles: [pg_monitor]\ntables: {a.b: keep}\n",
        // Domains.
        "version: 1\ndomains: {mail: email}\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: keep}\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: }\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: {fold: lower}}\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: {kind: json}}\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: {domain: other}}\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: {kind: email, fold: upper}}\ntables: {a.b: keep}\n",
        "version: 1\ndomains: {mail: {kind: email}}\ntables: {a.b: {c: {domain: mial}}}\n",
        // Tables.
        "version: 1\ntables: {customers: keep}\n",
        "version: 1\ntables: {a.b.c: keep}\n",
        "version: 1\ntables: {'*': keep}\n",
        "version: 1\ntables: {'*.*': keep}\n",
        "version: 1\ntables: {'a.log_*': keep}\n",
        "version: 1\ntables: {'.b': keep}\n",
        "version: 1\ntables: {a.b: kep}\n",
        "version: 1\ntables: {a.b: mask}\n",
        "version: 1\ntables: {a.b: }\n",
        "version: 1\ntables: {a.b: {}}\n",
        "version: 1\ntables: {a.b: [keep]}\n",
        "version: 1\ntables: {'a.*': {c: keep}}\n",
        "version: 1\ntables:\n  a.b: keep\n  '\"a\".b': empty\n",
    ]
    .map(str::to_owned)
    .into();
    found.extend(
        [
            // Columns.
            "email",
            "empty",
            "mask",
            "~",
            "[keep]",
            "7",
            "{}",
            "{kind: emial}",
            "{kind: names}",
            "{kind: [email]}",
            "{kind: email, locale: de}",
            "{kind: full_name, local: de}",
            "{kind: full_name, locale: xx}",
            "{kind: phone, keep: all}",
            "{kind: postcode, keep: country}",
            "{kind: postcode, keep: 99}",
            "{kind: date_shift, days: 0}",
            "{kind: date_shift, days: 1.5}",
            "{kind: number_noise, percent: 100}",
            "{kind: round}",
            "{kind: round, to: many}",
            "{kind: constant}",
            "{kind: constant, value: [x]}",
            "{kind: hash, length: 2}",
            "{kind: email, fold: true}",
            "{kind: json, fold: lower}",
            "{domain: mail}",
            "{domain: mail, kind: email}",
            "{domain: [mail]}",
            // Paths.
            "{kind: json, paths: [a]}",
            "{kind: json, paths: {address: keep}}",
            "{kind: json, paths: {\"$.a b\": keep}}",
            "{kind: json, paths: {\"$.a\": {kind: json}}}",
            "{kind: json, paths: {\"$.a\": kep}}",
            "{kind: json, paths: {\"$.a\": {domain: mail}}}",
            "{kind: json, paths: {\"$.a\": keep, '$[\"a\"]': keep}}",
            "{kind: text, paths: {\"$.a\": keep}}",
        ]
        .map(with_rule),
    );
    found.push(format!("version: 1\nroles: ['{}']\ntables: {{a.b: {{{}: keep}}}}\n", "r".repeat(64), "c".repeat(64)));
    found
}

#[test]
fn wrong_policies_are_refused_with_line_column_and_remedy() {
    let policies = wrong_policies();
    assert!(policies.len() >= 80, "{}", policies.len());
    let mut report = String::new();
    for text in policies {
        let mistakes = parse_masking_policy(text.as_bytes()).expect_err(&text);
        writeln!(report, "{}=> {}\n", text.trim_end().to_owned() + "\n", mistakes.to_string().replace('\n', "\n=> "))
            .unwrap();
    }
    expect_file!["wrong.txt"].assert_eq(&report);
}

#[test]
fn all_mistakes_are_reported_at_once_in_order() {
    let text = "version: 3\nroles: [pg_x]\ntables:\n  a: keep\n  b.c: {d: emial, e: {kind: round}}\nmore: 1\n";
    let mistakes = parse_masking_policy(text.as_bytes()).unwrap_err();
    let lines: Vec<_> = mistakes.as_slice().iter().map(|mistake| mistake.place.line).collect();
    assert_eq!(lines, [1, 2, 4, 5, 5, 6], "{mistakes}");
}

#[test]
fn schema_has_all_kinds_and_settings() {
    let schema = masking_policy_schema();
    let functions = schema["$defs"]["value_function"]["anyOf"].as_array().unwrap();
    // `json` is a function of columns only.
    assert_eq!(functions.len(), MaskKind::iter().count());
    let round = functions.iter().find(|function| function["properties"]["kind"]["const"] == "round").unwrap();
    assert_eq!(round["required"], serde_json::json!(["kind", "to"]));
    let top: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(top.len(), FILE.len());
    assert!(FILE.iter().all(|key| schema["properties"].get(key).is_some()));
    let defaults = schema["properties"]["defaults"]["properties"].as_object().unwrap();
    assert_eq!(defaults.len(), DEFAULTS.len());
    // Every reference has a definition.
    let text = schema.to_string();
    for reference in text.split("#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(schema["$defs"].get(reference).is_some(), "{reference}");
    }
}
