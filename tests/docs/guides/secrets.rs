//! Data of `eod_domain::vault` for the guide on secrets.

use eod_domain::vault::{self, CloneRights, Globs, MountPath, Reader, cloner_policy, reader_policy, reaper_policy};

use super::table::{code, table};

pub(super) fn values() -> [(&'static str, String); 6] {
    let (sensitive, targets) = (Globs::default_sensitive(), Globs::default_targets());
    let rights = CloneRights {
        mount: MountPath::default(),
        sources: vec!["stage".parse().expect("a path")],
        target_mount: MountPath::default(),
        targets: targets.clone(),
        sensitive: sensitive.clone(),
        update: false,
    };
    let reader = Reader::Environment("shop-pr-123".parse().expect("a DNS label"));
    [
        ("sensitive_paths", sensitive.to_string()),
        ("target_prefixes", targets.to_string()),
        ("cloner_policy", hcl(&cloner_policy(&rights))),
        ("reader_policy", hcl(&reader_policy(&MountPath::default(), &reader))),
        ("reaper_policy", hcl(&reaper_policy(&MountPath::default(), &Globs::default_targets()))),
        ("copy_metadata", metadata()),
    ]
}

fn hcl(text: &str) -> String {
    format!("```hcl\n{}\n```", text.trim_end())
}

fn metadata() -> String {
    let rows = [
        (vault::ENVIRONMENT, "the environment"),
        (vault::INSTALLATION, "the installation"),
        (vault::SOURCE, "`<mount>/<path>` of the source"),
        (vault::SOURCE_VERSION, "version of the source; `none` for KV version 1"),
        (vault::CREATED, "time of the first version of the copy"),
        (
            vault::NONCE,
            "random value of the run that created or adopted the copy; destroy requires the value in the state",
        ),
    ];
    table(&["entry", "value"], rows.map(|(key, meaning)| vec![code(key), meaning.to_owned()]))
}
