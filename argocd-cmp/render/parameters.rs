//! The parameters of an Application, typed.
//!
//! They come from an ApplicationSet whose template fills in facts of a pull request, so every value is hostile. Each
//! is parsed into a type that cannot hold a wrong one; all mistakes are reported together. Arrays and maps may be
//! written as strings too, because some tools can send nothing else.

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

/// All parameters; [`crate::reference::parameters`] describes them.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "every field is the parameter of the same name")]
pub struct Parameters {
    pub environment: Option<EnvironmentName>,
    pub repository: Option<Repository>,
    pub pull_request: Option<NonZeroU64>,
    pub head_sha: Option<HeadSha>,
    pub owner: Option<Owner>,
    pub tier: Option<Tier>,
    pub ttl: Option<Ttl>,
    pub domain: Option<Domain>,
    /// The labels of the pull request.
    pub labels: Vec<String>,
    pub images: BTreeMap<ImageName, Image>,
    pub image_repository: Option<ImageName>,
    pub image_tag: Option<String>,
    pub name_override: Option<String>,
    pub fullname_override: Option<String>,
    pub host: Option<String>,
    pub secret_ref: Option<SecretRef>,
    pub sensitive_secret_ref: Option<SecretRef>,
    pub chart: Option<String>,
    pub values: Vec<String>,
    pub set: BTreeMap<String, String>,
    /// The services to run; none where all of them run.
    pub services: Option<BTreeSet<ServiceName>>,
    /// The cap of replicas.
    pub replicas: u32,
    pub state: RunState,
    pub guards: Guards,
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

/// Reads one parameter after the other and keeps what is wrong.
struct ParameterReader<'a> {
    raw: BTreeMap<&'a str, &'a RawValue>,
    mistakes: Vec<Refusal>,
}

impl Parameters {
    /// Parses what the Application says.
    ///
    /// # Errors
    ///
    /// Every mistake there is, each with the name of its parameter.
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
            replicas: reader.replicas(),
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

    /// The tag that `image.repository` gets: `image.tag`, else the head SHA.
    pub fn tag(&self) -> Option<&str> {
        self.image_tag.as_deref().or_else(|| self.head_sha.as_ref().map(HeadSha::as_str))
    }
}

impl Default for Parameters {
    /// What holds where nothing is given.
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
                // Of a repeated parameter the last one wins.
                reader.raw.insert(name, value);
            } else {
                let known = PARAMETERS.map(|known| known.name).join(", ");
                reader.mistake(name, "there is no such parameter", format!("use one of: {known}"));
            }
        }
        reader
    }

    fn mistake(&mut self, name: &str, message: impl Display, remedy: impl Display) {
        self.mistakes.push(Refusal::new(Location::parameter(name), RefusalRule::Parameter, message, remedy));
    }

    /// A text; one that is empty is none, because templates fill in nothing where there is nothing.
    fn text(&mut self, name: &str) -> Option<String> {
        match *self.raw.get(name)? {
            RawValue::Text(text) => (!text.is_empty()).then(|| text.clone()),
            RawValue::List(_) | RawValue::Map(_) => {
                self.mistake(name, "expected a string", "write `string:` in the Application");
                None
            }
        }
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
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

    /// A list, or a string with a JSON list or with commas. None where nothing is given; JSON's `null` is nothing.
    fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let text = match *self.raw.get(name)? {
            RawValue::List(items) => return (!items.is_empty()).then(|| items.clone()),
            RawValue::Text(text) => text.trim(),
            RawValue::Map(_) => {
                self.mistake(name, "expected a list", "write `array:` in the Application");
                return None;
            }
        };
        match raw::list(text) {
            Ok(items) => (!items.is_empty()).then_some(items),
            Err(message) => {
                self.mistake(name, message, "write a JSON list of strings, or a comma between the items");
                None
            }
        }
    }

    /// A map, or a string with a JSON map.
    fn map(&mut self, name: &str) -> BTreeMap<String, String> {
        let text = match self.raw.get(name) {
            None => return BTreeMap::new(),
            Some(RawValue::Map(map)) => return map.clone(),
            Some(RawValue::Text(text)) => text.trim(),
            Some(RawValue::List(_)) => {
                self.mistake(name, "expected a map", "write `map:` in the Application");
                return BTreeMap::new();
            }
        };
        raw::map(text).unwrap_or_else(|message| {
            self.mistake(name, message, "write a JSON map of strings");
            BTreeMap::new()
        })
    }

    /// The services of the parameter and those that labels like `service:api` name.
    fn services(&mut self, labels: &[String]) -> Option<BTreeSet<ServiceName>> {
        let named = self.list("services").unwrap_or_default().into_iter().map(|name| ("services", name));
        let labelled = labels.iter().filter_map(|label| Some(("labels", label.strip_prefix("service:")?.to_owned())));
        let mut services = BTreeSet::new();
        for (parameter, name) in named.chain(labelled) {
            match name.trim().parse::<ServiceName>() {
                Ok(name) => {
                    services.insert(name);
                }
                Err(error) => self.mistake(parameter, error, "use the name of a service"),
            }
        }
        (!services.is_empty()).then_some(services)
    }

    fn images(&mut self) -> BTreeMap<ImageName, Image> {
        let mut images = BTreeMap::new();
        for (name, reference) in self.map("images") {
            match (name.parse::<ImageName>(), reference.parse::<Image>()) {
                (Ok(name), Ok(image)) => {
                    if images.insert(name.clone(), image).is_some() {
                        self.mistake("images", format!("`{name}` is named twice"), "name each image once");
                    }
                }
                (name, image) => {
                    for error in [name.err(), image.err()].into_iter().flatten() {
                        self.mistake("images", error, "write the image's name and its new reference");
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
            let remedy = "use up to 128 letters, digits, `_`, `.` and `-`, with a letter or digit first";
            self.mistake("image.tag", format!("`{tag}` is no tag"), remedy);
            return None;
        }
        Some(tag)
    }

    /// A text that becomes part of names.
    fn label(&mut self, name: &str) -> Option<String> {
        self.parsed::<eod_domain::NamespaceName>(name).map(|label| label.to_string())
    }

    fn replicas(&mut self) -> u32 {
        let Some(text) = self.text("replicas") else { return 1 };
        match text.parse::<u32>() {
            Ok(number) if number > 0 => number,
            _ => {
                let remedy = "write a whole number from 1; `state: asleep` scales to nothing";
                self.mistake("replicas", format!("`{text}` is no number of replicas"), remedy);
                1
            }
        }
    }
}

#[cfg(test)]
mod tests;
