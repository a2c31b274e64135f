//! Approval of each commit before it is rendered.

/// Rule for the approval of commits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalRule {
    /// Authors of pull requests that need no approval.
    pub trusted_authors: Vec<String>,
    /// Prefix of the label that approves a commit. The whole commit follows.
    pub label_prefix: String,
}

impl ApprovalRule {
    /// True if pull requests of this author need no approval. Upper and lower case of ASCII letters are equal.
    pub(crate) fn trusts(&self, author: &str) -> bool {
        self.trusted_authors.iter().any(|trusted| trusted.eq_ignore_ascii_case(author))
    }
}

impl Default for ApprovalRule {
    /// Values of keys that are not set.
    fn default() -> Self {
        Self { trusted_authors: Vec::new(), label_prefix: "approved/".to_owned() }
    }
}
