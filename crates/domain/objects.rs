//! Objects of an environment: its namespace and everything that guards it.
//!
//! # Guarantees
//!
//! - The same environment has the same objects in the same order: the namespace first, then its guards.
//! - Every object has the ownership labels. Quota and limits always come together.
//! - No object contains a time, so applying the objects never conflicts with the writers of the clock.
//!
//! The Terraform provider and the Argo CD plugin apply these objects without additions.

mod access;
pub(crate) mod guards;
mod namespace;
mod network;

pub use self::namespace::{namespace_claim, namespace_object};
use crate::environment::{Environment, NamespaceProvenance};
use crate::object::Object;

/// All objects of an environment, in the order of their application.
pub fn objects(environment: &Environment, provenance: &NamespaceProvenance) -> Vec<Object> {
    let mut objects = vec![namespace_object(environment, provenance)];
    objects.extend(contents(environment));
    objects
}

/// Objects inside the environment's namespace, in the order of their application.
pub fn contents(environment: &Environment) -> Vec<Object> {
    let mut objects = vec![access::service_account(environment)];
    objects.extend(guards::guards(environment));
    objects.extend(network::policies(environment));
    objects.extend(access::access(environment));
    objects
}

#[cfg(test)]
mod tests;
