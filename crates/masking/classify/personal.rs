//! Columns that can have personal data, by type and name.

use crate::{
    catalogue::CatalogueColumn,
    function::{MaskFunction, MaskKind, Room, TypeClass},
    policy::ColumnRule,
};

/// Words of names of columns with personal data, each with the kind that fits best. The first match counts.
const WORDS: &[(&[&str], MaskKind)] = &[
    (&["email", "mail", "e_mail"], MaskKind::Email),
    (&["user_agent", "useragent"], MaskKind::UserAgent),
    (&["first_name", "firstname", "given_name", "forename"], MaskKind::FirstName),
    (&["last_name", "lastname", "surname", "family_name", "maiden_name"], MaskKind::LastName),
    (&["company", "employer", "organisation", "organization"], MaskKind::Company),
    (&["username", "user_name", "login", "nick", "nickname", "handle"], MaskKind::Username),
    (&["full_name", "fullname", "name", "contact", "person", "holder", "recipient", "author"], MaskKind::FullName),
    (&["phone", "mobile", "telephone", "tel", "fax", "cell"], MaskKind::Phone),
    (&["ip", "ip_address", "ipaddr", "remote_addr"], MaskKind::Ip),
    (&["mac", "mac_address"], MaskKind::Mac),
    (&["street", "address", "addr", "address1", "address2"], MaskKind::Street),
    (&["city", "town", "birthplace"], MaskKind::City),
    (&["zip", "zipcode", "postcode", "postal", "plz"], MaskKind::Postcode),
    (&["country", "nationality"], MaskKind::Country),
    (&["iban"], MaskKind::Iban),
    (&["card", "pan", "credit_card"], MaskKind::Card),
    (
        &["ssn", "passport", "national_id", "tax_id", "vat", "licence", "license", "plate", "insurance", "nino"],
        MaskKind::NationalId,
    ),
    (&["birth", "birthday", "birthdate", "born", "dob", "death", "deceased"], MaskKind::DateShift),
    (
        &["salary", "income", "wage", "lat", "lon", "lng", "latitude", "longitude", "weight", "height"],
        MaskKind::NumberNoise,
    ),
    (&["age", "gender", "sex", "religion", "ethnicity", "diagnosis", "disability"], MaskKind::Constant),
    (&["url", "website", "homepage", "avatar", "photo"], MaskKind::Url),
    (&["password", "passwd", "pwd", "secret", "token", "api_key", "hash", "salt"], MaskKind::Hash),
    (&["account", "account_number", "customer_number"], MaskKind::Digits),
];

/// True if a column needs a rule or `keep`: it can hold text, JSON, XML, bytes or addresses, or its name looks personal.
pub(super) fn needs_rule(column: &CatalogueColumn) -> bool {
    match column.class {
        TypeClass::Text
        | TypeClass::Json
        | TypeClass::Xml
        | TypeClass::Bytes
        | TypeClass::Inet
        | TypeClass::Mac
        | TypeClass::Other => true,
        _ => by_name(&column.name.name).is_some(),
    }
}

/// Rule for a column without one, as the policy writes it.
pub fn suggested_rule(column: &CatalogueColumn) -> String {
    match default_rule(column) {
        Some(ColumnRule::Json(_)) => "{ kind: json }".to_owned(),
        Some(ColumnRule::Function { function, .. }) => match function {
            MaskFunction::Constant(value) => format!("{{ kind: constant, value: \"{value}\" }}"),
            MaskFunction::Round { to } => format!("{{ kind: round, to: {to} }}"),
            function => format!("{{ kind: {} }}", function.kind()),
        },
        _ => "keep".to_owned(),
    }
}

/// Default rule of a column: by its name if the type fits, else by its type. None if no function fits.
pub(super) fn default_rule(column: &CatalogueColumn) -> Option<ColumnRule> {
    if column.class == TypeClass::Json {
        return (!column.unique).then(|| ColumnRule::Json(Vec::new()));
    }
    let named = named_kind(column).and_then(|kind| function(kind, column.class));
    let room = Room { limit: column.limit, unique: column.unique };
    let fits = |function: &MaskFunction| {
        function.accepts(column.class)
            && function.check_room(room).is_ok()
            && !(column.not_null && *function == MaskFunction::Null)
    };
    let function = named.into_iter().chain(default_functions(column.class)).find(fits)?;
    Some(ColumnRule::Function { function, fold_case: false })
}

/// Functions for the values of a type, the best one first.
pub(super) fn default_functions(class: TypeClass) -> [MaskFunction; 2] {
    match class {
        TypeClass::Text | TypeClass::Xml => [MaskFunction::Text, MaskFunction::NationalId],
        TypeClass::Bytes => [MaskFunction::Hash { length: 32 }, MaskFunction::Null],
        TypeClass::Inet => [MaskFunction::Ip, MaskFunction::Null],
        TypeClass::Mac => [MaskFunction::Mac, MaskFunction::Null],
        TypeClass::Date | TypeClass::Timestamp => [MaskFunction::DateShift { days: 30 }, MaskFunction::Null],
        TypeClass::Integer => [MaskFunction::Digits, MaskFunction::Null],
        TypeClass::Numeric | TypeClass::Float => [MaskFunction::NumberNoise { percent: 10 }, MaskFunction::Null],
        TypeClass::Uuid => [MaskFunction::Uuid, MaskFunction::Null],
        _ => [MaskFunction::Null, MaskFunction::Null],
    }
}

/// Kind for the name of a column; none if the name is not personal.
pub(super) fn named_kind(column: &CatalogueColumn) -> Option<MaskKind> {
    by_name(&column.name.name)
}

/// Kind for the name of a column: the first entry of [`WORDS`] with a word that the name has.
fn by_name(name: &str) -> Option<MaskKind> {
    let words = words(name);
    let has = |pattern: &&str| {
        let parts: Vec<&str> = pattern.split('_').collect();
        words.windows(parts.len()).any(|window| window.iter().zip(&parts).all(|(word, part)| word == part))
    };
    WORDS.iter().find(|(patterns, _)| patterns.iter().any(has)).map(|(_, kind)| *kind)
}

/// Words of a name in lower case: `customerEmail` and `customer_email` have two.
fn words(name: &str) -> Vec<String> {
    let (mut found, mut before): (Vec<String>, char) = (vec![String::new()], '_');
    for c in name.chars() {
        let begins_word = c.is_uppercase() && before.is_lowercase();
        if begins_word || !c.is_alphanumeric() {
            found.push(String::new());
        }
        if let Some(word) = found.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    found.retain(|word| !word.is_empty());
    found
}

/// Function of a kind with its defaults; none if it does not give values of the type, or has no default.
fn function(kind: MaskKind, class: TypeClass) -> Option<MaskFunction> {
    let found = MaskFunction::with_defaults(kind);
    (kind != MaskKind::Constant && found.accepts(class)).then_some(found)
}

#[cfg(test)]
mod tests;
