//! The plan: computes names and the address, and compares policies. It makes no call to a server.

use std::collections::{BTreeMap, BTreeSet};

use eod_masking::{MaskingPolicy, parse_masking_policy, stricter_parts};
use eod_snapshot::CloneName;
use tfplugin::{Attr, Diag, Diags, DraftOf, RequestContext, Text};

use super::model::{Input, Output};
use super::{DbSnapshot, refusal, rules};
use crate::provider::Context;

/// Status of a database that has lost a part and is replaced.
pub(super) const FAILED: &str = "failed";
/// Status of a complete database.
pub(super) const READY: &str = "ready";
/// Status of a database that was removed with its environment.
pub(super) const EXPIRED: &str = "expired";

/// Maximum number of columns that a warning lists.
const LISTED: usize = 10;

pub(super) fn plan(cx: &Context, draft: &mut DraftOf<'_, DbSnapshot>, call: &RequestContext) -> Diags {
    draft.private.planned = draft.is_create() && draft.private.nonce.is_empty();
    if !draft.is_create() && draft.planned(Input::ENVIRONMENT).is_unknown() {
        // The environment returns in the same run. The database and its rows are kept.
        draft.in_place(Input::ENVIRONMENT);
    }
    if draft.is_create() || is_other_database(draft) {
        let name = set_name(draft);
        draft.set(Output::ROLE, name.map(|name| name.login()));
    }
    if draft.config(Input::SECRET).is_null() {
        draft.set(Output::SECRET_REF, Attr::Null);
    }
    draft.set(Output::DRIFT, Attr::Known(Vec::new()));
    replace_failed(draft);
    if !draft.is_create() && !draft.private.absent {
        replace_for_stricter_policy(draft, call);
    }
    set_address(cx, draft)
}

/// True if the database is replaced by one with another name, or of another golden database.
fn is_other_database(draft: &DraftOf<'_, DbSnapshot>) -> bool {
    draft.changed(Input::ENVIRONMENT) && !draft.planned(Input::ENVIRONMENT).is_unknown()
        || draft.changed(Input::GOLDEN)
        || !draft.config(Input::DATABASE).is_null() && draft.changed(Input::DATABASE)
}

/// Sets the default name, and returns the planned one.
fn set_name(draft: &mut DraftOf<'_, DbSnapshot>) -> Attr<CloneName> {
    if draft.config(Input::DATABASE).is_null() {
        let name = match draft.planned(Input::ENVIRONMENT).zip(draft.planned(Input::GOLDEN)) {
            Attr::Known((environment, golden)) => Attr::Known(Text(CloneName::of(&golden, &environment))),
            Attr::Null | Attr::Unknown => Attr::Unknown,
        };
        draft.set(Input::DATABASE, name);
    }
    draft.planned(Input::DATABASE).map(|name| name.0)
}

/// Plans host and port as the provider block has them now.
fn set_address(cx: &Context, draft: &mut DraftOf<'_, DbSnapshot>) -> Diags {
    if draft.private.absent && !draft.private.returns {
        draft.keep(Output::HOST);
        draft.keep(Output::PORT);
        return Diags::new();
    }
    match cx.advertised() {
        Attr::Known(place) if !place.is_one_host() => refusal::no_advertised_host_error(&place.host),
        Attr::Known(place) => {
            draft.set(Output::HOST, Attr::Known(place.host.clone()));
            draft.set(Output::PORT, Attr::Known(place.port.into()));
            Diags::new()
        }
        Attr::Null | Attr::Unknown => {
            draft.set(Output::HOST, Attr::Unknown);
            draft.set(Output::PORT, Attr::Unknown);
            Diags::new()
        }
    }
}

/// Replaces a database that has lost a part.
fn replace_failed(draft: &mut DraftOf<'_, DbSnapshot>) {
    if draft.prior(Output::STATUS) == Attr::Known(FAILED.to_owned()) {
        draft.set(Output::STATUS, Attr::Unknown);
        draft.replace(Output::STATUS);
    }
}

/// Replaces the database if the policy masks a column that the former one has kept.
fn replace_for_stricter_policy(draft: &mut DraftOf<'_, DbSnapshot>, call: &RequestContext) {
    let policy = |text: Attr<String>| -> Option<MaskingPolicy> { parse_masking_policy(text.known()?.as_bytes()).ok() };
    let (before, after) = (draft.prior(Input::MASKING_POLICY), draft.planned(Input::MASKING_POLICY));
    if before == after {
        return;
    }
    let (Some(before), Some(after)) = (policy(before), policy(after)) else { return };
    let migrations: BTreeMap<String, String> = [draft.prior(Input::MIGRATIONS), draft.planned(Input::MIGRATIONS)]
        .into_iter()
        .filter_map(Attr::known)
        .flatten()
        .collect();
    let stricter = stricter_parts(&before, &after, &rules::scope_of(&migrations));
    if !stricter.is_empty() {
        draft.replace(Input::MASKING_POLICY);
        call.warn(stricter_warning(&stricter));
    }
}

fn stricter_warning(stricter: &BTreeSet<String>) -> Diag {
    let mut names: Vec<_> = stricter.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    if stricter.len() > LISTED {
        names.push(format!("and {} more", stricter.len() - LISTED));
    }
    Diag::warning("The policy masks more than before")
        .detail(format!(
            "The policy masks or removes {}, which the policy of the existing database keeps. The database is replaced, and its rows \
             are lost.",
            names.join(", ")
        ))
        .hint("check that the golden database was published with this policy; rows that are still needed must be saved before")
        .at(Input::MASKING_POLICY)
}
