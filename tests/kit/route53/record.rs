//! Record sets as the service stores and lists them.

use super::document::{element, escaped};

/// A record set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FakeRecord {
    /// Name as listed: lower case, with a final dot, with octal escapes.
    pub name: String,
    /// Type, such as `CNAME`.
    pub record_type: String,
    /// Identifier of one of several record sets with a routing policy.
    pub set_identifier: Option<String>,
    /// Routing policy: name of the element, such as `Weight`, and its value.
    pub routing: Option<(String, String)>,
    /// TTL in seconds; none for an alias.
    pub ttl: Option<i64>,
    /// Values in the order of the call.
    pub values: Vec<String>,
    /// Alias: zone of the target, its name, and true if its health is considered.
    pub alias: Option<(String, String, bool)>,
}

impl FakeRecord {
    /// A simple record with a TTL of 60 seconds.
    pub fn simple(name: &str, record_type: &str, values: &[&str]) -> Self {
        Self {
            name: listed_name(name),
            record_type: record_type.to_owned(),
            ttl: Some(60),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Adds a weighted routing policy.
    #[must_use]
    pub fn weighted(mut self, set_identifier: &str, weight: u8) -> Self {
        self.set_identifier = Some(set_identifier.to_owned());
        self.routing = Some(("Weight".to_owned(), weight.to_string()));
        self
    }

    /// The element `ResourceRecordSet`.
    pub(super) fn xml(&self) -> String {
        let Self { name, record_type, set_identifier, routing, ttl, values, alias } = self;
        let mut content = element("Name", &escaped(name)) + &element("Type", record_type);
        if let Some(identifier) = set_identifier {
            content += &element("SetIdentifier", &escaped(identifier));
        }
        if let Some((policy, value)) = routing {
            content += &element(policy, &escaped(value));
        }
        if let Some((zone, target, health)) = alias {
            let target = element("HostedZoneId", zone)
                + &element("DNSName", &escaped(&listed_name(target)))
                + &element("EvaluateTargetHealth", if *health { "true" } else { "false" });
            content += &element("AliasTarget", &target);
        } else {
            content += &element("TTL", &ttl.unwrap_or_default().to_string());
            let values = values.iter().map(|value| element("ResourceRecord", &element("Value", &escaped(value))));
            content += &element("ResourceRecords", &values.collect::<String>());
        }
        element("ResourceRecordSet", &content)
    }

    /// Name, type and identifier for a message.
    pub(super) fn described(&self) -> String {
        let Self { name, record_type, set_identifier, .. } = self;
        let identifier = set_identifier.as_ref().map(|id| format!(", set-identifier='{id}'")).unwrap_or_default();
        format!("[name='{name}', type='{record_type}'{identifier}]")
    }
}

/// A name as the service lists it: lower case, with a final dot, and with three octal digits for every character except
/// letters, digits, `-` and `_`.
pub(super) fn listed_name(text: &str) -> String {
    let mut name = String::new();
    let mut rest = text.trim_end_matches('.').as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escape = digits.filter(|_| byte == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let (byte, is_escape) = escape.map_or((byte, false), |byte| (byte, true));
        match byte.to_ascii_lowercase() {
            b'.' if !is_escape => name.push('.'),
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => name.push(char::from(plain)),
            other => name.push_str(&format!("\\{other:03o}")),
        }
        rest = if is_escape { &after[3..] } else { after };
    }
    name + "."
}
