//! Attributes of a thing: at least one of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use tfplugin::{Attr, Dynamic, Model, Number, Text};

use super::fault::Fault;

/// Arguments in the configuration.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// Name of the thing.
    #[tf(replace)]
    pub(crate) name: String,
    /// Title of the thing.
    pub(crate) title: Option<String>,
    /// Size of the thing.
    #[tf(default = 3)]
    pub(crate) size: Option<u64>,
    /// Location of the thing. Attributes that are not set are computed.
    #[tf(computed)]
    pub(crate) place: Option<Place>,
    /// Steps, in order.
    pub(crate) steps: Option<Vec<Step>>,
    /// Tags of the thing.
    pub(crate) tags: Option<BTreeSet<Tag>>,
    /// Contacts by name.
    pub(crate) peers: Option<BTreeMap<String, Peer>>,
    /// A value of any type.
    pub(crate) anything: Option<Dynamic>,
    /// A number of any precision.
    pub(crate) amount: Option<Number>,
    /// Lifetime of the thing, such as `90m` or `5400s`.
    pub(crate) lifetime: Option<Text<Minutes>>,
    /// Secret value. It is not stored.
    #[tf(write_only)]
    pub(crate) secret: Option<String>,
    /// Version of the secret. Raise it to send the secret again.
    pub(crate) secret_version: Option<u64>,
    /// Password. Hidden in the output.
    #[tf(sensitive)]
    pub(crate) password: Option<String>,
    /// Old name of `title`.
    #[tf(deprecated = "use `title`")]
    pub(crate) caption: Option<String>,
    /// The plan is deferred if this is unknown and Terraform supports deferral.
    pub(crate) after: Option<String>,
    /// Fault to inject.
    pub(crate) misbehave: Option<Text<Fault>>,
}

/// Nested object `place`.
#[derive(Clone, Model)]
pub(crate) struct Place {
    /// Host. Default: derived from the name.
    #[tf(computed)]
    pub(crate) host: Option<String>,
    /// Port. Default: 80.
    #[tf(computed)]
    pub(crate) port: Option<u64>,
}

/// Element of the list `steps`.
#[derive(Clone, Model)]
pub(crate) struct Step {
    /// Command to run.
    pub(crate) command: String,
    /// Shell that runs the command.
    #[tf(default = "sh")]
    pub(crate) shell: Option<String>,
}

/// Element of the set `tags`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Model)]
pub(crate) struct Tag {
    /// Key of the tag.
    pub(crate) key: String,
    /// Value of the tag.
    #[tf(default = "yes")]
    pub(crate) value: Option<String>,
}

/// Element of the map `peers`.
#[derive(Clone, Model)]
pub(crate) struct Peer {
    /// Address of the peer.
    pub(crate) address: String,
    /// Weight of the peer.
    pub(crate) weight: Option<Number>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Id, set at creation.
    #[tf(keep)]
    pub(crate) id: String,
    /// Number of changes, starting at 1.
    pub(crate) revision: u64,
    /// Revision of the last change of the lifetime.
    #[tf(with = "Input::lifetime")]
    pub(crate) lifetime_since: u64,
    /// Length of the secret.
    #[tf(with = "Input::secret_version")]
    pub(crate) secret_length: u64,
    /// Key. Hidden in the output.
    #[tf(sensitive, keep)]
    pub(crate) key: String,
    /// Addresses of the thing.
    pub(crate) endpoints: Vec<Place>,
    /// Unknown even after apply if the fault requests it.
    pub(crate) riddle: Attr<String>,
}

/// Resource identity of a thing.
#[derive(Model)]
pub(crate) struct Identity {
    /// Name of the thing.
    pub(crate) name: String,
}

/// Duration in whole minutes, such as `90m` or `5400s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Minutes(u32);

impl FromStr for Minutes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.strip_suffix('s') {
            Some(seconds) => seconds.parse::<u32>().map(|seconds| seconds / 60),
            None => text.strip_suffix('m').unwrap_or_default().parse(),
        };
        parsed.map(Self).map_err(|_| format!("expected minutes such as `90m` or seconds such as `5400s`, got `{text}`"))
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}
