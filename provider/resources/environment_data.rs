//! The data source `eod_environment`: one environment of another configuration.

use std::time::Duration;

use eod_clients::Deadline;
use eod_domain::{EnvironmentName, NamespaceFacts, labels};
use tfplugin::{DataSource, Diag, Diags, Model, RequestContext, Text};

use crate::environment::Description;
use crate::explain;
use crate::provider::Context;

/// Maximum duration of the lookup, which is one read.
const LIMIT: Duration = Duration::from_secs(60);

/// The data source.
pub(crate) struct EnvironmentData;

/// Arguments set by the user.
#[derive(Model)]
pub(crate) struct Input {
    /// Name of the environment.
    pub name: Text<EnvironmentName>,
}

impl DataSource for EnvironmentData {
    const TYPE: &'static str = "eod_environment";
    const DESCRIPTION: &'static str =
        "One environment of this installation, created by another configuration or by Argo CD.";

    type Context = Context;
    type Input = Input;
    type Output = Description;

    async fn read(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Description, Diags> {
        let installation = cx.settings()?.installation;
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let found = cx.reader()?.read(input.name.as_str(), &remote).await.map_err(|error| explain::remote(&error))?;
        let ours = found.filter(|found| {
            let ownership = NamespaceFacts::read(&found.namespace).ownership;
            ownership.managed_by.as_deref() == Some(labels::MANAGED_BY_VALUE)
                && ownership.installation.as_deref() == Some(installation.as_str())
        });
        let described = ours.and_then(|found| Description::of(cx, &found));
        let described = described.map(|(description, warning)| {
            warning.into_iter().for_each(|warning| call.warn(warning));
            description
        });
        described.ok_or_else(|| {
            Diag::error("The environment does not exist")
                .detail(format!("Installation `{installation}` has no environment `{}`.", input.name))
                .hint("check the name and the provider's `installation`; the data source `eod_environments` lists all environments")
                .at(Input::NAME)
                .into()
        })
    }
}
