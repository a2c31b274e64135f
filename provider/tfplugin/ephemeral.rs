//! [`Ephemeral`]: a value that is opened for a run and stored nowhere.

use std::future::Future;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Config, Object};
use crate::data_source::{answered, attributes};
use crate::diag::{Diag, Diags};
use crate::managed::{caught, still_unknown};
use crate::model::Model;
use crate::request_context::RequestContext;
use crate::schema::Schema;
use crate::values;

/// An ephemeral resource.
///
/// It is opened in every plan and again in every apply, and closed at the end of each.
pub trait Ephemeral: Send + Sync + 'static {
    /// The type as it stands in a configuration, provider prefix included.
    const TYPE: &'static str;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// What the provider's configuration became.
    type Context: Send + Sync + 'static;
    /// What the user writes.
    type Input: Model + Send + Sync + 'static;
    /// What is handed out. An attribute that is an argument too is taken from here where it is not given.
    type Output: Model + Send + Sync + 'static;
    /// What renew and close need. It lives in Terraform's memory only.
    type Private: Serialize + DeserializeOwned + Default + Send + Sync + 'static;

    /// Checks the configuration beyond its types. All mistakes at once.
    fn validate(&self, config: Config<'_>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Opens it.
    fn open(
        &self,
        cx: &Self::Context,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Opened<Self>, Diags>> + Send;

    /// Keeps it valid beyond the time that [`Opened::renew_at`] or the last renewal gave.
    fn renew(
        &self,
        cx: &Self::Context,
        private: Self::Private,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Renewed<Self>, Diags>> + Send {
        let _ = (cx, call);
        async move { Ok(Renewed { renew_at: None, private }) }
    }

    /// Gives it back. It must tolerate running twice.
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
    /// What is handed out.
    pub output: E::Output,
    /// When it has to be renewed, if ever.
    pub renew_at: Option<Timestamp>,
    /// What renew and close need.
    pub private: E::Private,
}

/// A renewed ephemeral resource.
pub struct Renewed<E: Ephemeral + ?Sized> {
    /// When it has to be renewed next, if ever.
    pub renew_at: Option<Timestamp>,
    /// What renew and close need.
    pub private: E::Private,
}

/// An ephemeral resource as it stands in a provider's registry.
pub trait AnyEphemeral<C>: Send + Sync {
    /// See [`Ephemeral::TYPE`].
    fn type_name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> Schema;
    /// Every mistake in a configuration.
    fn validate(&self, config: &Object) -> Diags;
    /// Opens it.
    fn open<'a>(&'a self, cx: &'a C, config: &'a Object, call: &'a RequestContext) -> BoxFuture<'a, Lease>;
    /// Keeps it valid.
    fn renew<'a>(&'a self, cx: &'a C, private: &'a [u8], call: &'a RequestContext) -> BoxFuture<'a, Lease>;
    /// Gives it back.
    fn close<'a>(&'a self, cx: &'a C, private: &'a [u8], call: &'a RequestContext) -> BoxFuture<'a, Diags>;
}

/// The answer to open and renew.
#[derive(Debug, Default)]
pub struct Lease {
    /// What is handed out; `None` where it failed, and in a renewal.
    pub object: Option<Object>,
    /// When it has to be renewed.
    pub renew_at: Option<Timestamp>,
    /// What renew and close need.
    pub private: Vec<u8>,
    /// What to tell the user.
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

    fn validate(&self, config: &Object) -> Diags {
        let mut diags = Config::new(config).mistakes::<E::Input>();
        diags.extend(Ephemeral::validate(self, Config::new(config)));
        diags.sorted()
    }

    fn open<'a>(&'a self, cx: &'a E::Context, config: &'a Object, call: &'a RequestContext) -> BoxFuture<'a, Lease> {
        Box::pin(async move {
            let schema = AnyEphemeral::<E::Context>::schema(self);
            let config = values::merge(&schema, config, None);
            let Some(input) = Config::new(&config).decode::<E::Input>() else {
                let mut diags = Config::new(&config).mistakes::<E::Input>();
                if !diags.has_errors() {
                    diags.push(Diag::bug("an ephemeral resource was opened with unknown arguments"));
                }
                return Lease { diags, ..Lease::default() };
            };
            let outcome =
                caught(Ephemeral::open(self, cx, input, call)).await.unwrap_or_else(|panic| Err(panic.into()));
            let mut lease = match outcome {
                Ok(Opened { output, renew_at, private }) => {
                    let object = answered(config, &output);
                    let unknown = still_unknown(&object, "open");
                    let mut lease = written(Some(object), renew_at, &private);
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

    fn renew<'a>(&'a self, cx: &'a E::Context, private: &'a [u8], call: &'a RequestContext) -> BoxFuture<'a, Lease> {
        Box::pin(async move {
            let outcome = match read_private(private) {
                Ok(kept) => {
                    caught(Ephemeral::renew(self, cx, kept, call)).await.unwrap_or_else(|panic| Err(panic.into()))
                }
                Err(diags) => Err(diags),
            };
            let mut lease = match outcome {
                Ok(Renewed { renew_at, private }) => written(None, renew_at, &private),
                Err(diags) => Lease { private: private.to_vec(), diags, ..Lease::default() },
            };
            lease.diags.extend(call.take_warnings());
            lease
        })
    }

    fn close<'a>(&'a self, cx: &'a E::Context, private: &'a [u8], call: &'a RequestContext) -> BoxFuture<'a, Diags> {
        Box::pin(async move {
            let outcome = match read_private(private) {
                Ok(kept) => {
                    caught(Ephemeral::close(self, cx, kept, call)).await.unwrap_or_else(|panic| Err(panic.into()))
                }
                Err(diags) => Err(diags),
            };
            let mut diags = outcome.err().unwrap_or_default();
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

fn written<P: Serialize>(object: Option<Object>, renew_at: Option<Timestamp>, private: &P) -> Lease {
    match serde_json::to_vec(private) {
        Ok(private) => Lease { object, renew_at, private, diags: Diags::new() },
        // The error of a serializer may quote what it could not write, which may be a secret.
        Err(_) => Lease {
            diags: Diag::bug("the private data of an ephemeral resource cannot be written").into(),
            ..Lease::default()
        },
    }
}
