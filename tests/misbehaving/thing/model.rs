//! Attributes of a thing: at least one of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use tfplugin::{Attr, Dynamic, Model, Number, Text};

use super::fault::Fault;

/// Arguments in the configuration.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// Its name.
    #[tf(replace)]
    pub(crate) name: String,
    /// Its title.
    pub(crate) title: Option<String>,
    /// How big it is.
    #[tf(default = 3)]
    pub(crate) size: Option<u64>,
    /// Where it is. What is left out is filled in.
    #[tf(computed)]
    pub(crate) place: Option<Place>,
    /// Its steps, in order.
    pub(crate) steps: Option<Vec<Step>>,
    /// Its tags.
    pub(crate) tags: Option<BTreeSet<Tag>>,
    /// Names of its contacts.
    pub(crate) peers: Option<BTreeMap<String, Peer>>,
    /// Anything at all.
    pub(crate) anything: Option<Dynamic>,
    /// Any number, exactly.
    pub(crate) amount: Option<Number>,
    /// How long it lives: `90m` or `5400s`.
    pub(crate) lifetime: Option<Text<Minutes>>,
    /// Handed over and stored nowhere.
    #[tf(write_only)]
    pub(crate) secret: Option<String>,
    /// Raise it to hand the secret over again.
    pub(crate) secret_version: Option<u64>,
    /// Hidden in the output.
    #[tf(sensitive)]
    pub(crate) password: Option<String>,
    /// Old name of `title`.
    #[tf(deprecated = "use `title`")]
    pub(crate) caption: Option<String>,
    /// The plan waits as long as this is unknown, where the host can wait.
    pub(crate) after: Option<String>,
    /// The fault to show.
    pub(crate) misbehave: Option<Text<Fault>>,
}

/// Nested object `place`.
#[derive(Clone, Model)]
pub(crate) struct Place {
    /// The host; made of the name if left out.
    #[tf(computed)]
    pub(crate) host: Option<String>,
    /// The port; 80 if left out.
    #[tf(computed)]
    pub(crate) port: Option<u64>,
}

/// Element of the list `steps`.
#[derive(Clone, Model)]
pub(crate) struct Step {
    /// The command to run.
    pub(crate) command: String,
    /// The shell that runs the command.
    #[tf(default = "sh")]
    pub(crate) shell: Option<String>,
}

/// Element of the set `tags`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Model)]
pub(crate) struct Tag {
    /// Its key.
    pub(crate) key: String,
    /// Its value.
    #[tf(default = "yes")]
    pub(crate) value: Option<String>,
}

/// Element of the map `peers`.
#[derive(Clone, Model)]
pub(crate) struct Peer {
    /// Where it is.
    pub(crate) address: String,
    /// How much it counts.
    pub(crate) weight: Option<Number>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Fixed at creation.
    #[tf(keep)]
    pub(crate) id: String,
    /// How often it was changed, from 1.
    pub(crate) revision: u64,
    /// The revision at which the lifetime was last set.
    #[tf(with = "Input::lifetime")]
    pub(crate) lifetime_since: u64,
    /// The length of the secret.
    #[tf(with = "Input::secret_version")]
    pub(crate) secret_length: u64,
    /// Hidden in the output.
    #[tf(sensitive, keep)]
    pub(crate) key: String,
    /// Where the thing can be reached.
    pub(crate) endpoints: Vec<Place>,
    /// Unknown even after apply when a fault asks for it.
    pub(crate) riddle: Attr<String>,
}

/// Resource identity of a thing.
#[derive(Model)]
pub(crate) struct Identity {
    /// Its name.
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
