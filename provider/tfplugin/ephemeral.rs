//! [`Ephemeral`]: a value that is opened for one run and not stored.

use std::future::Future;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caught::caught;
use crate::config::{Config, ObjectValue};
use crate::data_source::{attributes, with_output};
use crate::diag::{Diag, Diags};
use crate::managed::unknown_diags;
use crate::model::Model;
use crate::request_context::RequestContext;
use crate::schema::Schema;
use crate::values;

/// An ephemeral resource.
///
/// Terraform opens it in every plan and again in every apply, and closes it at the end of each.
pub trait Ephemeral: Send + Sync + 'static {
    /// The type in a configuration, with the prefix of the provider.
    const TYPE: &'static str;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// The provider's configuration, made usable. See [`crate::Provider::Context`].
    type Context: Send + Sync + 'static;
    /// The arguments.
    type Input: Model + Send + Sync + 'static;
    /// The result. A result with the name of an argument is the same attribute, and used if the argument is not set.
    type Output: Model + Send + Sync + 'static;
    /// Data for renew and close. Terraform keeps it in memory only.
    type Private: Serialize + DeserializeOwned + Default + Send + Sync + 'static;

    /// Checks the configuration beyond its types. Returns all mistakes at once.
    fn validate(&self, config: Config<'_, Self::Input>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Opens the resource.
    fn open(
        &self,
        cx: &Self::Context,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Opened<Self>, Diags>> + Send;

    /// Extends the validity beyond the time in [`Opened::renew_at`] or in the last renewal.
    fn renew(
        &self,
        cx: &Self::Context,
        private: Self::Private,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Renewed<Self>, Diags>> + Send {
        let _ = (cx, call);
        async move { Ok(Renewed { renew_at: None, private }) }
    }

    /// Closes the resource. A second close of the same resource must succeed.
    fn close(
        &self,
        cx: &Self::Context,
        private: Self::Private,
        call: &RequestContext,
    ) -> impl Future<Output = Result<(), Diags>> + Send {
        let _ = (cx, private, call);
        async { Ok(()) }
    }
}

/// An opened ephemeral resource.
pub struct Opened<E: Ephemeral + ?Sized> {
    /// The result.
    pub output: E::Output,
    /// Time of the first renewal; `None` if the result does not expire.
    pub renew_at: Option<Timestamp>,
    /// Data for renew and close.
    pub private: E::Private,
}

/// A renewed ephemeral resource.
pub struct Renewed<E: Ephemeral + ?Sized> {
    /// Time of the next renewal; `None` if the result does not expire.
    pub renew_at: Option<Timestamp>,
    /// Data for renew and close.
    pub private: E::Private,
}

/// An ephemeral resource in the registry of a provider.
pub trait AnyEphemeral<C>: Send + Sync {
    /// See [`Ephemeral::TYPE`].
    fn type_name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> Schema;
    /// Every mistake in a configuration.
    fn validate_config(&self, config: &ObjectValue) -> Diags;
    /// Opens the resource.
    fn open_lease<'a>(&'a self, cx: &'a C, config: &'a ObjectValue, call: &'a RequestContext) -> BoxFuture<'a, Lease>;
    /// Extends the validity.
    fn renew_lease<'a>(&'a self, cx: &'a C, private: &'a [u8], call: &'a RequestContext) -> BoxFuture<'a, Lease>;
    /// Closes the resource.
    fn close_lease<'a>(&'a self, cx: &'a C, private: &'a [u8], call: &'a RequestContext) -> BoxFuture<'a, Diags>;
}

/// The answer to open and renew.
#[derive(Debug, Default)]
pub struct Lease {
    /// The result; `None` in a renewal and after a failure.
    pub object: Option<ObjectValue>,
    /// Time of the next renewal.
    pub renew_at: Option<Timestamp>,
    /// Data for renew and close.
    pub private: Vec<u8>,
    /// Errors and warnings for the user.
    pub diags: Diags,
}

impl<E: Ephemeral> AnyEphemeral<E::Context> for E {
    fn type_name(&self) -> &'static str {
        E::TYPE
    }

    fn schema(&self) -> Schema {
        Schema {
            attributes: attributes::<E::Input, E::Output>(),
            description: E::DESCRIPTION.to_owned(),
            ..Schema::default()
        }
    }

    fn validate_config(&self, config: &ObjectValue) -> Diags {
        let config = Config::new(config);
        let mut diags = config.mistakes();
        diags.extend(self.validate(config));
        diags.sorted()
    }

    fn open_lease<'a>(
        &'a self,
        cx: &'a E::Context,
        config: &'a ObjectValue,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Lease> {
        Box::pin(async move {
            let schema = AnyEphemeral::<E::Context>::schema(self);
            let config = values::merge(&schema, config, None);
            let arguments = Config::<E::Input>::new(&config);
            let Some(input) = arguments.decode() else {
                let mut diags = arguments.mistakes();
                if !diags.has_errors() {
                    diags.push(Diag::bug("an ephemeral resource was opened with unknown arguments"));
                }
                return Lease { diags, ..Lease::default() };
            };
            let opened = caught(self.open(cx, input, call)).await.unwrap_or_else(|panic| Err(panic.into()));
            let mut lease = match opened {
                Ok(Opened { output, renew_at, private }) => {
                    let object = with_output(config, &output);
                    let unknown = unknown_diags(&object, "open");
                    let mut lease = lease(Some(object), renew_at, &private);
                    if unknown.has_errors() {
                        lease.object = None;
                    }
                    lease.diags.extend(unknown);
                    lease
                }
                Err(diags) => Lease { diags, ..Lease::default() },
            };
            lease.diags.extend(call.take_warnings());
            lease
        })
    }

    fn renew_lease<'a>(
        &'a self,
        cx: &'a E::Context,
        private: &'a [u8],
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Lease> {
        Box::pin(async move {
            let renewed = match read_private(private) {
                Ok(private) => caught(self.renew(cx, private, call)).await.unwrap_or_else(|panic| Err(panic.into())),
                Err(diags) => Err(diags),
            };
            let mut lease = match renewed {
                Ok(Renewed { renew_at, private }) => lease(None, renew_at, &private),
                Err(diags) => Lease { private: private.to_vec(), diags, ..Lease::default() },
            };
            lease.diags.extend(call.take_warnings());
            lease
        })
    }

    fn close_lease<'a>(
        &'a self,
        cx: &'a E::Context,
        private: &'a [u8],
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Diags> {
        Box::pin(async move {
            let closed = match read_private(private) {
                Ok(private) => caught(self.close(cx, private, call)).await.unwrap_or_else(|panic| Err(panic.into())),
                Err(diags) => Err(diags),
            };
            let mut diags = closed.err().unwrap_or_default();
            diags.extend(call.take_warnings());
            diags
        })
    }
}

fn read_private<P: DeserializeOwned + Default>(bytes: &[u8]) -> Result<P, Diags> {
    if bytes.is_empty() {
        return Ok(P::default());
    }
    serde_json::from_slice(bytes)
        .map_err(|_| Diag::bug("the private data of an ephemeral resource is unreadable").into())
}

fn lease<P: Serialize>(object: Option<ObjectValue>, renew_at: Option<Timestamp>, private: &P) -> Lease {
    match serde_json::to_vec(private) {
        Ok(private) => Lease { object, renew_at, private, diags: Diags::new() },
        // The error of a serializer may quote the value, which may be a secret.
        Err(_) => Lease {
            diags: Diag::bug("the private data of an ephemeral resource cannot be written").into(),
            ..Lease::default()
        },
    }
}
