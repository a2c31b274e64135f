//! Plan of a masked copy: the decision of a policy about each column as an action on its binary values.

use std::collections::BTreeMap;

use eod_clients::{
    Deadline, Error,
    postgres::{PostgresSession, SqlStatement},
};
use eod_masking::{
    Classification, ColumnMasker, ColumnName, FixedOutput, MaskingKey, MaskingPolicy, RefusedRule, RoomError,
    TableName, classify,
};

use crate::{
    copy_format::CopyDecoder,
    database::{DatabaseCatalogue, DatabaseColumn, DatabaseTable},
    digest::{columns_fingerprint, rules_fingerprint},
    row_masker::{ColumnAction, RowMasker},
    sql::quoted_text,
    table_load::TableLoad,
    value::ValueCodec,
};

/// Maximum size of a constant in its binary form.
const MAX_CONSTANT: usize = 1 << 20;

/// Copy that cannot be planned. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Policy that does not fit the database.
    #[error("the policy does not fit the database:\n{}", listed(.0))]
    Refused(Vec<RefusedRule>),
    /// Columns without room for a function.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// Table or column that the target does not have, or has in another form.
    #[error("table {table} of the target differs from the source: {difference}")]
    Different {
        /// Table.
        table: TableName,
        /// Difference.
        difference: String,
    },
    /// Table that the database does not have.
    #[error("the database has no table {0}")]
    NoTable(TableName),
    /// Constant of a policy that the server does not accept for the type of its column.
    #[error("constant of column {column} is not a value of type {type_name}")]
    Constant {
        /// Column.
        column: ColumnName,
        /// Type.
        type_name: String,
        /// Error of the client.
        source: Error,
    },
}

/// Plans the copy of all tables of the source, the largest first.
///
/// # Errors
///
/// [`PlanError`].
pub(crate) async fn plan(
    source: &DatabaseCatalogue,
    target: &DatabaseCatalogue,
    session: &mut PostgresSession,
    policy: &MaskingPolicy,
    key: &MaskingKey,
    deadline: &Deadline,
) -> Result<Vec<TableLoad>, PlanError> {
    let classification = classify(policy, &source.masking_catalogue()).map_err(PlanError::Refused)?;
    let maskers = classification.maskers(key)?;
    let targets: BTreeMap<TableName, &DatabaseTable> =
        target.tables.iter().map(|table| (table.name(), table)).collect();
    let mut loads = Vec::new();
    for table in &source.tables {
        let name = table.name();
        let Some(target) = targets.get(&name) else {
            return Err(PlanError::Different { table: name, difference: "it does not exist".to_owned() });
        };
        if let Some(difference) = difference(table, target) {
            return Err(PlanError::Different { table: name, difference });
        }
        let masker = if is_empty(&classification, &name) {
            None
        } else {
            let mut actions = Vec::new();
            for column in table.stored_columns() {
                let full_name = ColumnName::new(name.clone(), &column.name);
                let masker = maskers.get(&full_name);
                actions.push(action(session, column, &full_name, masker, deadline).await?);
            }
            Some(RowMasker::new(actions))
        };
        let columns = table.stored_columns().map(|column| column.name.clone()).collect();
        loads.push(TableLoad {
            name,
            target_oid: target.oid,
            owner: target.owner.clone(),
            columns,
            masker,
            rules_fingerprint: rules_fingerprint(table, &classification),
            columns_fingerprint: columns_fingerprint(table),
        });
    }
    Ok(loads)
}

fn is_empty(classification: &Classification, table: &TableName) -> bool {
    classification.empty.contains(table)
}

/// First difference between the columns of two tables.
fn difference(source: &DatabaseTable, target: &DatabaseTable) -> Option<String> {
    let described = |table: &DatabaseTable| -> Vec<String> {
        let columns = table.columns.iter();
        columns
            .map(|column| {
                format!("`{}` {}{}", column.name, column.type_name, if column.generated { " generated" } else { "" })
            })
            .collect()
    };
    let (source, target) = (described(source), described(target));
    let missing = source.iter().find(|column| !target.contains(column));
    let more = target.iter().find(|column| !source.contains(column));
    missing
        .map(|column| format!("it has no column {column}"))
        .or_else(|| more.map(|column| format!("it has the additional column {column}")))
}

async fn action(
    session: &mut PostgresSession,
    column: &DatabaseColumn,
    name: &ColumnName,
    masker: Option<&ColumnMasker>,
    deadline: &Deadline,
) -> Result<ColumnAction, PlanError> {
    let Some(masker) = masker else { return Ok(ColumnAction::Keep) };
    let (codec, is_array) = (column.codec(), column.is_array());
    Ok(match masker.fixed() {
        Some(FixedOutput::Null) if !is_array => ColumnAction::Null,
        Some(FixedOutput::Constant(text)) => {
            let type_name = column.item_type();
            let bytes = constant(session, text, type_name, deadline).await.map_err(|source| PlanError::Constant {
                column: name.clone(),
                type_name: type_name.to_owned(),
                source,
            })?;
            ColumnAction::Constant { bytes, keep_empty: codec == ValueCodec::Text, is_array }
        }
        _ => ColumnAction::Mask { masker: Box::new(masker.clone()), class: column.class(), codec, is_array },
    })
}

/// Binary form of a constant, as the server writes it.
async fn constant(
    session: &mut PostgresSession,
    text: &str,
    type_name: &str,
    deadline: &Deadline,
) -> Result<Vec<u8>, Error> {
    let sql = format!("COPY (SELECT {}::{type_name}) TO STDOUT (FORMAT binary)", quoted_text(text));
    let target = format!("a constant of type {type_name}");
    let statement = SqlStatement::new("convert", &target, &sql);
    let mut copy = session.copy_out(&statement, deadline).await?;
    let mut decoder = CopyDecoder::new(1, MAX_CONSTANT);
    let mut found = Vec::new();
    while let Some(bytes) = copy.next().await? {
        decoder.push(&bytes);
        while let Ok(Some(row)) = decoder.next_row() {
            found = row.fields().flatten().flatten().copied().collect();
        }
    }
    Ok(found)
}

fn listed(refused: &[RefusedRule]) -> String {
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
