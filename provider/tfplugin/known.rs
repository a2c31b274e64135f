//! [`Known`]: a resource of the registry with its schema and types, which are computed once per process.

use crate::managed::AnyResource;
use crate::rpc::wire::identity_type;
use crate::schema::{Attribute, Schema};
use crate::ty::Type;

/// A resource with its schema and types.
pub(crate) struct Known<C: 'static> {
    pub(crate) resource: &'static dyn AnyResource<C>,
    pub(crate) schema: Schema,
    /// Type of the values.
    pub(crate) ty: Type,
    /// Attributes of the identity; empty if there is none.
    pub(crate) identities: Vec<Attribute>,
    /// Type of the identity.
    pub(crate) identity: Type,
}

impl<C> Known<C> {
    pub(crate) fn of(resource: &'static dyn AnyResource<C>) -> Self {
        let (schema, identities) = (resource.schema(), resource.identity_attributes());
        Self { resource, ty: schema.ty(), schema, identity: identity_type(&identities), identities }
    }
}
