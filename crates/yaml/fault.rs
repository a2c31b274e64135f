//! Faults in YAML files, each with a remedy.

/// A fault with its position.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Document, from 1.
    pub document: u32,
    /// Kind of the fault.
    pub kind: FaultKind,
}

/// Kinds of faults.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FaultKind {
    /// Invalid YAML.
    #[error("invalid YAML: {0}")]
    Syntax(String),
    /// Bytes that are not UTF-8.
    #[error("the file is not UTF-8")]
    NotText,
    /// A control character.
    #[error("the file contains the control character U+{:04X}", u32::from(*.0))]
    Control(char),
    /// A key that is twice in one map.
    #[error("duplicate key `{0}`")]
    DuplicateKey(String),
    /// A key that is not a string.
    #[error("a key must be a string, got {0}")]
    Key(String),
    /// A value that YAML readers interpret differently.
    #[error("ambiguous value `{text}`: without quotes some YAML readers read {one}, others {other}")]
    Ambiguous {
        /// The value.
        text: String,
        /// One interpretation.
        one: &'static str,
        /// The other interpretation.
        other: &'static str,
    },
    /// A tag other than the standard tags of YAML's core types.
    #[error("unsupported tag `{0}`")]
    Tag(String),
    /// `<<` with a value that is not a map.
    #[error("the value of `<<` must be a map or a list of maps")]
    Merge,
    /// A value above a limit.
    #[error("{what} has more than {limit} {unit}")]
    TooLarge {
        /// The file, or a part of it.
        what: &'static str,
        /// Maximum.
        limit: usize,
        /// Unit of the maximum.
        unit: &'static str,
    },
}

impl FaultKind {
    /// Remedy of the fault.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "correct the line; templates of Helm must be part of a chart",
            Self::NotText => "save the file as UTF-8",
            Self::Control(_) => "remove the character, or write it as an escape in double quotes",
            Self::DuplicateKey(_) => "remove one of the two",
            Self::Key(_) => "put the key in quotes",
            Self::Ambiguous { .. } => {
                "put it in quotes if it is a string, else write `true`, `false` or the decimal number"
            }
            Self::Tag(_) => "remove the tag",
            Self::Merge => "use an alias of a map, or write the keys",
            Self::TooLarge { .. } => "split the file, or render less of it",
        }
    }
}
