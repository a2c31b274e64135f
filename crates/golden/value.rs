//! Values of PostgreSQL: binary form to text, and back. The text is that of the server with `DateStyle` ISO and in UTC.

mod array;
mod network;
mod number;
mod time;

use std::{borrow::Cow, fmt::Write as _};

use eod_masking::TypeClass;

pub use self::array::rewrite_array;

/// Binary form of a type.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumIter)]
pub enum ValueCodec {
    /// `text`, `varchar`, `char(n)`, `citext`, `name`: the text.
    Text,
    /// `xml`: the text.
    Xml,
    /// `json`: the text.
    Json,
    /// `jsonb`: a version and the text.
    Jsonb,
    /// `bytea`.
    Bytes,
    /// `boolean`.
    Boolean,
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `numeric`.
    Numeric,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `date`.
    Date,
    /// `timestamp`.
    Timestamp,
    /// `timestamptz`.
    TimestampTz,
    /// `uuid`.
    Uuid,
    /// `inet`.
    Inet,
    /// `cidr`.
    Cidr,
    /// `macaddr` and `macaddr8`.
    Mac,
    /// Other types that cannot hold text. Their values are copied or replaced as a whole.
    Scalar,
    /// All other types. Their values are copied or replaced as a whole.
    Other,
}

/// Value that cannot be converted. The value is not in the error.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// Bytes that are not the binary form of the type.
    #[error("a value does not have the binary form of type {0:?}")]
    Binary(ValueCodec),
    /// Text that is not UTF-8. A database with the encoding `SQL_ASCII` can contain such texts.
    #[error("a text is not UTF-8")]
    Encoding,
    /// Masked text that is not a value of the type.
    #[error("the masked text is not a value of type {0:?}")]
    Text(ValueCodec),
}

impl ValueCodec {
    /// Codec of a base type: neither a domain nor an array. `category` is that of `pg_type`, `is_citext` is true for the type
    /// of the extension citext.
    pub fn of_type(oid: u32, category: char, is_citext: bool) -> Self {
        match oid {
            _ if is_citext => Self::Text,
            19 | 25 | 1042 | 1043 => Self::Text,
            16 => Self::Boolean,
            17 => Self::Bytes,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            114 => Self::Json,
            142 => Self::Xml,
            650 => Self::Cidr,
            700 => Self::Float4,
            701 => Self::Float8,
            774 | 829 => Self::Mac,
            869 => Self::Inet,
            1082 => Self::Date,
            1114 => Self::Timestamp,
            1184 => Self::TimestampTz,
            1700 => Self::Numeric,
            2950 => Self::Uuid,
            3802 => Self::Jsonb,
            // Numbers, times, geometry, bits, enums, and the internal type "char".
            _ if matches!(category, 'N' | 'D' | 'T' | 'G' | 'V' | 'E' | 'Z' | 'B') => Self::Scalar,
            // Ranges and multiranges of numbers and times.
            3904 | 3906 | 3908 | 3910 | 3912 | 3926 | 4451 | 4532 | 4533 | 4534 | 4535 | 4536 => Self::Scalar,
            _ => Self::Other,
        }
    }

    /// Class for the masking functions. A `numeric` without decimal places is an integer.
    pub fn class(self, has_decimal_places: bool) -> TypeClass {
        match self {
            Self::Text => TypeClass::Text,
            Self::Xml => TypeClass::Xml,
            Self::Json | Self::Jsonb => TypeClass::Json,
            Self::Bytes => TypeClass::Bytes,
            Self::Boolean => TypeClass::Boolean,
            Self::Int2 | Self::Int4 | Self::Int8 => TypeClass::Integer,
            Self::Numeric if has_decimal_places => TypeClass::Numeric,
            Self::Numeric => TypeClass::Integer,
            Self::Float4 | Self::Float8 => TypeClass::Float,
            Self::Date => TypeClass::Date,
            Self::Timestamp | Self::TimestampTz => TypeClass::Timestamp,
            Self::Uuid => TypeClass::Uuid,
            Self::Inet | Self::Cidr => TypeClass::Inet,
            Self::Mac => TypeClass::Mac,
            Self::Scalar => TypeClass::Scalar,
            Self::Other => TypeClass::Other,
        }
    }

    /// Text of a value.
    ///
    /// # Errors
    ///
    /// The bytes are not a value of the type, or the type has no text here: [`ValueCodec::Scalar`], [`ValueCodec::Other`].
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, ValueError> {
        let malformed = ValueError::Binary(self);
        let text = |bytes| std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| ValueError::Encoding);
        let owned = match self {
            Self::Text | Self::Xml | Self::Json => return text(bytes),
            Self::Jsonb => return text(bytes.strip_prefix(&[1]).ok_or(malformed)?),
            Self::Bytes => {
                let mut text = String::with_capacity(2 + 2 * bytes.len());
                text.push_str("\\x");
                for byte in bytes {
                    // Writing into a string cannot fail.
                    let _written = write!(text, "{byte:02x}");
                }
                Some(text)
            }
            Self::Boolean => match bytes {
                [0] => Some("f".to_owned()),
                [1] => Some("t".to_owned()),
                _ => None,
            },
            Self::Int2 => exact(bytes).map(|bytes| i16::from_be_bytes(bytes).to_string()),
            Self::Int4 => exact(bytes).map(|bytes| i32::from_be_bytes(bytes).to_string()),
            Self::Int8 => exact(bytes).map(|bytes| i64::from_be_bytes(bytes).to_string()),
            Self::Numeric => number::numeric_text(bytes),
            Self::Float4 => exact(bytes).map(|bytes| number::float_text(f32::from_be_bytes(bytes).to_string())),
            Self::Float8 => exact(bytes).map(|bytes| number::float_text(f64::from_be_bytes(bytes).to_string())),
            Self::Date => exact(bytes).map(|bytes| time::date_text(i32::from_be_bytes(bytes))),
            Self::Timestamp => exact(bytes).map(|bytes| time::timestamp_text(i64::from_be_bytes(bytes), "")),
            Self::TimestampTz => exact(bytes).map(|bytes| time::timestamp_text(i64::from_be_bytes(bytes), "+00")),
            Self::Uuid => exact(bytes).map(network::uuid_text),
            Self::Inet | Self::Cidr => network::inet_text(bytes),
            Self::Mac => network::mac_text(bytes),
            Self::Scalar | Self::Other => None,
        };
        owned.map(Cow::Owned).ok_or(malformed)
    }

    /// Appends the binary form of a text.
    ///
    /// # Errors
    ///
    /// The text is not a value of the type.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
        let encoded = match self {
            Self::Text | Self::Xml | Self::Json => {
                out.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            Self::Jsonb => {
                out.push(1);
                out.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            Self::Bytes => text.strip_prefix("\\x").and_then(network::bytes_of_hex),
            Self::Boolean => match text {
                "t" | "true" => Some(vec![1]),
                "f" | "false" => Some(vec![0]),
                _ => None,
            },
            Self::Int2 => text.parse::<i16>().ok().map(|number| number.to_be_bytes().to_vec()),
            Self::Int4 => text.parse::<i32>().ok().map(|number| number.to_be_bytes().to_vec()),
            Self::Int8 => text.parse::<i64>().ok().map(|number| number.to_be_bytes().to_vec()),
            Self::Numeric => number::numeric_bytes(text),
            Self::Float4 => text.parse::<f32>().ok().map(|number| number.to_be_bytes().to_vec()),
            Self::Float8 => text.parse::<f64>().ok().map(|number| number.to_be_bytes().to_vec()),
            Self::Date => time::date_value(text).map(|days| days.to_be_bytes().to_vec()),
            Self::Timestamp | Self::TimestampTz => {
                time::timestamp_value(text).map(|micros| micros.to_be_bytes().to_vec())
            }
            Self::Uuid => network::bytes_of_hex(&text.replace('-', "")).filter(|bytes| bytes.len() == 16),
            Self::Inet => network::inet_bytes(text, false),
            Self::Cidr => network::inet_bytes(text, true),
            Self::Mac => network::bytes_of_hex(&text.replace([':', '-'], "")),
            Self::Scalar | Self::Other => None,
        };
        out.extend_from_slice(&encoded.ok_or(ValueError::Text(self))?);
        Ok(())
    }
}

/// All bytes as an array; none if there are more or fewer.
fn exact<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests;
