//! All parameters there are: what the user interface shows, and the only names that are accepted.

/// One parameter, for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Announcement {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub tooltip: &'static str,
    /// How it is written.
    pub collection: Collection,
    /// What holds where it is not given; empty for nothing.
    pub default: &'static str,
}

/// How a parameter is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Collection {
    /// `string`.
    Text,
    /// `array`, or a string.
    List,
    /// `map`, or a string.
    Map,
}

const fn text(name: &'static str, tooltip: &'static str) -> Announcement {
    Announcement { name, tooltip, collection: Collection::Text, default: "" }
}

const fn with_default(name: &'static str, default: &'static str, tooltip: &'static str) -> Announcement {
    Announcement { name, tooltip, collection: Collection::Text, default }
}

const fn collection(name: &'static str, collection: Collection, tooltip: &'static str) -> Announcement {
    Announcement { name, tooltip, collection, default: "" }
}

/// All parameters, in the order in which they are shown.
pub const ANNOUNCEMENTS: [Announcement; 25] = [
    text("environment", "Name of the environment; the same as the destination namespace"),
    text("repository", "Repository of the pull request, such as acme/shop"),
    text("pull-request", "Number of the pull request"),
    text("head-sha", "Commit that runs; the tag of image.repository unless image.tag is given"),
    text("owner", "Who the environment belongs to"),
    text("tier", "lightweight, full, compliance or staging"),
    text("ttl", "How long the environment lives without activity, such as 36h"),
    text("domain", "Domain of the hosts; the policy's"),
    text("labels", "Labels of the pull request as JSON; service:<name> selects services, tier/<name> a tier"),
    collection("images", Collection::Map, "New references by the names of images"),
    text("image.repository", "Name of the image that was built for this pull request"),
    text("image.tag", "Its tag"),
    text(
        "nameOverride",
        "Value of a chart; without one the label app.kubernetes.io/name of the source's one workload and of what is \
         called like it",
    ),
    text(
        "fullnameOverride",
        "Value of a chart; without one the new name of the source's one workload and of what is called like it; \
         references follow, texts do not",
    ),
    text("host", "Host of the environment's one route"),
    text("secretRef", "Vault reference of the environment's configuration, as eod_vault_clone.secret_ref gives it"),
    text("sensitiveSecretRef", "Vault reference of secrets that are not copied"),
    text("chart", "Directory of a Helm chart, relative to the repository"),
    collection("values", Collection::List, "Values files of the chart, the later ones above the earlier ones"),
    collection("set", Collection::Map, "Single values of the chart, above all files"),
    collection("services", Collection::List, "Services that run here; others are reached in the stable namespace"),
    with_default("replicas", "1", "Most replicas of one workload"),
    with_default("state", "active", "active, or asleep to scale to nothing"),
    with_default("guards", "render", "Who owns the namespace and its guards: render, terraform or none"),
    text("policy", "Any value; a new one makes Argo CD render again"),
];

#[cfg(test)]
mod tests;
