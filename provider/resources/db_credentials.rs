//! The ephemeral resource `eod_db_credentials`: credentials of a database for one run, never stored.

mod secret_place;

use std::time::Duration;

use eod_clients::Deadline;
use eod_domain::labels;
use serde_json::Value;
use tfplugin::{Diag, Diags, Ephemeral, Model, Opened, RequestContext, Text};

use self::secret_place::SecretPlace;
use crate::db_snapshot::{credentials::SecretData, secret::reference};
use crate::explain;
use crate::provider::Context;

/// Maximum duration of opening the credentials, which is one read.
const LIMIT: Duration = Duration::from_secs(60);

/// The ephemeral resource.
pub(crate) struct DbCredentials;

/// Arguments set by the user.
#[derive(Model)]
pub(crate) struct Input {
    /// Secret of an `eod_db_snapshot`, `<namespace>/<name>`, such as `eod_db_snapshot.db.secret_ref`.
    pub secret: Text<SecretPlace>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Login role.
    pub username: String,
    /// Password.
    #[tf(sensitive)]
    pub password: String,
    /// Host of the server.
    pub host: String,
    /// Port of the server.
    pub port: u64,
    /// Database.
    pub database: String,
    /// Connection URI with the password.
    #[tf(sensitive)]
    pub dsn: String,
}

impl Ephemeral for DbCredentials {
    const TYPE: &'static str = "eod_db_credentials";
    const DESCRIPTION: &'static str = "Credentials of a database for the duration of one run, for provider blocks and write-only arguments. They are never \
        stored in a state or plan. They are read from the Secret of an `eod_db_snapshot` as soon as its reference is known, also during \
        a plan. If the same run creates the database, refer to its `secret_ref`, not to a literal.";

    type Context = Context;
    type Input = Input;
    type Output = Output;
    type Private = ();

    async fn open(&self, cx: &Context, input: Input, call: &RequestContext) -> Result<Opened<Self>, Diags> {
        let remote = Deadline::within(LIMIT, call.cancel.clone());
        let place = &input.secret.0;
        let reference = reference(&place.namespace, &place.name);
        let found = cx.kubernetes()?.get(&reference, &remote).await;
        let Some(secret) = found.map_err(|error| explain::remote(&error).at(Input::SECRET))? else {
            return Err(missing_error(place).into());
        };
        let label = secret.pointer("/metadata/labels").and_then(|all| all.get(labels::MANAGED_BY));
        if label.and_then(Value::as_str) != Some(labels::MANAGED_BY_VALUE) {
            return Err(unfit_error(place, "it does not have the ownership labels of EoD").into());
        }
        let data = SecretData::of(&secret);
        let entry =
            |key: &'static str| data.text(key).ok_or_else(|| unfit_error(place, &format!("it has no entry `{key}`")));
        let port = entry("port")?;
        let output = Output {
            username: entry("user")?,
            password: entry("password")?,
            host: entry("host")?,
            port: port.parse().map_err(|_| unfit_error(place, "its entry `port` is not a number"))?,
            database: entry("dbname")?,
            dsn: entry("uri")?,
        };
        Ok(Opened { output, renew_at: None, private: () })
    }
}

fn missing_error(place: &SecretPlace) -> Diag {
    Diag::error("The Secret does not exist")
        .detail(format!("There is no Secret `{}` in namespace `{}`.", place.name, place.namespace))
        .hint("use `secret = eod_db_snapshot.<name>.secret_ref`, so that the Secret exists before it is read")
        .at(Input::SECRET)
}

fn unfit_error(place: &SecretPlace, problem: &str) -> Diag {
    Diag::error("The Secret has no credentials of a database")
        .detail(format!("Secret `{}` in namespace `{}` was not used: {problem}.", place.name, place.namespace))
        .hint("use the `secret_ref` of an `eod_db_snapshot`; if the Secret was changed, the next apply of that resource repairs it")
        .at(Input::SECRET)
}
