//! Database to create, from the arguments. No server is needed.

use eod_clients::postgres::Postgres;
use eod_domain::Nonce;
use eod_golden::GoldenName;
use eod_masking::MaskingPolicy;
use eod_snapshot::{CloneName, CloneOwner};
use tfplugin::Diags;

use super::model::Input;
use super::{place, rules};
use crate::provider::{AdvertisedPlace, Context};

/// Database to create.
pub(super) struct WantedDatabase<'a> {
    pub(super) cx: &'a Context,
    pub(super) input: &'a Input,
    pub(super) server: &'a Postgres,
    pub(super) name: CloneName,
    pub(super) owner: CloneOwner,
    pub(super) golden: &'a GoldenName,
    pub(super) policy: MaskingPolicy,
    pub(super) policy_text: &'a str,
    pub(super) place: AdvertisedPlace,
    pub(super) nonce: Nonce,
}

impl<'a> WantedDatabase<'a> {
    /// The database of the arguments. No server is contacted.
    pub(super) fn of(cx: &'a Context, input: &'a Input, nonce: Nonce) -> Result<Self, Diags> {
        let policy_text = input.masking_policy.as_deref().unwrap_or_default();
        Ok(Self {
            cx,
            input,
            server: cx.postgres()?,
            name: place::name(input)?,
            owner: place::new_owner(cx, input)?,
            golden: place::golden(input)?,
            policy: rules::policy_of(policy_text)?,
            policy_text,
            place: place::advertised(cx)?,
            nonce,
        })
    }
}
