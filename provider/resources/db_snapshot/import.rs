//! Import by the name of the database, from its mark.
//!
//! An import only reads, so it shares the claim (the nonce) of the state that created the database. Both states may
//! remove it until one of them does; remove the resource from the other state. Policy, migrations and Secret are arguments that the
//! mark does not have: the next update stores them in the state and changes nothing.

use std::time::Duration;

use eod_clients::Deadline;
use eod_golden::GoldenName;
use eod_snapshot::{CloneName, CloneNameError, InspectedClone};
use tfplugin::{Diag, Diags, ImportSource, Imported, Number, Partial, RequestContext, Text};

use super::engine::CloneEngine;
use super::model::{Input, Output, Private};
use super::plan::READY;
use super::{DbSnapshot, place};
use crate::explain;
use crate::provider::Context;

/// Maximum duration of an import.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn import(
    cx: &Context,
    source: ImportSource<DbSnapshot>,
    call: &RequestContext,
) -> Result<Imported<DbSnapshot>, Diags> {
    let ImportSource::Id(id) = source else {
        return Err(Diag::error("Import by identity is not supported")
            .hint("import by the name of the database")
            .into());
    };
    let name: CloneName = id.parse().map_err(|error: CloneNameError| {
        Diag::error("Invalid import id")
            .detail(explain::sentence(&error.to_string()))
            .hint("use the resource's `id`, the name of the database, such as `shop_golden_shop_pr_123`")
    })?;
    let remote = Deadline::within(LIMIT, call.cancel.clone());
    let clones = cx.clones(&remote).await?;
    let Some(clone) = clones.get(&name).filter(|clone| clone.facts.is_some()) else {
        return Err(missing_error(cx, &name)?.into());
    };
    let place = place::advertised(cx)?;
    let private = Private {
        nonce: clone.mark.nonce.clone(),
        installation: Some(clone.mark.owner.installation.clone()),
        ..Private::default()
    };
    let attributes = Partial::of(&input(&name, clone)?).and(&output(&name, clone, &place.host, place.port));
    Ok(Imported { attributes, private })
}

/// Arguments of the mark.
fn input(name: &CloneName, clone: &InspectedClone) -> Result<Input, Diag> {
    let golden = clone.mark.golden.parse::<GoldenName>();
    let golden = golden.map_err(|error| {
        Diag::error("The mark of the database cannot be read").detail(explain::sentence(&error.to_string()))
    })?;
    Ok(Input {
        environment: Text(clone.mark.owner.environment.clone()),
        engine: Some(Text(CloneEngine::default())),
        golden: Some(Text(golden)),
        masking_policy: None,
        migrations: None,
        database: Some(Text(name.clone())),
        secret: None,
        extensions_allowed: None,
        credentials_version: None,
        timeouts: None,
    })
}

/// Computed attributes, with those of a create unknown.
fn output(name: &CloneName, clone: &InspectedClone, host: &str, port: u16) -> Output {
    let facts = clone.facts.as_ref();
    Output {
        id: name.as_str().to_owned(),
        role: facts.map(|facts| facts.login.clone()).unwrap_or_default(),
        host: host.to_owned(),
        port: port.into(),
        secret_ref: None,
        golden_version: clone.mark.golden_version.clone(),
        strategy: eod_snapshot::CloneStrategy::Unknown.to_string(),
        scope: Vec::new(),
        masked_rows: 0,
        masking_seconds: Number::from_u64(0),
        clone_seconds: Number::from_u64(0),
        report_digest: String::new(),
        created_at: facts.map(|facts| facts.opened_at.to_string()).unwrap_or_default(),
        status: READY.to_owned(),
        drift: Vec::new(),
    }
}

fn missing_error(cx: &Context, name: &CloneName) -> Result<Diag, Diag> {
    let installation = cx.installation()?;
    Ok(Diag::error("The database does not exist")
        .detail(format!(
            "The server has no open database `{name}` of EoD installation `{installation}`, so there is nothing to import."
        ))
        .hint("check the name and `postgres.host`, and set the provider's `installation` to the one that created it"))
}
