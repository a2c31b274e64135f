//! XML documents of the API.

use roxmltree::Node;

/// Namespace of all documents.
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// A document with this root element.
pub(super) fn document(root: &str, content: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<{root} xmlns=\"{NAMESPACE}\">{content}</{root}>")
}

/// An error of the API.
pub(super) fn error(code: &str, message: &str) -> String {
    let fields = element("Type", "Sender") + &element("Code", code) + &element("Message", &escaped(message));
    let request_id = element("RequestId", "6c2d1c77-fake");
    document("ErrorResponse", &(element("Error", &fields) + &request_id))
}

/// An element with content that is XML.
pub(super) fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// Text as content of an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// First child element with a name.
pub(super) fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// Text of the first child element with a name.
pub(super) fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).map(|child| child.text().unwrap_or_default().to_owned())
}
