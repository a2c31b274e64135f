//! Descriptions of all parameters: the accepted names, the entries of Argo CD's user interface, and the documentation.

/// Description of one parameter for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParameterDescription {
    /// Name of the parameter.
    pub name: &'static str,
    /// Field of the Application that holds the value.
    pub parameter_type: ParameterType,
    /// Default value; empty if the parameter has none.
    pub default: &'static str,
    /// A valid value, written as a string.
    pub example: &'static str,
    /// Meaning of the parameter, as a sentence without a final dot.
    pub meaning: &'static str,
}

/// Types of parameters in `spec.source.plugin.parameters`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ParameterType {
    /// A string.
    String,
    /// A list of strings; also accepted as a string with a JSON list or with commas between the items.
    Array,
    /// A map of strings; also accepted as a string with a JSON map.
    Map,
}

const fn string(name: &'static str, example: &'static str, meaning: &'static str) -> ParameterDescription {
    ParameterDescription { name, parameter_type: ParameterType::String, default: "", example, meaning }
}

const fn with_default(
    name: &'static str,
    default: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> ParameterDescription {
    ParameterDescription { name, parameter_type: ParameterType::String, default, example, meaning }
}

const fn array(name: &'static str, example: &'static str, meaning: &'static str) -> ParameterDescription {
    ParameterDescription { name, parameter_type: ParameterType::Array, default: "", example, meaning }
}

const fn map(name: &'static str, example: &'static str, meaning: &'static str) -> ParameterDescription {
    ParameterDescription { name, parameter_type: ParameterType::Map, default: "", example, meaning }
}

/// All parameters, in the order of the user interface.
pub(crate) const PARAMETERS: [ParameterDescription; 25] = [
    string("environment", "shop-pr-7", "Name of the environment; must equal the Application's destination namespace"),
    string("repository", "acme/shop", "Repository of the pull request"),
    string("pull-request", "7", "Number of the pull request"),
    string(
        "head-sha",
        "0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21",
        "Commit of the pull request; also the tag of image.repository unless image.tag is set",
    ),
    string("owner", "alice", "Owner of the environment, usually the author of the pull request"),
    string("tier", "full", "Tier of the environment: lightweight, full, compliance or staging"),
    string("ttl", "36h", "Time to live of the environment after the last activity, such as 90m, 36h or 2d"),
    string("domain", "preview.acme.internal", "Domain of the hosts; must equal the domain of the policy"),
    string(
        "labels",
        "[\"preview\",\"service:api\",\"tier/full\"]",
        "Labels of the pull request as JSON; service:<name> selects a service, tier/<name> selects a tier",
    ),
    map(
        "images",
        "{\"registry.acme.internal/shop\":\"registry.acme.internal/shop:pr-7\"}",
        "Replacements of images: name of an image to its new reference",
    ),
    string(
        "image.repository",
        "registry.acme.internal/shop",
        "Name of the image that was built for the pull request; also a value of a Helm chart",
    ),
    string("image.tag", "pr-7", "Tag of image.repository; also a value of a Helm chart"),
    string(
        "nameOverride",
        "storefront",
        "Value of a Helm chart; for other sources, the new label app.kubernetes.io/name of the only workload and of the \
         objects with the same name",
    ),
    string(
        "fullnameOverride",
        "shop-pr-7",
        "Value of a Helm chart; for other sources, the new name of the only workload and of the objects with the same \
         name; references to them change too, other texts do not",
    ),
    string("host", "shop-pr-7.preview.acme.internal", "Host of the only route; also a value of a Helm chart"),
    string(
        "secretRef",
        "secret/preview/shop-pr-7/shop",
        "Vault reference of the environment's configuration, as eod_vault_clone.secret_ref returns it; also a value of a \
         Helm chart",
    ),
    string(
        "sensitiveSecretRef",
        "secret/sensitive/shop-pr-7",
        "Vault reference of a secret that is not copied; also a value of a Helm chart",
    ),
    string("chart", "charts/shop", "Directory of a Helm chart, relative to the repository"),
    array("values", "values.yaml,values-preview.yaml", "Values files of the chart; later files override earlier files"),
    map("set", "{\"ingress.enabled\":\"true\"}", "Single values of the chart; they override all values files"),
    array(
        "services",
        "api,web",
        "Services to run; names of the other services resolve to the stable namespace. All services run if not set",
    ),
    with_default("replicas", "1", "2", "Maximum number of replicas of each workload"),
    with_default("state", "active", "asleep", "State of the environment: active, or asleep to run no pods"),
    with_default(
        "guards",
        "render",
        "terraform",
        "Owner of the namespace, quota, limits and network policies: render (this Application), terraform \
         (eod_environment), or none (another Application of the same environment)",
    ),
    string("policy", "2", "Any value; a new value makes Argo CD render again after a change of the policy file"),
];

impl ParameterType {
    /// Name of the field in the Application: `string`, `array` or `map`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests;
