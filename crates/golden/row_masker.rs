//! Masks the rows of one table in the binary format of COPY.

use eod_masking::{ColumnMasker, TypeClass};

use crate::{
    copy_format::{CopyEncoder, CopyRow},
    value::{ValueCodec, ValueError, rewrite_array},
};

/// Handling of one column.
#[derive(Clone)]
pub enum ColumnAction {
    /// The bytes stay.
    Keep,
    /// All values become NULL.
    Null,
    /// Values that are neither NULL nor empty become these bytes.
    Constant {
        /// Binary form.
        bytes: Vec<u8>,
        /// True if a value without bytes is an empty text, which stays.
        keep_empty: bool,
        /// True if values are arrays, and their items are replaced.
        is_array: bool,
    },
    /// Values are masked.
    Mask {
        /// Masker.
        masker: Box<ColumnMasker>,
        /// Class of the values or items.
        class: TypeClass,
        /// Codec of the values or items.
        codec: ValueCodec,
        /// True if values are arrays, and their items are masked.
        is_array: bool,
    },
}

/// Row that cannot be masked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct RowError {
    /// Index of the column in the copy.
    pub column: usize,
    /// Problem.
    pub problem: ValueError,
}

/// Masker of the rows of one table.
pub struct RowMasker {
    actions: Vec<ColumnAction>,
}

impl RowMasker {
    /// A masker for columns in the order of the copy.
    pub fn new(actions: Vec<ColumnAction>) -> Self {
        Self { actions }
    }

    /// True if all rows stay as they are.
    pub fn keeps_all(&self) -> bool {
        self.actions.iter().all(|action| matches!(action, ColumnAction::Keep))
    }

    /// Appends the masked row.
    ///
    /// # Errors
    ///
    /// A value cannot be read, or its masked text is not a value of its type. The values are not in the error.
    pub fn mask(&self, row: CopyRow<'_>, out: &mut CopyEncoder) -> Result<(), RowError> {
        out.begin_row();
        for (column, (value, action)) in row.fields().zip(&self.actions).enumerate() {
            let failed = |problem| RowError { column, problem };
            match (value, action) {
                (None, _) | (_, ColumnAction::Null) => out.field(None),
                (Some(value), ColumnAction::Keep) => out.field(Some(value)),
                (Some(value), ColumnAction::Constant { bytes, keep_empty, is_array }) => {
                    let replace = |value: &[u8], out: &mut Vec<u8>| {
                        if !(*keep_empty && value.is_empty()) {
                            out.extend_from_slice(bytes);
                        }
                        Ok(true)
                    };
                    if *is_array {
                        out.field_with(|out| rewrite_array(value, out, replace).map(|()| true)).map_err(failed)?;
                    } else {
                        out.field_with(|out| replace(value, out)).map_err(failed)?;
                    }
                }
                (Some(value), ColumnAction::Mask { masker, class, codec, is_array }) => {
                    let mask = |value: &[u8], out: &mut Vec<u8>| match masker.mask(*class, &codec.decode(value)?) {
                        Some(text) => codec.encode(&text, out).map(|()| true),
                        None => Ok(false),
                    };
                    if *is_array {
                        out.field_with(|out| rewrite_array(value, out, mask).map(|()| true)).map_err(failed)?;
                    } else {
                        out.field_with(|out| mask(value, out)).map_err(failed)?;
                    }
                }
            }
        }
        Ok(())
    }
}
