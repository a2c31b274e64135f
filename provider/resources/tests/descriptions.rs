//! Descriptions of the registry pages.

use tfplugin::schema::{Attribute, Schema, Shape};

use super::samples;

/// First words that a description must not have: it begins with the attribute's noun, or with a verb.
const REFUSED: [&str; 12] =
    ["What", "Why", "Whether", "Who", "Whose", "Which", "Where", "How", "It", "Its", "Does", "The same"];

#[test]
fn descriptions_begin_with_a_noun_or_a_verb() {
    let mut found = Vec::new();
    of_schema("provider", &samples::provider_schema(), &mut found);
    for each in crate::RESOURCES {
        of_schema(each.type_name(), &each.schema(), &mut found);
    }
    for each in crate::DATA_SOURCES {
        of_schema(each.type_name(), &each.schema(), &mut found);
    }
    for each in crate::EPHEMERALS {
        of_schema(each.type_name(), &each.schema(), &mut found);
    }
    for each in crate::FUNCTIONS {
        let signature = each.signature();
        found.push((each.name().to_owned(), signature.summary.to_owned()));
        found.push((each.name().to_owned(), signature.description.to_owned()));
        let parameters = signature.parameters.iter().chain(&signature.variadic);
        found.extend(
            parameters
                .map(|parameter| (format!("{}({})", each.name(), parameter.name), parameter.description.to_owned())),
        );
    }
    assert!(found.len() > 100, "{} descriptions", found.len());
    let refused: Vec<_> = found.iter().filter(|(_, text)| text.is_empty() || begins_with_refused(text)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn description_with_a_question_word_is_found() {
    assert!(begins_with_refused("What to shout.") && begins_with_refused("Its name."));
    assert!(!begins_with_refused("Whatever is set.") && !begins_with_refused("Items of the list."));
}

fn begins_with_refused(text: &str) -> bool {
    let mut rests = REFUSED.iter().filter_map(|words| text.strip_prefix(words));
    rests.any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
}

fn of_schema(name: &str, schema: &Schema, found: &mut Vec<(String, String)>) {
    of_attributes(name, &schema.attributes, found);
    for block in &schema.blocks {
        of_schema(&format!("{name}.{}", block.name), &block.schema, found);
    }
}

fn of_attributes(name: &str, attributes: &[Attribute], found: &mut Vec<(String, String)>) {
    for attribute in attributes {
        let path = format!("{name}.{}", attribute.name);
        if let Shape::Object { attributes, .. } = &attribute.shape {
            of_attributes(&path, attributes, found);
        }
        found.push((path, attribute.description.to_owned()));
    }
}
