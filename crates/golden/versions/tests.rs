use super::*;

const NOW: &str = "2026-11-28T12:00:00Z";

fn facts(taken: &str, until: Option<&str>) -> GoldenFacts {
    GoldenFacts {
        manifest: "0123456789abcdef".to_owned(),
        taken_at: taken.parse().unwrap(),
        built_at: taken.parse().unwrap(),
        published_at: until.map(|_| taken.parse().unwrap()),
        valid_until: until.map(|until| until.parse().unwrap()),
        tables: 3,
        rows: 4,
        policy: "abc".to_owned(),
        key_check: "def".to_owned(),
    }
}

fn row(owner: &str, database: Option<&str>, facts: Option<GoldenFacts>) -> VersionRow {
    VersionRow {
        owner: owner.to_owned(),
        database: database.map(str::to_owned),
        comment: facts.map(|facts| facts.comment()),
        is_open: Some(false),
        bytes: Some(1),
    }
}

fn listed(rows: &[VersionRow]) -> Vec<GoldenVersion> {
    rows.iter().filter_map(|row| version(row, NOW.parse().unwrap())).collect()
}

#[test]
fn state_follows_from_name_and_comment() {
    let far = Some("2026-12-28T00:00:00Z");
    let found = listed(&[
        row("shop_owner", Some("shop"), Some(facts("2026-11-28T00:00:00Z", far))),
        row("shop_next_owner", Some("shop_next"), Some(facts("2026-11-28T11:00:00Z", None))),
        row("shop_20261001000000_owner", Some("shop_20261001000000"), Some(facts("2026-10-01T00:00:00Z", far))),
        row("crm_next_owner", Some("crm_next"), None),
        row("erp_next_owner", None, None),
        row("shop_owner", Some("other_database_of_the_owner"), Some(facts("2026-11-28T00:00:00Z", far))),
        row("somebody", Some("x"), None),
    ]);
    let states: Vec<_> =
        found.iter().map(|version| format!("{} {} {}", version.name, version.database, version.state)).collect();
    assert_eq!(
        states,
        [
            "shop shop published",
            "shop shop_next built",
            "shop shop_20261001000000 kept",
            "crm crm_next unfinished",
            "erp erp_next unfinished",
        ]
    );
}

#[test]
fn prune_removes_ended_older_and_interrupted_versions() {
    let (far, past) = (Some("2026-12-28T00:00:00Z"), Some("2026-11-28T11:59:59Z"));
    let versions = listed(&[
        row("crm_owner", Some("crm"), Some(facts("2026-10-28T00:00:00Z", past))),
        row("crm_next_owner", Some("crm_next"), None),
        row("shop_owner", Some("shop"), Some(facts("2026-11-28T00:00:00Z", far))),
        row("shop_next_owner", Some("shop_next"), Some(facts("2026-11-28T11:00:00Z", None))),
        row("shop_20261103000000_owner", Some("shop_20261103000000"), Some(facts("2026-11-03T00:00:00Z", far))),
        row("shop_20261102000000_owner", Some("shop_20261102000000"), Some(facts("2026-11-02T00:00:00Z", past))),
        row("shop_20261101000000_owner", Some("shop_20261101000000"), Some(facts("2026-11-01T00:00:00Z", far))),
    ]);
    let pruned = |name: Option<&str>, keep| -> Vec<String> {
        let name = name.map(|name| GoldenName::new(name).unwrap());
        to_prune(&versions, name.as_ref(), keep).iter().map(|(name, reason)| format!("{name}: {reason}")).collect()
    };
    let crm = ["crm: its validity has ended", "crm_next: its build was interrupted"];
    let over = "shop_20261102000000: its validity has ended";
    let older = "shop_20261101000000: newer versions are kept";
    assert_eq!(pruned(None, 1), [crm[0], crm[1], over, older]);
    assert_eq!(pruned(Some("shop"), 1), [over, older]);
    assert_eq!(pruned(Some("shop"), 2), [over]);
    assert_eq!(pruned(Some("shop"), 0), ["shop_20261103000000: newer versions are kept", over, older]);
}
