//! Order of the records in a listing.

/// Key of a record: its name with the labels in reverse order and a final dot, its type and its set identifier. Names are
/// compared as bytes, so `-` precedes a dot.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct RecordKey {
    pub(super) reversed: String,
    pub(super) record_type: String,
    pub(super) set_identifier: String,
}

impl RecordKey {
    /// Key of a record with a name as listed.
    pub(super) fn new(name: &str, record_type: &str, set_identifier: &str) -> Self {
        let labels: Vec<&str> = name.trim_end_matches('.').rsplit('.').collect();
        Self {
            reversed: labels.join(".") + ".",
            record_type: record_type.to_owned(),
            set_identifier: set_identifier.to_owned(),
        }
    }
}
