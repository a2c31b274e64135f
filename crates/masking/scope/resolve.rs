//! Tables of a database that the names of a migration refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::{MigrationScope, RoutineTexts, SqlFile, SqlName, Widening, touched_tables};
use crate::table_name::TableName;

/// Relations of a database, as its catalogue lists them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SchemaRelations {
    /// Tables with rows, partitioned tables included.
    pub tables: BTreeSet<TableName>,
    /// Relations that each view, materialised view and rule reads or writes.
    pub views: BTreeMap<TableName, Vec<TableName>>,
    /// Parents of each partition and of each table that inherits.
    pub parents: BTreeMap<TableName, Vec<TableName>>,
    /// Tables that own a sequence.
    pub sequences: BTreeMap<TableName, TableName>,
    /// Functions of the triggers of each table.
    pub triggers: BTreeMap<TableName, Vec<SqlName>>,
    /// Tables whose rows change with the rows of a table: `ON DELETE` and `ON UPDATE` other than `NO ACTION` and `RESTRICT`.
    pub cascades: BTreeMap<TableName, Vec<TableName>>,
}

/// Tables that a migration touches in a database.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResolvedScope {
    /// Tables. All tables of the database if `all_tables` is not empty.
    pub tables: BTreeSet<TableName>,
    /// Reasons to touch all tables.
    pub all_tables: Vec<Widening>,
}

impl MigrationScope {
    /// Finds the existing tables of a database that the migration touches: those of views, sequences and old names,
    /// partitions and parents, and tables that triggers and foreign keys change, too. `routines` are the routines of the database.
    pub fn resolve(&self, relations: &SchemaRelations, routines: &RoutineTexts) -> ResolvedScope {
        let mut resolver =
            Resolver { relations, routines, found: BTreeSet::new(), all_tables: self.all_tables.clone() };
        let renamed = self.renamed.iter().map(|renamed| &renamed.from);
        for name in self.tables.keys().chain(renamed) {
            resolver.name(name);
        }
        for name in self.sequences.keys() {
            let owned = relations.sequences.iter().filter(|(sequence, _)| is_named(name, sequence));
            for (_, table) in owned {
                resolver.relation(table);
            }
        }
        let Resolver { found, all_tables, .. } = resolver;
        let tables = if all_tables.is_empty() {
            found.intersection(&relations.tables).cloned().collect()
        } else {
            relations.tables.clone()
        };
        ResolvedScope { tables, all_tables }
    }
}

struct Resolver<'a> {
    relations: &'a SchemaRelations,
    routines: &'a RoutineTexts,
    found: BTreeSet<TableName>,
    all_tables: Vec<Widening>,
}

impl<'a> Resolver<'a> {
    fn name(&mut self, name: &SqlName) {
        let relations = self.relations;
        let views = relations.views.keys();
        for relation in relations.tables.iter().chain(views).filter(|relation| is_named(name, relation)) {
            self.relation(relation);
        }
    }

    /// Adds a relation and everything that changes or is read with it.
    fn relation(&mut self, first: &'a TableName) {
        let mut next = vec![first];
        while let Some(relation) = next.pop() {
            if !self.found.insert(relation.clone()) {
                continue;
            }
            let SchemaRelations { views, parents, cascades, triggers, tables: _, sequences: _ } = self.relations;
            next.extend([views, parents, cascades].into_iter().filter_map(|map| map.get(relation)).flatten());
            next.extend(parents.iter().filter(|(_, parents)| parents.contains(relation)).map(|(child, _)| child));
            for function in triggers.get(relation).into_iter().flatten() {
                self.trigger(function);
            }
        }
    }

    fn trigger(&mut self, function: &SqlName) {
        let call = format!("SELECT {}()", quoted(function));
        let file = format!("trigger {function}");
        let scope = touched_tables(&[SqlFile { name: &file, content: call.as_bytes() }], self.routines);
        for widening in scope.all_tables {
            if !self.all_tables.contains(&widening) {
                self.all_tables.push(widening);
            }
        }
        for name in scope.tables.keys() {
            let known = self.relations.tables.iter().chain(self.relations.views.keys());
            let is_new =
                known.filter(|relation| is_named(name, relation)).any(|relation| !self.found.contains(relation));
            if is_new {
                self.name(name);
            }
        }
    }
}

fn quoted(name: &SqlName) -> String {
    let part = |part: &str| format!("\"{part}\"");
    match &name.schema {
        Some(schema) => format!("{}.{}", part(schema), part(&name.name)),
        None => part(&name.name),
    }
}

fn is_named(name: &SqlName, table: &TableName) -> bool {
    name.name == table.name && name.schema.as_ref().is_none_or(|schema| *schema == table.schema)
}
