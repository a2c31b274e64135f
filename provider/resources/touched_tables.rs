//! The function `touched_tables`: tables that SQL touches, for the decision if a pull request needs a database.

use eod_masking::{RoutineTexts, SqlFile, touched_tables};
use tfplugin::{Arguments, Field as _, Function, FunctionError, Model, Parameter, Signature, Type, Value};

/// `provider::eod::touched_tables(sql)`.
pub(crate) struct TouchedTablesOf;

/// Result of the function.
#[derive(Model)]
struct TouchedSql {
    /// Tables.
    tables: Vec<String>,
    /// True if any table can be touched.
    all_tables: bool,
    /// Reason for all tables.
    reason: Option<String>,
    /// Columns that are added.
    added_columns: Vec<String>,
}

impl Function for TouchedTablesOf {
    fn name(&self) -> &'static str {
        "touched_tables"
    }

    fn signature(&self) -> Signature {
        let texts = || Type::List(Box::new(Type::String));
        Signature {
            parameters: vec![Parameter::of::<String>("sql", "SQL of a migration, in PostgreSQL's dialect.")],
            variadic: None,
            returns: Type::object([
                ("tables", texts()),
                ("all_tables", Type::Bool),
                ("reason", Type::String),
                ("added_columns", texts()),
            ]),
            summary: "Tables that SQL touches",
            description: "Returns an object with `tables`, `all_tables`, `reason` and `added_columns`. A statement that cannot be analysed, such \
                as SQL that is built at run time, can touch any table: `all_tables` is true then, and `reason` has the line. Names are \
                those of the text. No server is contacted.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let sql: String = arguments.get(0)?;
        let file = SqlFile { name: "sql", content: sql.as_bytes() };
        let found = touched_tables(&[file], &RoutineTexts::default());
        let columns = found.added_columns.iter().map(|added| format!("{}.{}", added.table, added.column));
        let result = TouchedSql {
            tables: found.tables.keys().map(ToString::to_string).collect(),
            all_tables: !found.all_tables.is_empty(),
            reason: found.all_tables.first().map(ToString::to_string),
            added_columns: columns.collect(),
        };
        Ok(result.encode())
    }
}
