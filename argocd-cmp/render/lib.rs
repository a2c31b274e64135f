//! Files, parameters and policy to the manifests of one environment, or to every reason why not.

mod node;
mod read;
mod write;

pub use crate::node::{Content, Entry, Field, Node, Step};
pub use crate::read::{Document, Fault, FaultKind, Limits, read};
pub use crate::write::{to_json, to_yaml};
