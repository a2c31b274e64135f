//! Maskers of columns: a decision with its keys.

use std::collections::BTreeMap;

use crate::{
    catalogue::ColumnName,
    classify::{Classification, ColumnDecision},
    filler::filler,
    function::{MaskFunction, Masker, RoomError, TypeClass},
    integer,
    json::{JsonLeaf, JsonStep, quoted, rewrite_json},
    key::{DomainKey, MaskingKey},
    policy::JsonPath,
};

/// Masker of one column.
#[derive(Clone)]
pub struct ColumnMasker(Rule);

#[derive(Clone)]
enum Rule {
    Value(Masker),
    Json {
        /// Rules by path, in the order of the file. None keeps the leaves.
        paths: Vec<(JsonPath, Option<Masker>)>,
        strings: Option<Masker>,
        /// Key of the filler that replaces texts that are not JSON.
        key: DomainKey,
    },
}

/// Output that does not depend on the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FixedOutput<'a> {
    /// NULL.
    Null,
    /// Text of a constant. An empty value stays empty.
    Constant(&'a str),
}

impl Classification {
    /// Maskers of all columns that are masked, under a key.
    ///
    /// # Errors
    ///
    /// [`RoomError`] if a domain does not fit its columns. [`classify`](crate::classify()) has checked this, so only a
    /// classification that was changed later has this error.
    pub fn maskers(&self, key: &MaskingKey) -> Result<BTreeMap<ColumnName, ColumnMasker>, RoomError> {
        let mut domains = BTreeMap::new();
        for (name, domain) in &self.domains {
            let masker = Masker::new(domain.function.clone(), key.domain(name), domain.room, domain.form)?;
            domains.insert(name.as_str(), masker);
        }
        let find = |name: &Option<String>| name.as_deref().and_then(|name| domains.get(name).cloned());
        let mut found = BTreeMap::new();
        for (name, decision) in &self.columns {
            let rule = match decision {
                ColumnDecision::Keep | ColumnDecision::Generated => continue,
                ColumnDecision::Mask { domain } => match domains.get(domain.as_str()) {
                    Some(masker) => Rule::Value(masker.clone()),
                    None => continue,
                },
                ColumnDecision::Json { paths, strings } => {
                    let paths = paths.iter().map(|(path, name)| (path.clone(), find(name))).collect();
                    Rule::Json { paths, strings: find(strings), key: key.domain(&format!("json {name}")) }
                }
            };
            found.insert(name.clone(), ColumnMasker(rule));
        }
        Ok(found)
    }
}

impl ColumnMasker {
    /// Output of all values; none if it depends on the value.
    pub fn fixed(&self) -> Option<FixedOutput<'_>> {
        match &self.0 {
            Rule::Value(masker) => match masker.function() {
                MaskFunction::Null => Some(FixedOutput::Null),
                MaskFunction::Constant(value) => Some(FixedOutput::Constant(value)),
                _ => None,
            },
            Rule::Json { .. } => None,
        }
    }

    /// Masks the text of a value that is not NULL; `None` is NULL. Texts are PostgreSQL's output of the type, with
    /// `DateStyle` ISO and in UTC. An array is masked item by item.
    pub fn mask(&self, class: TypeClass, value: &str) -> Option<String> {
        match &self.0 {
            Rule::Value(masker) => masker.mask(class, value),
            Rule::Json { .. } if value.is_empty() => Some(String::new()),
            Rule::Json { paths, strings, key } => {
                Some(rewrite_json(value, |path, leaf| masked_leaf(paths, strings.as_ref(), path, leaf)).unwrap_or_else(
                    |_| {
                        // A document that cannot be read must not stay, and a column of type `json` accepts JSON only.
                        let text = filler(key, value);
                        if class == TypeClass::Json { quoted(&text) } else { text }
                    },
                ))
            }
        }
    }
}

/// New JSON text of a leaf; none keeps it.
fn masked_leaf(
    paths: &[(JsonPath, Option<Masker>)],
    strings: Option<&Masker>,
    steps: &[JsonStep],
    leaf: JsonLeaf<'_>,
) -> Option<String> {
    // The last of several maxima is taken, so the reverse order prefers the first rule of the file.
    let matching = paths.iter().rev().filter_map(|rule| Some((rule.0.specificity(steps)?, rule)));
    let rule = matching.max_by_key(|(specificity, _)| *specificity).map(|(_, rule)| rule);
    let masker = match (rule, leaf) {
        (Some((_, masker)), _) => masker.as_ref()?,
        (None, JsonLeaf::Text(_)) => strings?,
        (None, _) => return None,
    };
    let (class, text) = match leaf {
        JsonLeaf::Text(text) => (TypeClass::Text, text),
        JsonLeaf::Number(text) if integer::parse(text).is_some() => (TypeClass::Integer, text),
        JsonLeaf::Number(text) => (TypeClass::Numeric, text),
        JsonLeaf::Boolean(true) => (TypeClass::Boolean, "true"),
        JsonLeaf::Boolean(false) => (TypeClass::Boolean, "false"),
    };
    let accepts = masker.function().accepts(class);
    // A number with a rule for texts becomes a text: the rule must not leave it.
    let masked = masker.mask(if accepts { class } else { TypeClass::Text }, text);
    let Some(masked) = masked else { return Some("null".to_owned()) };
    let stays_literal =
        accepts && class != TypeClass::Text && serde_json::from_str::<serde::de::IgnoredAny>(&masked).is_ok();
    Some(if stays_literal { masked } else { quoted(&masked) })
}

#[cfg(test)]
mod tests;
