//! Batches of changes as they arrive.

use roxmltree::{Document, Node};

use super::{
    document::{child, child_text},
    record::{FakeRecord, listed_name},
};

/// Action of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ChangeVerb {
    Create,
    Delete,
    Upsert,
}

/// A change of one record set.
#[derive(Clone, Debug)]
pub(super) struct SubmittedChange {
    pub(super) verb: ChangeVerb,
    /// Record with a name as listed.
    pub(super) record: FakeRecord,
    /// Name as it was sent.
    pub(super) sent_name: String,
}

/// Elements of routing policies that are stored as text.
const POLICIES: [&str; 4] = ["Weight", "Region", "Failover", "MultiValueAnswer"];

impl ChangeVerb {
    /// Name in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Delete => "DELETE",
            Self::Upsert => "UPSERT",
        }
    }
}

/// Reads the body of `ChangeResourceRecordSets`; `None` if it is malformed.
pub(super) fn read_batch(body: &str) -> Option<Vec<SubmittedChange>> {
    let document = Document::parse(body).ok()?;
    let root = document.root_element();
    if root.tag_name().name() != "ChangeResourceRecordSetsRequest" {
        return None;
    }
    let changes = child(child(root, "ChangeBatch")?, "Changes")?;
    changes.children().filter(Node::is_element).map(read_change).collect()
}

fn read_change(node: Node<'_, '_>) -> Option<SubmittedChange> {
    let verb = match child_text(node, "Action")?.as_str() {
        "CREATE" => ChangeVerb::Create,
        "DELETE" => ChangeVerb::Delete,
        "UPSERT" => ChangeVerb::Upsert,
        _ => return None,
    };
    let set = child(node, "ResourceRecordSet")?;
    let sent_name = child_text(set, "Name")?;
    let values = child(set, "ResourceRecords").into_iter().flat_map(|records| records.children());
    let alias = child(set, "AliasTarget").and_then(|alias| {
        let health = child_text(alias, "EvaluateTargetHealth")? == "true";
        Some((child_text(alias, "HostedZoneId")?, listed_name(&child_text(alias, "DNSName")?), health))
    });
    let record = FakeRecord {
        name: listed_name(&sent_name),
        record_type: child_text(set, "Type")?,
        set_identifier: child_text(set, "SetIdentifier"),
        routing: POLICIES.iter().find_map(|policy| Some(((*policy).to_owned(), child_text(set, policy)?))),
        ttl: child_text(set, "TTL").and_then(|ttl| ttl.parse().ok()),
        values: values.filter_map(|record| child_text(record, "Value")).collect(),
        alias,
    };
    Some(SubmittedChange { verb, record, sent_name })
}
