//! Walk over the syntax trees of files and of the bodies inside of them.

use std::collections::{BTreeMap, BTreeSet};

use squawk_syntax::{
    SourceFile,
    SyntaxKind::{self, *},
    SyntaxNode,
    ast::{self, AstNode as _},
};

use super::builtin::{is_builtin, runs_sql};
use super::prepare::prepared;
use super::relations::{cascades, child, child_after, has_token, is_query_name, name, name_of_text, table_of_column};
use super::routine::{Lines, literal};
use super::{AddedColumn, MigrationScope, RenamedTable, RoutineTexts, SqlName, SqlPlace, WideningReason};

/// Maximum depth of texts with SQL inside of texts with SQL.
const DEPTH: usize = 8;

/// Findings of all files.
#[derive(Default)]
pub(super) struct ScopeWalk {
    pub(super) scope: MigrationScope,
    /// Routines that are called, each with its first position and statement.
    called: BTreeMap<SqlName, (SqlPlace, String)>,
    defined: BTreeSet<SqlName>,
    prepared: BTreeSet<String>,
    executed: BTreeMap<String, (SqlPlace, String)>,
}

/// A tree with its positions.
struct TreeAt<'a> {
    file: &'a str,
    lines: &'a Lines<'a>,
    depth: usize,
}

impl TreeAt<'_> {
    fn place(&self, node: &SyntaxNode) -> SqlPlace {
        SqlPlace { file: self.file.to_owned(), line: self.line(node) }
    }

    /// Line of the first token that is not white space.
    fn line(&self, node: &SyntaxNode) -> u32 {
        let tokens = node.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
        let first = tokens.into_iter().find(|token| !matches!(token.kind(), WHITESPACE | COMMENT));
        self.lines.line(first.map_or(node.text_range().start(), |token| token.text_range().start()))
    }
}

impl ScopeWalk {
    /// Walks over a file.
    pub(super) fn file(&mut self, file: &str, text: &str) {
        self.text(file, text, &Lines::of_file(text), 0);
    }

    fn text(&mut self, file: &str, text: &str, lines: &Lines<'_>, depth: usize) {
        if depth > DEPTH {
            let reason = WideningReason::TooLarge { limit: DEPTH, unit: "texts inside of texts" };
            self.scope.widen(file, lines.line(0.into()), text, reason);
            return;
        }
        let parse = SourceFile::parse(text);
        for error in parse.errors() {
            let start = usize::from(error.range().start());
            let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            let reason = WideningReason::Syntax(error.message().to_owned());
            self.scope.widen(file, lines.line(error.range().start()), line, reason);
        }
        self.tree(&TreeAt { file, lines, depth }, &parse.syntax_node());
    }

    fn tree(&mut self, tree: &TreeAt<'_>, root: &SyntaxNode) {
        for node in root.descendants() {
            match node.kind() {
                RELATION_NAME_REF | TABLE_NAME_REF | VIEW_REF | TABLE_NAME | VIEW => self.relation(tree, &node),
                SEQUENCE_REF | SEQUENCE => {
                    if let Some(name) = name(&node) {
                        self.scope.sequences.entry(name).or_insert_with(|| tree.place(&node));
                    }
                }
                QUALIFIED_COLUMN_NAME_REF | OPTION_OWNED_BY => {
                    if let Some(table) = table_of_column(&node) {
                        self.scope.tables.entry(table).or_insert_with(|| tree.place(&node));
                    }
                }
                COLUMN | ADD_COLUMN | ALTER_COLUMN | RENAME_COLUMN => self.column(tree, &node),
                SET_SCHEMA => self.set_schema(tree, &node),
                CALL_EXPR => self.call_expression(tree, &node),
                CALL => {
                    let called = child(&node, PROCEDURE_NAME_REF).and_then(|node| name(&node));
                    self.call(tree, &node, called);
                }
                CREATE_FUNCTION | CREATE_PROCEDURE => self.routine(tree, &node),
                DO => self.block(tree, &node),
                PREPARE => {
                    self.prepared.extend(child(&node, PREPARED_STATEMENT).map(|node| node.text().to_string()));
                }
                EXECUTE => {
                    let found = child(&node, PREPARED_STATEMENT_REF).map(|node| node.text().to_string());
                    let place = (tree.place(&node), statement(&node));
                    self.executed.entry(found.unwrap_or_default()).or_insert(place);
                }
                PLPGSQL_DYN_EXECUTE_STMT
                | PLPGSQL_FOR_DYN_STMT
                | PLPGSQL_OPEN_EXECUTE
                | PLPGSQL_RETURN_QUERY_EXECUTE_STMT => self.dynamic(tree, &node),
                kind => {
                    if is_unnamed(kind, &node) {
                        let words: Vec<String> =
                            node.text().to_string().split_whitespace().take(3).map(str::to_uppercase).collect();
                        self.widen(tree, &node, WideningReason::Unnamed(words.join(" ")));
                    }
                }
            }
        }
    }

    fn widen(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode, reason: WideningReason) {
        self.scope.widen(tree.file, tree.line(node), &statement(node), reason);
    }

    fn relation(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        let Some(mut name) = name(node) else { return };
        if node.kind() == RELATION_NAME_REF && is_query_name(node, &name) {
            return;
        }
        let parent = node.parent();
        if let Some(rename) = parent.filter(|parent| matches!(parent.kind(), TABLE_RENAME_TO | VIEW_RENAME_TO)) {
            let Some(from) = rename.parent().and_then(|statement| altered(&statement)) else { return };
            name.schema.clone_from(&from.schema);
            let renamed = RenamedTable { from, to: name.clone(), place: tree.place(node) };
            self.scope.renamed.push(renamed);
        } else if matches!(node.kind(), TABLE_NAME | VIEW) {
            self.scope.created.insert(name.clone());
        }
        self.scope.tables.entry(name).or_insert_with(|| tree.place(node));
    }

    fn set_schema(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        let Some(statement) = node.parent().filter(|parent| {
            matches!(parent.kind(), ALTER_TABLE | ALTER_VIEW | ALTER_MATERIALIZED_VIEW | ALTER_FOREIGN_TABLE)
        }) else {
            return;
        };
        let schema = child(node, SCHEMA_REF).and_then(|node| name_of_text(&node.text().to_string()));
        if let (Some(from), Some(schema)) = (altered(&statement), schema) {
            let to = SqlName { schema: Some(schema.name), name: from.name.clone() };
            self.scope.tables.entry(to.clone()).or_insert_with(|| tree.place(node));
            self.scope.renamed.push(RenamedTable { from, to, place: tree.place(node) });
        }
    }

    /// A column that is added, renamed, or gets another type.
    fn column(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        let table = node.ancestors().find_map(|ancestor| match ancestor.kind() {
            ALTER_TABLE | ALTER_FOREIGN_TABLE => altered(&ancestor),
            CREATE_TABLE | CREATE_FOREIGN_TABLE => child(&ancestor, TABLE_NAME).and_then(|node| name(&node)),
            _ => None,
        });
        let text = |node: SyntaxNode| node.text().to_string();
        let (column, type_name) = match node.kind() {
            COLUMN | ADD_COLUMN => (child(node, COLUMN_NAME), child_after(node, COLUMN_NAME).map(text)),
            ALTER_COLUMN => {
                let Some(set_type) = child(node, SET_TYPE) else { return };
                (child(node, COLUMN_NAME_REF), set_type.children().next().map(text))
            }
            // The last name is the new one.
            _ => {
                let from = child(node, COLUMN_NAME_REF).map(text).unwrap_or_default();
                (child(node, COLUMN_NAME), Some(format!("renamed from {from}")))
            }
        };
        let column = column.and_then(|node| name_of_text(&node.text().to_string()));
        if let (Some(table), Some(column)) = (table, column) {
            let type_name = type_name.unwrap_or_default().trim().to_owned();
            let place = tree.place(node);
            self.scope.added_columns.push(AddedColumn { table, column: column.name, type_name, place });
        }
    }

    fn call_expression(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        if child(node, ARG_LIST).is_none() {
            return;
        }
        let called = node.children().next().and_then(|node| name_of_text(&node.text().to_string()));
        self.call(tree, node, called);
    }

    fn call(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode, called: Option<SqlName>) {
        match called {
            Some(name) if runs_sql(&name.name) => self.widen(tree, node, WideningReason::Dynamic),
            Some(name) if is_builtin(&name) => {}
            Some(name) => {
                self.called.entry(name).or_insert_with(|| (tree.place(node), statement(node)));
            }
            None => self.widen(tree, node, WideningReason::Dynamic),
        }
    }

    fn routine(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        let defined = node.children().find(|node| matches!(node.kind(), FUNCTION_NAME | PROCEDURE_NAME));
        self.defined.extend(defined.and_then(|node| name(&node)));
        let function = ast::CreateFunction::cast(node.clone());
        let procedure = ast::CreateProcedure::cast(node.clone());
        let plpgsql = function.as_ref().and_then(ast::CreateFunction::plpgsql);
        let plpgsql = plpgsql.or_else(|| procedure.as_ref().and_then(ast::CreateProcedure::plpgsql));
        if let Some(body) = plpgsql {
            let map = |range| body.source_range(range);
            self.body(tree, node, &body.syntax(), body.errors(), &map);
            return;
        }
        let sql = function.as_ref().and_then(ast::CreateFunction::sql_body);
        let sql = sql.or_else(|| procedure.as_ref().and_then(ast::CreateProcedure::sql_body));
        if let Some(body) = sql {
            let map = |range| body.source_range(range);
            self.body(tree, node, &body.syntax(), body.errors(), &map);
            return;
        }
        // A body that is not a literal is a part of the tree.
        let has_literal = node.descendants().any(|node| matches!(node.kind(), AS_DEFINITION | AS_OBJ_FILE));
        if has_literal {
            let reason = WideningReason::Language(language(node, LANGUAGE_FUNC_OPTION));
            self.widen(tree, node, reason);
        }
    }

    fn block(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        match ast::Do::cast(node.clone()).and_then(|block| block.plpgsql()) {
            Some(body) => {
                let map = |range| body.source_range(range);
                self.body(tree, node, &body.syntax(), body.errors(), &map);
            }
            None => self.widen(tree, node, WideningReason::Language(language(node, DO_LANGUAGE))),
        }
    }

    fn body(
        &mut self,
        tree: &TreeAt<'_>,
        owner: &SyntaxNode,
        root: &SyntaxNode,
        errors: Vec<squawk_syntax::syntax_error::SyntaxError>,
        map: &dyn Fn(rowan::TextRange) -> rowan::TextRange,
    ) {
        for error in errors {
            let reason = WideningReason::Syntax(error.message().to_owned());
            self.scope.widen(tree.file, tree.lines.line(error.range().start()), &statement(owner), reason);
        }
        if tree.depth >= DEPTH {
            let reason = WideningReason::TooLarge { limit: DEPTH, unit: "texts inside of texts" };
            self.widen(tree, owner, reason);
            return;
        }
        let lines = Lines::Inside { outer: tree.lines, map };
        self.tree(&TreeAt { file: tree.file, lines: &lines, depth: tree.depth + 1 }, root);
    }

    /// SQL of EXECUTE: a literal is read, everything else is built at run time.
    fn dynamic(&mut self, tree: &TreeAt<'_>, node: &SyntaxNode) {
        let text = child(node, PLPGSQL_EXPR).and_then(|query| literal(&query.text().to_string()));
        match text {
            Some(text) => {
                let line = tree.line(node);
                let mut inside = MigrationScope::default();
                let ready = prepared(tree.file, &text, &mut inside);
                for widening in inside.all_tables {
                    self.scope.widen(tree.file, line, &widening.statement, widening.reason);
                }
                self.text(tree.file, &ready, &Lines::Fixed(line), tree.depth + 1);
            }
            None => self.widen(tree, node, WideningReason::Dynamic),
        }
    }

    /// The next routine that is called, is not defined in the files, and has a known text.
    pub(super) fn next_routine<'r>(
        &self,
        routines: &'r RoutineTexts,
        followed: &BTreeSet<SqlName>,
    ) -> Option<(SqlName, &'r [String])> {
        let unknown = self.called.keys().filter(|called| !self.is_defined(called));
        let candidates = unknown.flat_map(|called| routines.iter().filter(move |(known, _)| known.can_be(called)));
        let mut candidates = candidates.filter(|(known, _)| !followed.contains(known));
        candidates.next().map(|(known, texts)| (known.clone(), texts.as_slice()))
    }

    fn is_defined(&self, called: &SqlName) -> bool {
        self.defined.iter().any(|defined| defined.can_be(called))
    }

    /// The scope, widened by calls of unknown routines.
    pub(super) fn finish(mut self) -> MigrationScope {
        let called = std::mem::take(&mut self.called);
        for (name, (place, statement)) in called {
            if !self.is_defined(&name) {
                self.scope.widen(&place.file, place.line, &statement, WideningReason::UnknownRoutine(name));
            }
        }
        let executed = std::mem::take(&mut self.executed);
        for (name, (place, statement)) in executed {
            if !self.prepared.contains(&name) {
                self.scope.widen(&place.file, place.line, &statement, WideningReason::UnknownPrepared(name));
            }
        }
        self.scope
    }
}

/// Table or view of a statement `ALTER TABLE` or `ALTER VIEW`.
fn altered(statement: &SyntaxNode) -> Option<SqlName> {
    let is_name = |node: &SyntaxNode| matches!(node.kind(), TABLE_RELATION_NAME | TABLE_NAME_REF | VIEW_REF);
    statement.children().find(is_name).and_then(|node| name(&node))
}

/// Text of the statement around a node.
fn statement(node: &SyntaxNode) -> String {
    let is_list = |node: &SyntaxNode| matches!(node.kind(), SOURCE_FILE | PLPGSQL_BODY);
    let found = node.ancestors().find(|node| node.parent().is_none_or(|parent| is_list(&parent)));
    // Only the beginning is shown.
    found.as_ref().unwrap_or(node).text().to_string().chars().take(400).collect()
}

fn language(node: &SyntaxNode, kind: SyntaxKind) -> String {
    let option = node.descendants().find(|node| node.kind() == kind);
    let text = option.map(|node| node.text().to_string()).unwrap_or_default();
    text.split_whitespace().nth(1).unwrap_or("unknown").trim_matches('\'').to_owned()
}

/// True for statements that concern tables without naming them.
fn is_unnamed(kind: SyntaxKind, node: &SyntaxNode) -> bool {
    match kind {
        DROP_OWNED | REASSIGN | ALL_IN_TABLESPACE | CREATE_EVENT_TRIGGER | LOAD | IMPORT_FOREIGN_SCHEMA => true,
        DROP_SCHEMA | DROP_TYPE | DROP_DOMAIN | DROP_EXTENSION | DROP_FUNCTION | DROP_ROUTINE | DROP_PROCEDURE
        | ALTER_TYPE => cascades(node),
        ALTER_SCHEMA => child(node, SCHEMA_RENAME_TO).is_some(),
        ALTER_DOMAIN => {
            child(node, ADD_CONSTRAINT).is_some()
                || child(node, VALIDATE_CONSTRAINT).is_some()
                || child(node, SET_NOT_NULL).is_some()
        }
        // Without a table, the whole database is sorted again.
        CLUSTER => node.children().next().is_none() && !has_token(node, IDENT),
        _ => false,
    }
}
