//! [`Known`]: a resource of the registry with all that follows from its types, which is made once in a process.

use crate::managed::AnyResource;
use crate::rpc::wire::identity_type;
use crate::schema::{Attribute, Schema};
use crate::ty::Type;

/// A resource, ready to be called.
pub(crate) struct Known<C: 'static> {
    pub(crate) resource: &'static dyn AnyResource<C>,
    pub(crate) schema: Schema,
    /// The type of its values.
    pub(crate) ty: Type,
    /// The attributes of its identity; empty if there is none.
    pub(crate) identities: Vec<Attribute>,
    /// The type of its identity.
    pub(crate) identity: Type,
}

impl<C> Known<C> {
    pub(crate) fn of(resource: &'static dyn AnyResource<C>) -> Self {
        let (schema, identities) = (resource.schema(), resource.identity_attributes());
        Self { resource, ty: schema.ty(), schema, identity: identity_type(&identities), identities }
    }
}
