//! Builder of the document tree from parser events; enforces the limits.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, ScalarStyle, Tag};

use crate::document::{Document, YamlLimits};
use crate::fault::{Fault, FaultKind};
use crate::node::{Content, MapEntry, Node};
use crate::scalar::{self, Ambiguous};

/// Position of an event in the text.
#[derive(Clone, Copy)]
pub(super) struct Position {
    /// Line, from 1.
    pub(super) line: u32,
    /// Column in characters, from 1.
    pub(super) column: u32,
}

impl Position {
    fn of(node: &Node) -> Self {
        Self { line: node.line, column: node.column }
    }

    fn node(self, content: Content) -> Node {
        Node { line: self.line, column: self.column, content }
    }
}

/// A fault after which reading cannot continue.
type FatalFault = (Position, FaultKind);

/// Number of faults after which reading stops.
const MAX_FAULTS: usize = 100;

/// An incomplete list or map.
enum Open {
    List { at: Position, anchor: usize, items: Vec<Node>, size: usize },
    Map(Map),
}

struct Map {
    at: Position,
    anchor: usize,
    entries: Vec<MapEntry>,
    /// Keys written in the map.
    keys: BTreeSet<String>,
    /// Keys that only come from a merge.
    merged: BTreeSet<String>,
    /// True after a `<<`.
    has_merge: bool,
    /// The last key, until its value is complete.
    key: Option<(MapKey, Position)>,
    size: usize,
}

enum MapKey {
    Text(String),
    Merge,
}

pub(super) struct Builder<'a> {
    limits: &'a YamlLimits,
    documents: Vec<Document>,
    number: u32,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    repeated: usize,
    faults: Vec<Fault>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(limits: &'a YamlLimits) -> Self {
        Self {
            limits,
            documents: Vec::new(),
            number: 0,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            repeated: 0,
            faults: Vec::new(),
        }
    }

    /// All faults so far, with the fault that stops reading.
    pub(super) fn fail(&mut self, at: Position, kind: FaultKind) -> Vec<Fault> {
        self.note(at, kind);
        std::mem::take(&mut self.faults)
    }

    /// Drops documents with their faults. After an early stop nothing is dropped: the last document is incomplete.
    pub(super) fn leave_out(&mut self, unwanted: impl Fn(&Document) -> bool) {
        if self.has_enough() {
            return;
        }
        let left_out: BTreeSet<u32> =
            self.documents.iter().filter(|document| unwanted(document)).map(|document| document.number).collect();
        self.documents.retain(|document| !left_out.contains(&document.number));
        self.faults.retain(|fault| !left_out.contains(&fault.document));
    }

    pub(super) fn finish(self) -> Result<Vec<Document>, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.documents) } else { Err(self.faults) }
    }

    pub(super) fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), FatalFault> {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(..) => self.start_document(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), at),
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", at)?;
                self.push(Open::List { at, anchor, items: Vec::new(), size: 1 }, at)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", at)?;
                self.push(Open::Map(Map::new(at, anchor)), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            // Comments and other metadata, which the options of the parser disable.
            _ => Ok(()),
        }
    }

    fn start_document(&mut self, at: Position) -> Result<(), FatalFault> {
        self.number += 1;
        self.anchors.clear();
        self.open.clear();
        let limit = self.limits.documents;
        if usize::try_from(self.number).is_ok_and(|number| number > limit) {
            return Err((at, FaultKind::TooLarge { what: "the file", limit, unit: "documents" }));
        }
        Ok(())
    }

    fn push(&mut self, open: Open, at: Position) -> Result<(), FatalFault> {
        if self.wants_key() {
            return Err((at, FaultKind::Key("a list or a map".to_owned())));
        }
        let limit = self.limits.depth;
        if self.open.len() >= limit {
            return Err((at, FaultKind::TooLarge { what: "the document", limit, unit: "levels" }));
        }
        self.charge(1, at)?;
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, at: Position) -> Result<(), FatalFault> {
        let (node, anchor, size) = match self.open.pop() {
            Some(Open::List { at, anchor, items, size }) => (at.node(Content::List(items)), anchor, size),
            Some(Open::Map(Map { at, anchor, entries, size, .. })) => (at.node(Content::Map(entries)), anchor, size),
            None => return Err((at, FaultKind::Syntax("the end of a list or map without its beginning".to_owned()))),
        };
        self.insert(node, anchor, size)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Position,
    ) -> Result<(), FatalFault> {
        self.charge(1, at)?;
        let is_plain = style == ScalarStyle::Plain;
        let tag = tag_name(tag);
        let is_merge = is_plain && text == "<<" && matches!(tag.as_deref(), None | Some("merge"));
        if is_merge && let Some(Open::Map(Map { key: key @ None, .. })) = self.open.last_mut() {
            *key = Some((MapKey::Merge, at));
            return Ok(());
        }
        let content = match tag {
            Some(name) => {
                let content = scalar::tagged(&name, text, is_plain);
                let Some(content) = content else { return Err((at, FaultKind::Tag(name))) };
                Ok(content)
            }
            None if is_plain => scalar::plain(text),
            None => Ok(Content::Text(text.to_owned())),
        };
        if let Some(Open::Map(Map { key: key @ None, .. })) = self.open.last_mut() {
            let (found, fault) = match scalar::key(text, content).map(MapKey::Text) {
                Ok(found) => (found, None),
                Err(kind) => (MapKey::Text(text.to_owned()), Some(kind)),
            };
            *key = Some((found, at));
            if let Some(kind) = fault {
                self.note(at, kind);
            }
            return Ok(());
        }
        let content = match content {
            Ok(content) => content,
            Err(Ambiguous { one, other }) => {
                self.note(at, FaultKind::Ambiguous { text: text.to_owned(), one, other });
                Content::Null
            }
        };
        self.insert(at.node(content), anchor, 1)
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), FatalFault> {
        if self.wants_key() {
            return Err((at, FaultKind::Key("an alias".to_owned())));
        }
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err((at, FaultKind::Syntax("an alias is part of the value that it repeats".to_owned())));
        };
        let (size, limit) = (*size, self.limits.repeated);
        // Checked before the value is copied.
        self.repeated = self.repeated.saturating_add(size);
        if self.repeated > limit {
            return Err((at, FaultKind::TooLarge { what: "the content repeated by aliases", limit, unit: "values" }));
        }
        let node = at.node(node.content.clone());
        let levels = depth(&node).saturating_add(self.open.len());
        if levels > self.limits.depth {
            let limit = self.limits.depth;
            return Err((at, FaultKind::TooLarge { what: "the document", limit, unit: "levels" }));
        }
        self.charge(size, at)?;
        self.insert(node, 0, size)
    }

    /// Adds a complete value to the open list or map, or as a document.
    fn insert(&mut self, node: Node, anchor: usize, node_size: usize) -> Result<(), FatalFault> {
        if anchor != 0 {
            // The copy that is kept for aliases counts too.
            self.charge(node_size, Position::of(&node))?;
            self.anchors.insert(anchor, (node.clone(), node_size));
        }
        let fault = match self.open.last_mut() {
            None => {
                if !node.is_null() {
                    self.documents.push(Document { number: self.number, root: node });
                }
                None
            }
            Some(Open::List { items, size, .. }) => {
                items.push(node);
                *size = size.saturating_add(node_size);
                None
            }
            Some(Open::Map(map)) => {
                map.size = map.size.saturating_add(node_size);
                let Some((key, at)) = map.key.take() else {
                    return Err((Position::of(&node), FaultKind::Key(node.kind().to_owned())));
                };
                map.add(key, at, node).err().map(|kind| (at, kind))
            }
        };
        if let Some((at, kind)) = fault {
            self.note(at, kind);
        }
        Ok(())
    }

    /// True if the next value must be a key.
    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map(Map { key: None, .. })))
    }

    /// True if the next value is an item of a list.
    pub(super) fn expects_item(&self) -> bool {
        matches!(self.open.last(), Some(Open::List { .. }))
    }

    /// True if the number of faults has reached its limit.
    pub(super) fn has_enough(&self) -> bool {
        self.faults.len() >= MAX_FAULTS
    }

    fn note(&mut self, at: Position, kind: FaultKind) {
        let Position { line, column } = at;
        self.faults.push(Fault { line, column, document: self.number.max(1), kind });
    }

    /// Charges values to the limit of the file.
    fn charge(&mut self, more: usize, at: Position) -> Result<(), FatalFault> {
        self.nodes = self.nodes.saturating_add(more);
        let limit = self.limits.nodes;
        if self.nodes > limit {
            return Err((at, FaultKind::TooLarge { what: "the file", limit, unit: "values" }));
        }
        Ok(())
    }

    fn check_tag(&self, tag: Option<&Tag>, expected: &str, at: Position) -> Result<(), FatalFault> {
        match tag_name(tag) {
            None => Ok(()),
            Some(name) if name == expected => Ok(()),
            Some(name) => Err((at, FaultKind::Tag(name))),
        }
    }
}

impl Map {
    fn new(at: Position, anchor: usize) -> Self {
        let (keys, merged) = (BTreeSet::new(), BTreeSet::new());
        Self { at, anchor, entries: Vec::new(), keys, merged, has_merge: false, key: None, size: 1 }
    }

    fn add(&mut self, key: MapKey, at: Position, node: Node) -> Result<(), FaultKind> {
        let key = match key {
            MapKey::Merge if self.has_merge => return Err(FaultKind::DuplicateKey("<<".to_owned())),
            MapKey::Merge => {
                self.has_merge = true;
                return self.merge(node);
            }
            MapKey::Text(key) => key,
        };
        if !self.keys.insert(key.clone()) {
            return Err(FaultKind::DuplicateKey(key));
        }
        // A written key replaces a merged key.
        if self.merged.remove(&key) {
            self.entries.retain(|entry| entry.key != key);
        }
        self.entries.push(MapEntry { key, line: at.line, column: at.column, node });
        Ok(())
    }

    /// Adds the keys of one or several merged maps that this map does not have.
    fn merge(&mut self, node: Node) -> Result<(), FaultKind> {
        let maps = match node.content {
            Content::Map(_) => vec![node],
            Content::List(items) => items,
            _ => return Err(FaultKind::Merge),
        };
        for map in maps {
            let Content::Map(found) = map.content else { return Err(FaultKind::Merge) };
            for entry in found {
                if !self.keys.contains(&entry.key) && self.merged.insert(entry.key.clone()) {
                    self.entries.push(entry);
                }
            }
        }
        Ok(())
    }
}

/// Short name of a standard tag, or the whole tag; none if there is no tag. The tag `!` means string.
fn tag_name(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    Some(match (tag.handle(), tag.suffix()) {
        ("tag:yaml.org,2002:", name) => name.to_owned(),
        ("", "!") | ("!", "") => "str".to_owned(),
        (handle, suffix) => format!("{handle}{suffix}"),
    })
}

fn depth(node: &Node) -> usize {
    match &node.content {
        Content::List(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Content::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.node)).max().unwrap_or_default(),
        _ => 0,
    }
}
