//! Parsed parameters of an Application.
//!
//! The template of an ApplicationSet fills in facts of a pull request, so every value is untrusted. Each value is parsed
//! to a type without invalid values; all mistakes are reported together. Arrays and maps are also accepted as strings,
//! because some tools can send strings only.

mod description;
mod raw;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::num::NonZeroU64;
use std::str::FromStr;

use eod_domain::vault::SecretRef;
use eod_domain::{Domain, EnvironmentName, HeadSha, Owner, Repository, ServiceName, Tier, Ttl};
use strum::VariantNames;

pub(crate) use self::description::PARAMETERS;
pub use self::description::{ParameterDescription, ParameterType};
pub use self::raw::{RawParameter, RawValue, parse_raw_parameters};
use crate::image::{Image, ImageName};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals, invalid_value};

/// All parameters; [`crate::reference::parameters`] has their meanings.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "every field is the parameter of the same name")]
pub struct Parameters {
    pub environment: Option<EnvironmentName>,
    pub repository: Option<Repository>,
    pub pull_request: Option<NonZeroU64>,
    pub head_sha: Option<Given<HeadSha>>,
    pub owner: Option<Owner>,
    pub tier: Option<Tier>,
    pub ttl: Option<Ttl>,
    pub domain: Option<Domain>,
    /// Labels of the pull request.
    pub labels: Vec<String>,
    pub images: BTreeMap<ImageName, Given<Image>>,
    pub image_repository: Option<Given<ImageName>>,
    pub image_tag: Option<String>,
    pub name_override: Option<String>,
    pub fullname_override: Option<String>,
    pub host: Option<String>,
    pub secret_ref: Option<Given<SecretRef>>,
    pub sensitive_secret_ref: Option<Given<SecretRef>>,
    pub chart: Option<String>,
    pub values: Vec<String>,
    pub set: BTreeMap<String, String>,
    /// Services to run; none for all services.
    pub services: Option<BTreeSet<ServiceName>>,
    /// Maximum number of replicas of each workload.
    pub replicas: u32,
    pub state: RunState,
    pub guards: Guards,
}

/// A parsed value with its text in the Application. The value is normalized and only compared; the text is what charts
/// and objects receive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given<T> {
    /// Parsed value.
    pub value: T,
    /// Text as set by the user.
    pub text: String,
}

/// Values of the parameter `state`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum RunState {
    /// Pods run.
    #[default]
    Active,
    /// All workloads are scaled to zero.
    Asleep,
}

/// Values of the parameter `guards`: the owner of the namespace, its quota, limits and network policies.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Guards {
    /// This Application.
    #[default]
    Render,
    /// The Terraform resource `eod_environment`.
    Terraform,
    /// Another Application of the same environment.
    None,
}

/// Reader of single parameters; collects all mistakes.
struct ParameterReader<'a> {
    raw: BTreeMap<&'a str, &'a RawValue>,
    mistakes: Vec<Refusal>,
}

impl Parameters {
    /// Parses the parameters of an Application.
    ///
    /// # Errors
    ///
    /// All mistakes, each with the name of its parameter.
    pub fn parse(raw: &[RawParameter]) -> Result<Self, Refusals> {
        let mut reader = ParameterReader::new(raw);
        let labels = reader.list("labels").unwrap_or_default();
        let services = reader.services(&labels);
        let parameters = Self {
            environment: reader.parsed("environment"),
            repository: reader.parsed("repository"),
            pull_request: reader.parsed("pull-request"),
            head_sha: reader.parsed("head-sha"),
            owner: reader.parsed("owner"),
            tier: reader.parsed("tier"),
            ttl: reader.parsed("ttl"),
            domain: reader.parsed("domain"),
            images: reader.images(),
            image_repository: reader.parsed("image.repository"),
            image_tag: reader.image_tag(),
            name_override: reader.label("nameOverride"),
            fullname_override: reader.label("fullnameOverride"),
            host: reader.text("host"),
            secret_ref: reader.parsed("secretRef"),
            sensitive_secret_ref: reader.parsed("sensitiveSecretRef"),
            chart: reader.text("chart"),
            values: reader.list("values").unwrap_or_default(),
            set: reader.map("set"),
            replicas: reader.replicas_or_default(),
            state: reader.choice_or_default("state"),
            guards: reader.choice_or_default("guards"),
            labels,
            services,
        };
        match Refusals::collected(reader.mistakes) {
            None => Ok(parameters),
            Some(mistakes) => Err(mistakes),
        }
    }

    /// Tag of `image.repository`: `image.tag`, else the head SHA; none if neither is set.
    pub fn tag_or_commit(&self) -> Option<&str> {
        self.image_tag.as_deref().or_else(|| self.head_sha.as_ref().map(|given| given.text.as_str()))
    }
}

impl<T: FromStr> FromStr for Given<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        Ok(Self { value: text.parse()?, text: text.to_owned() })
    }
}

impl Default for Parameters {
    /// Values of parameters that are not set.
    fn default() -> Self {
        Self {
            environment: None,
            repository: None,
            pull_request: None,
            head_sha: None,
            owner: None,
            tier: None,
            ttl: None,
            domain: None,
            labels: Vec::new(),
            images: BTreeMap::new(),
            image_repository: None,
            image_tag: None,
            name_override: None,
            fullname_override: None,
            host: None,
            secret_ref: None,
            sensitive_secret_ref: None,
            chart: None,
            values: Vec::new(),
            set: BTreeMap::new(),
            services: None,
            replicas: 1,
            state: RunState::Active,
            guards: Guards::Render,
        }
    }
}

impl<'a> ParameterReader<'a> {
    fn new(raw: &'a [RawParameter]) -> Self {
        let mut reader = Self { raw: BTreeMap::new(), mistakes: Vec::new() };
        for RawParameter { name, value } in raw {
            if PARAMETERS.iter().any(|known| known.name == name) {
                // The last one of repeated parameters applies.
                reader.raw.insert(name, value);
            } else {
                let known = PARAMETERS.map(|known| known.name).join(", ");
                reader.mistake(name, "unknown parameter", format!("use one of: {known}"));
            }
        }
        reader
    }

    fn mistake(&mut self, name: &str, message: impl Display, remedy: impl Display) {
        self.mistakes.push(Refusal::new(Location::parameter(name), RefusalRule::Parameter, message, remedy));
    }

    /// A string. An empty one counts as not set, because templates write empty strings for missing values.
    fn text(&mut self, name: &str) -> Option<String> {
        match *self.raw.get(name)? {
            RawValue::Text(text) => (!text.is_empty()).then(|| text.clone()),
            RawValue::List(_) | RawValue::Map(_) => {
                self.mistake(name, "expected a string, got an array or a map", "set `string` in the Application");
                None
            }
        }
    }

    fn parsed<T: FromStr<Err: Display + 'static>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(name, invalid_value(&error, &text), "correct the parameter");
                None
            }
        }
    }

    /// A value of a closed list; the default of the list if the parameter is not set or invalid.
    fn choice_or_default<T: Default + FromStr + VariantNames>(&mut self, name: &str) -> T {
        let Some(text) = self.text(name) else { return T::default() };
        text.parse().unwrap_or_else(|_| {
            self.mistake(name, format!("unsupported value `{text}`"), format!("use {}", T::VARIANTS.join(", ")));
            T::default()
        })
    }

    /// A list, or a string with a JSON list or with commas. Empty lists and JSON's `null` count as not set.
    fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let text = match *self.raw.get(name)? {
            RawValue::List(items) => return (!items.is_empty()).then(|| items.clone()),
            RawValue::Text(text) => text.trim(),
            RawValue::Map(_) => {
                self.mistake(name, "expected an array, got a map", "set `array` in the Application");
                return None;
            }
        };
        match raw::list(text) {
            Ok(items) => (!items.is_empty()).then_some(items),
            Err(message) => {
                self.mistake(name, message, "write a JSON list of strings, or strings with commas between them");
                None
            }
        }
    }

    /// A map, or a string with a JSON map; empty if not set or invalid.
    fn map(&mut self, name: &str) -> BTreeMap<String, String> {
        let text = match self.raw.get(name) {
            None => return BTreeMap::new(),
            Some(RawValue::Map(map)) => return map.clone(),
            Some(RawValue::Text(text)) => text.trim(),
            Some(RawValue::List(_)) => {
                self.mistake(name, "expected a map, got an array", "set `map` in the Application");
                return BTreeMap::new();
            }
        };
        raw::map(text).unwrap_or_else(|message| {
            self.mistake(name, message, "write a JSON map of strings");
            BTreeMap::new()
        })
    }

    /// Services of the parameter `services` and of labels such as `service:api`; none if there are none.
    fn services(&mut self, labels: &[String]) -> Option<BTreeSet<ServiceName>> {
        let named = self.list("services").unwrap_or_default().into_iter().map(|name| ("services", name));
        let labelled = labels.iter().filter_map(|label| Some(("labels", label.strip_prefix("service:")?.to_owned())));
        let mut services = BTreeSet::new();
        for (parameter, name) in named.chain(labelled) {
            match name.trim().parse::<ServiceName>() {
                Ok(name) => {
                    services.insert(name);
                }
                Err(error) => self.mistake(parameter, error, "correct the name of the service"),
            }
        }
        (!services.is_empty()).then_some(services)
    }

    fn images(&mut self) -> BTreeMap<ImageName, Given<Image>> {
        let mut images = BTreeMap::new();
        for (name, reference) in self.map("images") {
            match (name.parse::<ImageName>(), reference.parse::<Given<Image>>()) {
                (Ok(name), Ok(image)) => {
                    if images.insert(name.clone(), image).is_some() {
                        self.mistake("images", format!("duplicate image `{name}`"), "use each name once");
                    }
                }
                (name, image) => {
                    for error in [name.err(), image.err()].into_iter().flatten() {
                        self.mistake("images", error, "write the name of the image and its new reference");
                    }
                }
            }
        }
        images
    }

    fn image_tag(&mut self) -> Option<String> {
        let tag = self.text("image.tag")?;
        let any: ImageName = "x/x".parse().ok()?;
        if Image::with_tag(any, &tag).is_none() {
            let remedy = "use at most 128 letters, digits, `_`, `.` and `-`, beginning with a letter, digit or `_`";
            self.mistake("image.tag", format!("invalid tag `{tag}`"), remedy);
            return None;
        }
        Some(tag)
    }

    /// A DNS label, for names of objects.
    fn label(&mut self, name: &str) -> Option<String> {
        self.parsed::<eod_domain::NamespaceName>(name).map(|label| label.to_string())
    }

    /// The number of replicas; the default if not set or invalid.
    fn replicas_or_default(&mut self) -> u32 {
        let Some(text) = self.text("replicas") else { return 1 };
        match text.parse::<u32>() {
            Ok(number) if number > 0 => number,
            _ => {
                let remedy = "write an integer of at least 1; use `state: asleep` to run no pods";
                self.mistake("replicas", format!("invalid number of replicas `{text}`"), remedy);
                1
            }
        }
    }
}

#[cfg(test)]
mod tests;
