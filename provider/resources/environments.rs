//! The data source `eod_environments`: environments by repository, owner, tier and status.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use eod_clients::Deadline;
use eod_clients::kubernetes::LiveNamespace;
use eod_domain::{Owner, Repository, Status, Tier};
use tfplugin::{DataSource, Diags, Model, RequestContext, Text};

use crate::environment::{Description, namespaces, selector};
use crate::explain;
use crate::provider::Context;

/// Maximum duration of the lookup.
const LIMIT: Duration = Duration::from_secs(60);

/// The data source.
pub(crate) struct Environments;

/// Arguments set by the user. An environment is returned if it matches every filter that is set.
#[derive(Model)]
pub(crate) struct Input {
    /// Only environments of this repository.
    pub repository: Option<Text<Repository>>,
    /// Only environments of this owner, exactly as set.
    pub owner: Option<Text<Owner>>,
    /// Only environments of this tier.
    pub tier: Option<Text<Tier>>,
    /// Only environments with this status.
    pub status: Option<Text<Status>>,
    /// Only environments with namespace labels that match this Kubernetes selector, such as `team=checkout`.
    pub label_selector: Option<Text<LabelSelector>>,
}

/// A label selector. The API server checks its syntax.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LabelSelector(String);

/// Error of a text without a requirement: in Kubernetes it selects everything.
#[derive(Debug, thiserror::Error)]
#[error("label selector must not be empty")]
pub(crate) struct LabelSelectorError;

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Environments of this installation, sorted by name.
    pub environments: Vec<Description>,
}

impl DataSource for Environments {
    const TYPE: &'static str = "eod_environments";
    const DESCRIPTION: &'static str = "The environments of this installation, filtered and sorted by name.";

    type Context = Context;
    type Input = Input;
    type Output = Output;

    async fn read(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Output, Diags> {
        let installation = cx.settings()?.installation;
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let mut selector = selector(&installation);
        if let Some(more) = &input.label_selector {
            selector.push_str(&format!(",{more}"));
        }
        let found =
            cx.kubernetes()?.list(&namespaces(selector), &remote).await.map_err(|error| explain::remote(&error))?;
        let mut environments = Vec::new();
        for namespace in found {
            let name =
                namespace.pointer("/metadata/name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            // The reader lists each kind once for all of them.
            let whole = cx.reader()?.read(&name, &remote).await.map_err(|error| explain::remote(&error))?;
            let whole = whole.unwrap_or(LiveNamespace { namespace, objects: BTreeMap::new() });
            let described = Description::of(cx, &whole).filter(|(description, _)| input.matches(description));
            environments.extend(described.map(|(description, warning)| {
                warning.into_iter().for_each(|warning| call.warn(warning));
                description
            }));
        }
        environments.sort_by(|a, b| a.arguments.name.cmp(&b.arguments.name));
        Ok(Output { environments })
    }
}

impl FromStr for LabelSelector {
    type Err = LabelSelectorError;

    fn from_str(text: &str) -> Result<Self, LabelSelectorError> {
        if text.trim().is_empty() { Err(LabelSelectorError) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Input {
    fn matches(&self, each: &Description) -> bool {
        let Self { repository, owner, tier, status, label_selector: _ } = self;
        repository.as_ref().is_none_or(|expected| each.arguments.repository.as_ref() == Some(expected))
            && owner.as_ref().is_none_or(|expected| each.arguments.owner.as_ref() == Some(expected))
            && tier.as_ref().is_none_or(|expected| each.arguments.tier.as_ref() == Some(expected))
            && status.as_ref().is_none_or(|expected| each.outputs.status == expected.to_string())
    }
}

#[cfg(test)]
mod tests;
