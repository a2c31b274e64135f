//! Names in a syntax tree.

use squawk_syntax::{
    SyntaxKind::{self, *},
    SyntaxNode,
    ast::{AstNode as _, PathSegment, PathSegmentRef},
};

use super::SqlName;

/// Name of a node that contains one path.
pub(super) fn name(node: &SyntaxNode) -> Option<SqlName> {
    SqlName::from_parts(parts(node))
}

/// Table of a node with the path of a column.
pub(super) fn table_of_column(node: &SyntaxNode) -> Option<SqlName> {
    let mut parts = parts(node);
    parts.pop();
    SqlName::from_parts(parts)
}

fn parts(node: &SyntaxNode) -> Vec<String> {
    let segments = node.descendants().filter_map(|node| match node.kind() {
        PATH_SEGMENT => PathSegment::cast(node).map(|segment| segment.text()),
        PATH_SEGMENT_REF => PathSegmentRef::cast(node).map(|segment| segment.text()),
        _ => None,
    });
    segments.collect()
}

/// Name that is written as an expression, such as the function of a call: identifiers with dots between them.
pub(super) fn name_of_text(text: &str) -> Option<SqlName> {
    let (mut parts, mut rest) = (Vec::new(), text.trim());
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (part, after) = quoted.split_once('"')?;
                (part.to_owned(), after)
            }
            None => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(rest.len());
                let (part, after) = rest.split_at_checked(end)?;
                (part.to_lowercase(), after)
            }
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match after.trim_start().strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None if after.trim().is_empty() => return SqlName::from_parts(parts),
            None => return None,
        }
    }
}

/// First child of a kind.
pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// First child that comes after a child of a kind.
pub(super) fn child_after(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().skip_while(|child| child.kind() != kind).nth(1)
}

/// True if a node has a token of a kind.
pub(super) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().filter_map(rowan::NodeOrToken::into_token).any(|token| token.kind() == kind)
}

/// True if a node or a node inside of it is a `CASCADE`.
pub(super) fn cascades(node: &SyntaxNode) -> bool {
    node.descendants().any(|node| node.kind() == CASCADE || has_token(&node, CASCADE_KW))
}

/// True if a name in a FROM clause is that of a query in a WITH clause that is visible there.
pub(super) fn is_query_name(reference: &SyntaxNode, name: &SqlName) -> bool {
    if name.schema.is_some() || !reference.parent().is_some_and(|parent| is_source(&parent)) {
        return false;
    }
    reference.ancestors().any(|ancestor| {
        let Some(with) = child(&ancestor, WITH_CLAUSE) else { return false };
        let is_recursive = has_token(&with, RECURSIVE_KW);
        for table in with.children().filter(|node| node.kind() == WITH_TABLE) {
            let is_inside = table.text_range().contains_range(reference.text_range());
            // A query sees itself and later ones only with RECURSIVE.
            if is_inside && !is_recursive {
                return false;
            }
            let found = child(&table, CTE_NAME).and_then(|node| name_of_text(&node.text().to_string()));
            if found.is_some_and(|found| found.name == name.name) {
                return true;
            }
        }
        false
    })
}

/// True for a relation that is read: an item of FROM, or the statement TABLE.
fn is_source(node: &SyntaxNode) -> bool {
    node.kind() == RELATION_FROM_ITEM
        || (node.kind() == RELATION_NAME && node.parent().is_some_and(|parent| parent.kind() == TABLE))
}
