//! Macros for values with a text form: [`text_type!`] for validated strings, [`keyword!`] for closed lists of keywords,
//! [`serde_as_text!`] for everything else with `Display` and `FromStr`.
//!
//! A value is serialized with its `Display` and deserialized with its `FromStr`, so a document never contains a value
//! that the parser refuses.

/// Error for a keyword outside of its closed list.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unsupported {noun} `{found}`: supported are {}", supported.join(", "))]
pub struct KeywordError {
    /// Noun for the kind of keyword, such as `DNS mode`.
    pub noun: &'static str,
    /// Input text.
    pub found: String,
    /// Supported keywords.
    pub supported: &'static [&'static str],
}

/// Implements `Serialize` and `Deserialize` for types with `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($name:ty),+ $(,)?) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

/// Declares a validated string: the type with its common traits, `as_str`, `AsRef<str>`, `FromStr`, `Display` and serde.
///
/// `check` is a `fn(&str) -> Result<(), Error>`. A type that changes the text, for example its case, has
/// `parse` instead, a `fn(&str) -> Result<String, Error>`.
macro_rules! text_type {
    ($(#[$meta:meta])* pub struct $name:ident, check = $check:expr, error = $error:ty) => {
        text_type! {
            $(#[$meta])*
            pub struct $name, parse = |text| $check(text).map(|()| text.to_owned()), error = $error
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident, parse = $parse:expr, error = $error:ty) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            /// The value as a string.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                let parse: fn(&str) -> Result<String, $error> = $parse;
                parse(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        crate::text::serde_as_text!($name);
    };
}

/// Completes an enum of keywords that derives `IntoStaticStr`, `VariantArray` and `VariantNames` of strum: `ALL`, `as_str`,
/// `Display`, `FromStr` and serde. The error of the parser is [`KeywordError`], or `$error` that `$explain` makes from the
/// text.
macro_rules! keyword {
    ($name:ty, $noun:literal) => {
        crate::text::keyword!($name, $noun, crate::text::KeywordError, <$name>::unsupported);
    };
    ($name:ty, $noun:literal, $error:ty, $explain:expr) => {
        impl $name {
            /// All values, in the order of their declaration.
            pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

            /// The keyword.
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// The error for a text that is not one of the keywords.
            fn unsupported(text: &str) -> crate::text::KeywordError {
                crate::text::KeywordError {
                    noun: $noun,
                    found: text.to_owned(),
                    supported: <Self as strum::VariantNames>::VARIANTS,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::ALL.iter().copied().find(|keyword| keyword.as_str() == text).ok_or_else(|| $explain(text))
            }
        }

        crate::text::serde_as_text!($name);
    };
}

pub(crate) use {keyword, serde_as_text, text_type};
