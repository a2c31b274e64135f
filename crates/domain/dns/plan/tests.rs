use proptest::prelude::*;

use super::model::ZoneModel;
use super::*;
use crate::dns::batch::{BatchLimits, batches};
use crate::dns::target::DnsTarget;
use crate::dns::txt::{OWNERSHIP_TTL, ownership_record};
use crate::dns::wanted::{EnvironmentHosts, RecordArguments, RecordSettings};
use crate::environment::Environment;
use crate::settings::Settings;
use crate::spec::EnvironmentSpec;

const CNAME: Option<&str> = None;
const ALIAS: Option<&str> = Some("Z456");

fn owner(environment: &str) -> RecordOwner {
    RecordOwner { installation: "acme".parse().unwrap(), environment: environment.parse().unwrap() }
}

fn settings(target: &str, target_zone_id: Option<&str>) -> RecordSettings {
    let target = Some(target);
    RecordSettings::parse(&RecordArguments { target, target_zone_id, ..RecordArguments::default() }).unwrap()
}

fn environment(name: &str, services: &[&str]) -> Environment {
    let settings = Settings {
        installation: "acme".parse().unwrap(),
        domain: Some("d.acme".parse().unwrap()),
        ..Settings::default()
    };
    let spec = serde_json::json!({ "name": name, "services": services }).to_string();
    Environment::resolve(&EnvironmentSpec::from_json(&spec).unwrap(), &settings).unwrap()
}

fn needed(name: &str, services: &[&str], settings: &RecordSettings) -> Vec<RecordPair> {
    let hosts = EnvironmentHosts::of(&environment(name, services)).unwrap();
    hosts.record_pairs(settings, &owner(name)).unwrap()
}

fn plan(needed: &[RecordPair], zone: &ZoneModel, environment: &str) -> RecordPlan {
    plan_records(needed, &zone.stored(), &owner(environment), &TxtPrefix::default())
}

/// Plans and applies. Returns the actions per host in short form.
fn apply(needed: &[RecordPair], zone: &mut ZoneModel, environment: &str) -> Vec<String> {
    let plan = plan(needed, zone, environment);
    assert!(plan.refusals().is_empty(), "{:?}", plan.refusals());
    for entry in &plan.entries {
        zone.apply(&entry.changes).unwrap();
    }
    plan.entries.iter().map(short).collect()
}

fn short(entry: &ChangeEntry) -> String {
    let change = |change: &RecordChange| {
        let action = match change.action {
            ChangeAction::Create => '+',
            ChangeAction::Delete => '-',
            ChangeAction::Upsert => '~',
        };
        format!(" {action}{}:{}", change.record.record_type, change.record.name.split_first_label().0)
    };
    format!("{}:{}", entry.host.split_first_label().0, entry.changes.iter().map(change).collect::<String>())
}

fn refusals(needed: &[RecordPair], zone: &ZoneModel, environment: &str) -> Vec<String> {
    plan(needed, zone, environment).refusals().iter().map(ToString::to_string).collect()
}

fn values(name: &str, record_type: RecordType, values: &[&str]) -> RecordSet {
    RecordSet::of_values(RecordName::listed(name), record_type, 60, values.iter().map(|&value| value.to_owned()))
}

fn txt_of(record: &RecordSet, owner: &str, resource: &str) -> RecordSet {
    let labels = OwnershipTxt { owner: owner.to_owned(), resource: Some(resource.to_owned()), others: BTreeMap::new() };
    let name = listed_txt_name(&record.name, &record.record_type, &TxtPrefix::default());
    RecordSet::of_values(name, RecordType::Txt, OWNERSHIP_TTL, [labels.value()])
}

#[test]
fn records_are_created_changed_and_deleted() {
    let cname = settings("lb.acme", CNAME);
    let mut zone = ZoneModel::default();
    let first = needed("x", &["api"], &cname);
    assert_eq!(apply(&first, &mut zone, "x"), ["x-api: +CNAME:x-api +TXT:cname-x-api", "x: +CNAME:x +TXT:cname-x"]);
    assert_eq!(apply(&first, &mut zone, "x"), [""; 0]);
    // A service is replaced: its new record exists before the old one is deleted.
    let second = needed("x", &["web"], &cname);
    assert_eq!(
        apply(&second, &mut zone, "x"),
        ["x-web: +CNAME:x-web +TXT:cname-x-web", "x-api: -CNAME:x-api -TXT:cname-x-api"]
    );
    // The target changes within its type.
    let third = needed("x", &["web"], &settings("lb-2.acme", CNAME));
    assert_eq!(
        apply(&third, &mut zone, "x"),
        ["x-web: -TXT:cname-x-web ~CNAME:x-web +TXT:cname-x-web", "x: -TXT:cname-x ~CNAME:x +TXT:cname-x"]
    );
    // The type changes in one batch: a CNAME record excludes the others.
    let fourth = needed("x", &[], &settings("lb.acme", ALIAS));
    assert_eq!(
        apply(&fourth, &mut zone, "x"),
        ["x: -CNAME:x -TXT:cname-x +A:x +TXT:a-x +AAAA:x +TXT:aaaa-x", "x-web: -CNAME:x-web -TXT:cname-x-web"]
    );
    let fifth = needed("x", &[], &settings("10.0.0.1", None));
    assert_eq!(apply(&fifth, &mut zone, "x"), ["x: -TXT:a-x -AAAA:x -TXT:aaaa-x ~A:x +TXT:a-x"]);
    assert_eq!(apply(&[], &mut zone, "x"), ["x: -A:x -TXT:a-x"]);
    assert_eq!(zone, ZoneModel::default());
}

#[test]
fn records_changed_or_deleted_by_hand_are_repaired() {
    let pairs = needed("x", &[], &settings("10.0.0.1", None));
    let mut zone = ZoneModel::default();
    apply(&pairs, &mut zone, "x");
    let whole = zone.clone();
    zone.put(values("x.d.acme", RecordType::A, &["10.9.9.9"]));
    assert_eq!(plan(&pairs, &zone, "x").decisions[0].2, RecordDecision::Update);
    apply(&pairs, &mut zone, "x");
    assert_eq!(zone, whole);
    zone.remove("x.d.acme", &RecordType::A);
    assert_eq!(apply(&pairs, &mut zone, "x"), ["x: -TXT:a-x +A:x +TXT:a-x"]);
    assert_eq!(zone, whole);
    // Without its TXT record the record could belong to anybody.
    zone.remove("a-x.d.acme", &RecordType::Txt);
    assert_eq!(
        refusals(&pairs, &zone, "x"),
        [
            "record `x.d.acme` of type A cannot be changed: it exists without an ownership TXT record, so EoD has not created it"
        ]
    );
    assert_eq!(plan(&[], &zone, "x"), RecordPlan::default());
}

#[test]
fn destroy_deletes_what_exists() {
    let pairs = needed("x", &["api"], &settings("lb.acme", CNAME));
    let mut zone = ZoneModel::default();
    apply(&pairs, &mut zone, "x");
    zone.remove("x.d.acme", &RecordType::Cname);
    zone.put(values("x-api.d.acme", RecordType::Cname, &["drift.acme"]));
    assert_eq!(apply(&[], &mut zone, "x"), ["x-api: -CNAME:x-api -TXT:cname-x-api", "x: -TXT:cname-x"]);
    assert_eq!(apply(&[], &mut zone, "x"), [""; 0]);
}

#[test]
fn records_of_other_owners_are_refused_with_the_owner() {
    let pairs = needed("x", &[], &settings("10.0.0.1", None));
    let record = values("x.d.acme", RecordType::A, &["10.0.0.1"]);
    let with = |txt: RecordSet| refusals(&pairs, &ZoneModel::with([record.clone(), txt]), "x");
    let head = "record `x.d.acme` of type A cannot be changed: it";
    assert_eq!(
        with(txt_of(&record, "prod", "ingress/shop/web")),
        [format!("{head} belongs to owner `prod`, resource `ingress/shop/web`")]
    );
    assert_eq!(
        with(txt_of(&record, "eod-acme", "eod/x-1/x-1")),
        [format!("{head} belongs to owner `eod-acme`, resource `eod/x-1/x-1`")]
    );
    assert_eq!(
        with(txt_of(&record, "eod-other", "eod/x/x")),
        [format!("{head} belongs to owner `eod-other`, resource `eod/x/x`")]
    );
    let encrypted = values("a-x.d.acme", RecordType::Txt, &["\"c2VjcmV0\""]);
    assert_eq!(
        with(encrypted),
        [format!(
            "{head}s ownership TXT record cannot be read: it is encrypted, written by other software, or changed"
        )]
    );
}

#[test]
fn legacy_txt_name_of_an_alias_is_understood_and_replaced() {
    let pairs = needed("x", &[], &settings("lb.acme", ALIAS));
    let alias = pairs[0].record.clone();
    let legacy = |owner: &str, resource: &str| RecordSet {
        name: RecordName::listed("cname-x.d.acme"),
        ..txt_of(&alias, owner, resource)
    };
    let foreign = ZoneModel::with([alias.clone(), legacy("prod", "ingress/shop/web")]);
    assert_eq!(
        refusals(&pairs, &foreign, "x"),
        ["record `x.d.acme` of type A cannot be changed: it belongs to owner `prod`, resource `ingress/shop/web`"]
    );
    assert_eq!(plan(&[], &foreign, "x"), RecordPlan::default());
    let mut ours = ZoneModel::with([alias.clone(), legacy("eod-acme", "eod/x/x")]);
    let mut ended = ours.clone();
    assert_eq!(apply(&pairs, &mut ours, "x"), ["x: -TXT:cname-x ~A:x +TXT:a-x +AAAA:x +TXT:aaaa-x"]);
    assert_eq!(apply(&pairs, &mut ours, "x"), [""; 0]);
    assert_eq!(apply(&[], &mut ended, "x"), ["x: -A:x -TXT:cname-x"]);
    assert_eq!(ended, ZoneModel::default());
}

#[test]
fn records_that_dns_does_not_allow_beside_others_are_refused() {
    let cname = needed("x", &[], &settings("lb.acme", CNAME));
    let address = needed("x", &[], &settings("10.0.0.1", None));
    let mail = RecordType::named("MX");
    let with = |pairs: &[RecordPair], set: RecordSet| refusals(pairs, &ZoneModel::with([set]), "x").join(" / ");
    let beside = "a CNAME record excludes other records at its name, and";
    let head = "record `x.d.acme` of type CNAME cannot be changed:";
    assert_eq!(
        with(&cname, values("x.d.acme", mail.clone(), &["10 mail.acme"])),
        format!("{head} {beside} `x.d.acme` would have both a CNAME record and one of type MX")
    );
    assert_eq!(with(&address, values("x.d.acme", mail, &["10 mail.acme"])), "");
    assert_eq!(
        with(&address, values("x.d.acme", RecordType::Cname, &["other.acme"])),
        format!(
            "record `x.d.acme` of type A cannot be changed: {beside} `x.d.acme` would have both a CNAME record and one of type A"
        )
    );
    assert_eq!(
        with(&cname, values("cname-x.d.acme", RecordType::Cname, &["other.acme"])),
        format!("{head} {beside} `cname-x.d.acme` would have both a CNAME record and one of type TXT")
    );
    assert_eq!(
        with(&address, values("x.d.acme", RecordType::named("NS"), &["ns.acme"])),
        "record `x.d.acme` of type A cannot be changed: the host is delegated to other name servers by a record of type NS"
    );
    let weighted = RecordSet {
        routing: Some("routing policy `weight 10`".to_owned()),
        ..values("x.d.acme", RecordType::A, &["10.0.0.1"])
    };
    let zone = ZoneModel::with([weighted.clone(), txt_of(&weighted, "eod-acme", "eod/x/x")]);
    let routed = "record `x.d.acme` of type A cannot be changed: it has a routing policy `weight 10`, which EoD does not write; \
        remove it, or delete the record";
    assert_eq!(refusals(&address, &zone, "x"), [routed]);
    assert_eq!(refusals(&[], &zone, "x"), [routed]);
    assert!(plan(&[], &zone, "x").entries.is_empty());
}

#[test]
fn host_with_the_name_of_a_txt_record_is_refused_in_both_orders() {
    let alias = settings("lb.acme", ALIAS);
    let (one, other) = (needed("x", &[], &alias), needed("a-x", &[], &alias));
    let mut zone = ZoneModel::default();
    apply(&one, &mut zone, "x");
    let refused = "the host is the name of an ownership TXT record (owner `eod-acme`, resource `eod/x/x`); use another name, \
        or a txt_prefix";
    assert_eq!(
        refusals(&other, &zone, "a-x"),
        ["A", "AAAA"].map(|of| format!("record `a-x.d.acme` of type {of} cannot be changed: {refused}"))
    );
    let mut zone = ZoneModel::default();
    apply(&other, &mut zone, "a-x");
    let refused =
        "the name of its ownership TXT record, `a-x.d.acme`, is a host with a record of type A; use another name";
    assert_eq!(refusals(&one, &zone, "x"), [format!("record `x.d.acme` of type A cannot be changed: {refused}")]);
    assert!(plan(&one, &zone, "x").entries.is_empty(), "nothing of the host is created");
}

#[test]
fn owner_that_changed_since_the_reading_is_protected() {
    let (old, new) = (settings("10.0.0.1", None), settings("10.0.0.2", None));
    let mut zone = ZoneModel::default();
    apply(&needed("x", &[], &old), &mut zone, "x");
    let plans = [plan(&needed("x", &[], &new), &zone, "x"), plan(&[], &zone, "x")];
    // Another installation takes the record over after it was read.
    zone.put(txt_of(&values("x.d.acme", RecordType::A, &[]), "eod-other", "eod/x/x"));
    let taken = zone.clone();
    for plan in plans {
        let error = zone.apply(&plan.entries[0].changes).unwrap_err();
        assert!(error.contains("the values provided do not match"), "{error}");
    }
    assert_eq!(zone, taken);
}

#[test]
fn names_to_read_are_hosts_and_txt_names() {
    let names = names_to_read([&RecordName::listed("x.acme")], &"_%{record_type}.".parse().unwrap());
    let names: Vec<_> = names.iter().map(RecordName::as_str).collect();
    assert_eq!(names, ["_a.x.acme", "_aaaa.x.acme", "_cname.x.acme", "x.acme"]);
}

#[test]
fn environments_of_a_usual_size_fill_few_batches() {
    let cname = settings("k8s-gateway-0123456789abcdef.elb.eu-central-1.amazonaws.com", CNAME);
    let entries: Vec<_> = (0..100)
        .flat_map(|number| {
            let name = format!("shop-pr-{number}");
            plan(&needed(&name, &["api", "web"], &cname), &ZoneModel::default(), &name).entries
        })
        .collect();
    assert_eq!(entries.len(), 300);
    let packed = batches(entries, ChangeEntry::weight, &BatchLimits::default());
    assert_eq!((packed.batches.len(), packed.too_large.len()), (2, 0));
}

fn any_target() -> impl Strategy<Value = RecordSettings> {
    prop::sample::select(vec![
        settings("lb.acme", CNAME),
        settings("lb-2.acme", CNAME),
        settings("lb.acme", ALIAS),
        settings("10.0.0.1", None),
        settings("10.0.0.2,2001:db8::1", None),
        settings("2001:db8::2", None),
    ])
}

/// Needed records of one of a few environments, or none.
fn any_needed(name: &'static str) -> impl Strategy<Value = Vec<RecordPair>> {
    let services = prop::sample::subsequence(vec!["api", "web", "cname", "a"], 0..4);
    (services, any_target(), any::<bool>()).prop_map(move |(services, settings, is_ended)| {
        if is_ended { Vec::new() } else { needed(name, &services, &settings) }
    })
}

/// Record that EoD has not created, at or near the names of environment `x`.
fn any_foreign() -> impl Strategy<Value = Vec<RecordSet>> {
    let name = prop::sample::select(vec!["x", "x-api", "a-x", "cname-x", "aaaa-x-api", "other", "x-a", "*"]);
    let kind = 0..9_u8;
    (name, kind).prop_map(|(name, kind)| {
        let name = format!("{name}.d.acme");
        let address = values(&name, RecordType::A, &["10.1.1.1"]);
        match kind {
            0 => vec![address],
            1 => vec![values(&name, RecordType::Cname, &["foreign.acme"])],
            2 => vec![values(&name, RecordType::named("MX"), &["10 mail.acme"])],
            3 => vec![values(&name, RecordType::Txt, &["\"v=spf1 -all\""])],
            4 => vec![txt_of(&address, "prod", "ingress/shop/web"), address],
            5 => vec![txt_of(&address, "eod-other", "eod/x/x"), address],
            6 => vec![txt_of(&address, "eod-acme", "eod/y/y"), address],
            7 => vec![values(&name, RecordType::named("NS"), &["ns.acme"])],
            _ => vec![RecordSet { routing: Some("weight".to_owned()), ..address }],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A series of needed records in a zone with records of others: each applied plan gives what is needed, except for
    /// refused hosts, and everything foreign is unchanged.
    #[test]
    fn applied_plan_gives_the_needed_records_and_changes_nothing_else(
        foreign in prop::collection::vec(any_foreign(), 0..5),
        series in prop::collection::vec(any_needed("x"), 1..4),
        neighbour in any_needed("x-b"),
    ) {
        let mut zone = ZoneModel::default();
        for set in foreign.into_iter().flatten() {
            let set = RecordChange { action: ChangeAction::Create, record: set };
            // A record that the zone does not allow beside the others is left out.
            let _refused = zone.apply([&set]);
        }
        let before = plan(&neighbour, &zone, "x-b");
        for entry in &before.entries {
            zone.apply(&entry.changes).unwrap();
        }
        let others = zone.stored();
        for pairs in series.into_iter().chain([Vec::new()]) {
            let plan_of_x = plan(&pairs, &zone, "x");
            let refused: BTreeSet<_> = plan_of_x.refusals().into_iter().map(|refusal| refusal.host).collect();
            for entry in &plan_of_x.entries {
                prop_assert!(!refused.contains(&entry.host));
                // A record and its TXT record are in one entry.
                let hosts = entry.changes.iter().map(|change| match record_of_txt_name(&change.record.name, &TxtPrefix::default()) {
                    Some((host, _)) if change.record.record_type == RecordType::Txt => host,
                    _ => change.record.name.clone(),
                });
                prop_assert!(hosts.into_iter().all(|host| host == entry.host));
                prop_assert_eq!(zone.apply(&entry.changes), Ok(()));
            }
            let stored = zone.stored();
            for other in &others {
                prop_assert!(stored.contains(other), "{:?}", other);
            }
            let is_given = |pair: &RecordPair| stored.contains(&pair.record) && stored.contains(&pair.txt);
            for pair in &pairs {
                prop_assert!(refused.contains(&pair.record.name) || is_given(pair), "{:?}", pair);
            }
            let given: Vec<_> = pairs.iter().flat_map(|pair| [&pair.record, &pair.txt]).collect();
            let is_explained = |set: &RecordSet| others.contains(set) || given.contains(&set)
                || refused.iter().any(|host| names_to_read([host], &TxtPrefix::default()).contains(&set.name));
            prop_assert!(stored.iter().all(is_explained));
            let again = plan(&pairs, &zone, "x");
            prop_assert!(again.entries.is_empty(), "{:?}", again.entries);
        }
    }
}

#[test]
fn target_of_the_maximum_size_fits_in_one_batch() {
    let many = |count: u32| {
        (0..count).map(|at| format!("2001:db8:1111:2222:3333:4444:5555:{at:x}")).collect::<Vec<_>>().join(",")
    };
    let (old, new) = (settings(&many(100), None), settings(&many(99), None));
    assert!(matches!(old.target, DnsTarget::Addresses { .. }));
    let mut zone = ZoneModel::default();
    apply(&needed("x", &[], &old), &mut zone, "x");
    let entry = plan(&needed("x", &[], &new), &zone, "x").entries.remove(0);
    assert!(BatchLimits::default().allow(entry.weight()));
    let record = values("x.d.acme", RecordType::A, &[]);
    assert!(ownership_record(&record, &owner("x"), &TxtPrefix::default()).is_ok());
}
