//! The parameters as Argo CD's user interface offers them.

use eod_proto::argocd as wire;
use serde_json::{Value, json};

/// One parameter.
struct Announcement {
    name: &'static str,
    title: &'static str,
    tooltip: &'static str,
    collection: &'static str,
    item: &'static str,
}

const TEXT: &str = "string";
const LIST: &str = "array";
const MAP: &str = "map";

const fn announce(
    name: &'static str,
    (collection, item): (&'static str, &'static str),
    title: &'static str,
    tooltip: &'static str,
) -> Announcement {
    Announcement { name, title, tooltip, collection, item }
}

/// All parameters of INTERFACE 5, in its order.
const ANNOUNCEMENTS: [Announcement; 25] = [
    announce("environment", (TEXT, TEXT), "Environment", "Name of the environment; must be the destination namespace"),
    announce("repository", (TEXT, TEXT), "Repository", "owner/name of the pull request's repository"),
    announce("pull-request", (TEXT, "number"), "Pull request", "Number of the pull request"),
    announce(
        "head-sha",
        (TEXT, TEXT),
        "Head SHA",
        "Commit of the pull request; the image tag where only image.repository is given",
    ),
    announce("owner", (TEXT, TEXT), "Owner", "Who answers for the environment"),
    announce("tier", (TEXT, TEXT), "Tier", "lightweight, full, compliance or staging"),
    announce("ttl", (TEXT, TEXT), "Time to live", "How long it lives after the last activity, for example 4h"),
    announce("domain", (TEXT, TEXT), "Domain", "Domain of its hosts; must be the policy's"),
    announce("labels", (TEXT, TEXT), "Labels", "The pull request's labels as JSON; service:NAME selects services"),
    announce("images", (MAP, TEXT), "Images", "Image name to new reference"),
    announce("image.repository", (TEXT, TEXT), "Image", "The image that gets the tag; handed to a chart as well"),
    announce("image.tag", (TEXT, TEXT), "Image tag", "Its tag; the head SHA where it is not given"),
    announce("nameOverride", (TEXT, TEXT), "Name override", "Handed to a chart"),
    announce("fullnameOverride", (TEXT, TEXT), "Full name override", "Handed to a chart"),
    announce("host", (TEXT, TEXT), "Host", "The one host, where it is a host of this environment"),
    announce(
        "secretRef",
        (TEXT, TEXT),
        "Secret reference",
        "Vault path of the environment's configuration, as eod_vault_clone gives it",
    ),
    announce(
        "sensitiveSecretRef",
        (TEXT, TEXT),
        "Sensitive secret reference",
        "Vault path that the policy has to allow",
    ),
    announce("chart", (TEXT, TEXT), "Chart", "Directory of a Helm chart, relative to the repository"),
    announce("values", (LIST, TEXT), "Values files", "Values files of the chart; later ones win"),
    announce("set", (MAP, TEXT), "Values", "Single values of the chart"),
    announce(
        "services",
        (LIST, TEXT),
        "Services",
        "The services to run; the others are reached in the stable namespace",
    ),
    announce("replicas", (TEXT, "number"), "Replicas", "Cap of replicas; 1 where it is not given"),
    announce("state", (TEXT, TEXT), "State", "active or asleep"),
    announce("guards", (TEXT, TEXT), "Guards", "Who owns the namespace and its guards: render, terraform or none"),
    announce("policy", (TEXT, TEXT), "Policy version", "Any text; a new one makes Argo CD render again"),
];

/// As the plugin service answers.
pub(crate) fn on_the_wire() -> Vec<wire::ParameterAnnouncement> {
    let announcement =
        |&Announcement { name, title, tooltip, collection, item }: &Announcement| wire::ParameterAnnouncement {
            name: name.to_owned(),
            title: title.to_owned(),
            tooltip: tooltip.to_owned(),
            required: false,
            item_type: item.to_owned(),
            collection_type: collection.to_owned(),
            ..wire::ParameterAnnouncement::default()
        };
    ANNOUNCEMENTS.iter().map(announcement).collect()
}

/// As the stock server reads them from a command.
pub(crate) fn as_json() -> String {
    let announcement = |announcement: &Announcement| {
        let Announcement { name, title, tooltip, collection, item } = announcement;
        json!({ "name": name, "title": title, "tooltip": tooltip, "itemType": item, "collectionType": collection })
    };
    Value::Array(ANNOUNCEMENTS.iter().map(announcement).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use eod_render::{Parameters, RawParameter};

    use super::*;

    #[test]
    fn what_is_announced_is_what_is_known() {
        let unknown = Parameters::parse(&[RawParameter::text("nobody-knows", "x")]).unwrap_err();
        let remedy = &unknown.as_slice()[0].remedy;
        let known: Vec<&str> = remedy.trim_start_matches("use one of: ").split(", ").collect();
        let announced: Vec<&str> = ANNOUNCEMENTS.iter().map(|announcement| announcement.name).collect();
        assert_eq!(announced, known);
    }

    #[test]
    fn both_ways_say_the_same() {
        let json: Vec<Value> = serde_json::from_str(&as_json()).unwrap();
        let wire = on_the_wire();
        assert_eq!(json.len(), wire.len());
        for (json, wire) in json.iter().zip(wire) {
            assert_eq!(
                (json["name"].as_str(), json["collectionType"].as_str()),
                (Some(&*wire.name), Some(&*wire.collection_type))
            );
        }
    }
}
