//! Word lists for generated values. All lists are our own; a list has no duplicates, and no entry is longer than 18
//! characters.

mod de;
mod en;
mod es;
mod fr;

use crate::locale::Locale;

/// Words of one locale.
pub(crate) struct Words {
    pub(crate) first_names: &'static [&'static str],
    pub(crate) last_names: &'static [&'static str],
    /// Names of streets, with the word for a street.
    pub(crate) streets: &'static [&'static str],
    /// True if the number of a house is written before the name of the street.
    pub(crate) number_first: bool,
    pub(crate) cities: &'static [&'static str],
    /// First words of companies.
    pub(crate) trades: &'static [&'static str],
    /// Legal forms of companies.
    pub(crate) legal_forms: &'static [&'static str],
}

/// Words of a locale.
pub(crate) fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::De => &de::WORDS,
        Locale::En => &en::WORDS,
        Locale::Es => &es::WORDS,
        Locale::Fr => &fr::WORDS,
    }
}

/// Names for user names and e-mail addresses: lower-case ASCII, at most eight characters.
pub(crate) const HANDLES: &[&str] = &[
    "amber", "apollo", "aspen", "aster", "atlas", "aurora", "basil", "birch", "bison", "breeze", "cedar", "clover",
    "cobalt", "comet", "copper", "coral", "cosmo", "crane", "cypress", "delta", "dune", "ember", "falcon", "fern",
    "finch", "fjord", "flint", "garnet", "ginger", "glacier", "grove", "harbor", "hazel", "heron", "indigo", "iris",
    "ivory", "jade", "jasper", "juniper", "kestrel", "lagoon", "lark", "laurel", "lemon", "lilac", "linden", "lotus",
    "lunar", "maple", "marble", "meadow", "mint", "mistral", "nebula", "nectar", "nova", "oasis", "olive", "onyx",
    "opal", "orchid", "osprey", "otter", "pearl", "pebble", "pepper", "pine", "plum", "poppy", "prairie", "quartz",
    "quill", "raven", "reef", "ridge", "river", "robin", "sable", "saffron", "sage", "sierra", "silver", "sparrow",
    "spruce", "summit", "sunset", "teal", "thistle", "tidal", "topaz", "tulip", "velvet", "violet", "walnut", "willow",
    "wren", "yarrow", "zephyr", "zinnia",
];

/// Countries: English name, two letters, three letters (ISO 3166-1).
pub(crate) const COUNTRIES: &[(&str, &str, &str)] = &[
    ("Argentina", "AR", "ARG"),
    ("Australia", "AU", "AUS"),
    ("Austria", "AT", "AUT"),
    ("Belgium", "BE", "BEL"),
    ("Brazil", "BR", "BRA"),
    ("Canada", "CA", "CAN"),
    ("Chile", "CL", "CHL"),
    ("Croatia", "HR", "HRV"),
    ("Denmark", "DK", "DNK"),
    ("Estonia", "EE", "EST"),
    ("Finland", "FI", "FIN"),
    ("France", "FR", "FRA"),
    ("Germany", "DE", "DEU"),
    ("Ghana", "GH", "GHA"),
    ("Greece", "GR", "GRC"),
    ("Iceland", "IS", "ISL"),
    ("India", "IN", "IND"),
    ("Ireland", "IE", "IRL"),
    ("Italy", "IT", "ITA"),
    ("Japan", "JP", "JPN"),
    ("Kenya", "KE", "KEN"),
    ("Latvia", "LV", "LVA"),
    ("Malta", "MT", "MLT"),
    ("Mexico", "MX", "MEX"),
    ("Morocco", "MA", "MAR"),
    ("Norway", "NO", "NOR"),
    ("Peru", "PE", "PER"),
    ("Poland", "PL", "POL"),
    ("Portugal", "PT", "PRT"),
    ("Spain", "ES", "ESP"),
    ("Sweden", "SE", "SWE"),
    ("Uruguay", "UY", "URY"),
];

/// User agents with round version numbers.
pub(crate) const USER_AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
];

/// Words of filler text.
pub(crate) const FILLER: &[&str] = &[
    "a", "at", "by", "in", "it", "of", "on", "or", "to", "and", "any", "day", "for", "its", "new", "old", "one", "our",
    "the", "two", "away", "book", "calm", "card", "cloud", "door", "each", "east", "even", "farm", "field", "floor",
    "fresh", "glass", "grain", "green", "hill", "house", "into", "lake", "light", "long", "mill", "moon", "near",
    "north", "note", "open", "over", "page", "paper", "path", "plain", "quiet", "rain", "river", "road", "round",
    "sand", "shore", "small", "snow", "south", "stone", "table", "then", "tree", "under", "water", "west", "wide",
    "wind", "with", "wood", "bridge", "candle", "corner", "garden", "gentle", "island", "letter", "market", "meadow",
    "middle", "morning", "orange", "silver", "simple", "spring", "summer", "sunday", "travel", "valley", "window",
    "winter", "yellow",
];

#[cfg(test)]
mod tests;
