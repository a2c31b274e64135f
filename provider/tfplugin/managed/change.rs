//! Arguments and answers of [`AnyResource`](super::AnyResource).

use crate::config::ObjectValue;
use crate::diag::Diags;
use crate::draft::Deferral;
use crate::path::Path;

/// A change to plan or to apply. `prior` and `planned` are `None` for an object that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct ResourceChange<'a> {
    /// The prior state.
    pub prior: Option<&'a ObjectValue>,
    /// In an apply the planned state. In a plan only `Some` or `None` matters: `None` plans a destroy.
    pub planned: Option<&'a ObjectValue>,
    /// The configuration.
    pub config: &'a ObjectValue,
    /// Private data stored with the state.
    pub private: &'a [u8],
    /// The identity, if the resource has one.
    pub identity: Option<&'a ObjectValue>,
}

impl ResourceChange<'_> {
    /// The prior state, as the answer if the change did not happen.
    pub(super) fn unchanged(&self) -> Option<EncodedState> {
        let object = self.prior?.clone();
        Some(EncodedState { object, private: self.private.to_vec(), identity: self.identity.cloned() })
    }
}

/// State of a resource as Terraform stores it.
#[derive(Clone, Debug, Default)]
pub struct EncodedState {
    /// The attributes.
    pub object: ObjectValue,
    /// Private data stored with the state.
    pub private: Vec<u8>,
    /// The identity, if the resource has one.
    pub identity: Option<ObjectValue>,
}

/// The answer to an apply, a read or an import.
#[derive(Debug, Default)]
pub struct StateAnswer {
    /// The new state. `None` if the object does not exist.
    pub state: Option<EncodedState>,
    /// Errors and warnings for the user.
    pub diags: Diags,
}

impl StateAnswer {
    pub(super) fn failed(state: Option<EncodedState>, diags: impl Into<Diags>) -> Self {
        Self { state, diags: diags.into() }
    }
}

/// The answer to a plan.
#[derive(Debug, Default)]
pub struct PlanAnswer {
    /// The planned state. `None` for a destroy and for a failed plan.
    pub planned: Option<EncodedState>,
    /// Attributes that require a replacement of the object.
    pub replace: Vec<Path>,
    /// Reason to defer the change.
    pub deferral: Option<Deferral>,
    /// Errors and warnings for the user.
    pub diags: Diags,
}
