use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::dns::record::RecordData;
use crate::service::Domain;
use crate::settings::Settings;
use crate::spec::EnvironmentSpec;

fn environment(name: &str, services: &[String], domain: Option<&str>) -> Environment {
    let settings = Settings {
        installation: "acme".parse().unwrap(),
        domain: domain.map(|domain| domain.parse::<Domain>().unwrap()),
        ..Settings::default()
    };
    let spec = serde_json::json!({ "name": name, "services": services }).to_string();
    Environment::resolve(&EnvironmentSpec::from_json(&spec).unwrap(), &settings).unwrap()
}

fn hosts(name: &str, services: &[&str]) -> EnvironmentHosts {
    let services: Vec<_> = services.iter().map(|&service| service.to_owned()).collect();
    EnvironmentHosts::of(&environment(name, &services, Some("d.acme"))).unwrap()
}

fn owner(name: &str) -> RecordOwner {
    RecordOwner { installation: "acme".parse().unwrap(), environment: name.parse().unwrap() }
}

fn settings(target: &str, target_zone_id: Option<&str>, txt_prefix: &str) -> RecordSettings {
    let (target, txt_prefix) = (Some(target), Some(txt_prefix));
    RecordSettings::parse(&RecordArguments { target, target_zone_id, txt_prefix, ..RecordArguments::default() })
        .unwrap()
}

fn texts(mistakes: &[Mistake<DnsRecordError>]) -> Vec<String> {
    mistakes.iter().map(ToString::to_string).collect()
}

fn print(set: &RecordSet) -> String {
    let content = match &set.data {
        RecordData::Values { ttl, .. } => format!("{ttl} {}", set.values().collect::<Vec<_>>().join(" ")),
        RecordData::Alias(target) => {
            format!("alias {} {} {}", target.zone_id, target.name, target.evaluate_target_health)
        }
    };
    format!("{} {} {content}\n", set.name, set.record_type)
}

#[test]
fn every_host_has_its_records_and_txt_records() {
    let print_all = |settings: &RecordSettings| {
        let pairs = hosts("x", &["api"]).record_pairs(settings, &owner("x")).unwrap();
        pairs.iter().map(|pair| print(&pair.record) + &print(&pair.txt)).collect::<String>()
    };
    expect![[r#"
        x.d.acme CNAME 60 lb.acme
        cname-x.d.acme TXT 300 "heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/x/x"
        x-api.d.acme CNAME 60 lb.acme
        cname-x-api.d.acme TXT 300 "heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/x/x"
    "#]]
    .assert_eq(&print_all(&settings("lb.acme", None, "")));
    expect![[r#"
        x.d.acme A alias Z456 lb.acme true
        _a.x.d.acme TXT 300 "heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/x/x"
        x.d.acme AAAA alias Z456 lb.acme true
        _aaaa.x.d.acme TXT 300 "heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/x/x"
        x-api.d.acme A alias Z456 lb.acme true
        _a.x-api.d.acme TXT 300 "heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/x/x"
        x-api.d.acme AAAA alias Z456 lb.acme true
        _aaaa.x-api.d.acme TXT 300 "heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/x/x"
    "#]]
    .assert_eq(&print_all(&settings("lb.acme", Some("Z456"), "_%{record_type}.")));
}

#[test]
fn all_mistakes_in_the_arguments_are_found() {
    let arguments =
        RecordArguments { target: None, record_ttl: Some(0), txt_prefix: Some("%"), ..RecordArguments::default() };
    assert_eq!(
        texts(&RecordSettings::parse(&arguments).unwrap_err()),
        [
            "dns.target: target is required: expected the name or the addresses of the gateway",
            "dns.record_ttl: record_ttl must be from 1 to 2147483647 seconds, got 0",
            "dns.txt_prefix: txt_prefix `%` contains '%': allowed are letters, digits, `-`, `_`, `.` and `%{record_type}`",
        ]
    );
    for ttl in [-1, 2_147_483_648, i64::MAX] {
        let arguments =
            RecordArguments { target: Some("lb.acme"), record_ttl: Some(ttl), ..RecordArguments::default() };
        assert!(RecordSettings::parse(&arguments).is_err(), "{ttl}");
    }
}

#[test]
fn environment_without_domain_has_no_records() {
    let mistake = EnvironmentHosts::of(&environment("x", &[], None)).unwrap_err();
    assert_eq!(mistake.to_string(), "dns.mode: DNS records require a domain, and none is set");
}

#[test]
fn long_names_are_mistakes_at_their_argument() {
    let (long, cname) = ("x".repeat(58), settings("lb.acme", None, ""));
    let mistakes = hosts(&long, &["api"]).record_pairs(&cname, &owner(&long)).unwrap_err();
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.join(".")).collect();
    assert_eq!(paths, ["name", "services.api"]);
    assert_eq!(
        mistakes[0].error.to_string(),
        format!(
            "host `{long}.d.acme` is too long for its ownership TXT record: label `cname-{long}` of DNS name \
                `cname-{long}.d.acme` must have at most 63 characters, got 64; use a shorter name, or a txt_prefix that ends in \
                a dot, such as `_%{{record_type}}.`"
        )
    );
    // The prefix is the cause.
    let name = "x".repeat(55);
    let mistakes = hosts(&name, &[]).record_pairs(&settings("lb.acme", None, "txt-"), &owner(&name)).unwrap_err();
    assert_eq!(mistakes[0].path, ["dns", "txt_prefix"]);
    assert!(hosts(&long, &["api"]).record_pairs(&settings("lb.acme", None, "_%{record_type}."), &owner(&long)).is_ok());
}

#[test]
fn host_that_is_a_txt_name_is_a_mistake_that_names_both_environments() {
    let prefix = TxtPrefix::default();
    let (one, other) = (hosts("x", &["api"]), hosts("cname-x", &[]));
    let expected = "host `cname-x.d.acme` of environment `cname-x` is the name of the ownership TXT record of host `x.d.acme` of \
        environment `x`; use another name, or a txt_prefix";
    assert_eq!(texts(&other.conflicts_with(&one, &prefix)), [format!("name: {expected}")]);
    assert_eq!(texts(&one.conflicts_with(&other, &prefix)), [format!("name: {expected}")]);
    let of_service = hosts("a-x", &["api"]).conflicts_with(&one, &prefix);
    assert_eq!(of_service.iter().map(|mistake| mistake.path.join(".")).collect::<Vec<_>>(), ["name", "services.api"]);
    assert!(one.conflicts_with(&other, &"txt.".parse().unwrap()).is_empty());
    assert!(one.conflicts_with(&hosts("y", &["api"]), &prefix).is_empty());
    // Two hosts of one environment.
    let own = hosts("cname", &["cname"]).record_pairs(&settings("lb.acme", None, ""), &owner("cname")).unwrap_err();
    assert_eq!(
        texts(&own),
        [
            "services.cname: host `cname-cname.d.acme` of environment `cname` is the name of the ownership TXT record of host \
            `cname.d.acme` of environment `cname`; use another name, or a txt_prefix"
        ]
    );
}

proptest! {
    /// Names over all environments, services and domains: records are valid or a mistake, and all names are different.
    #[test]
    fn records_of_every_environment_are_valid_or_a_mistake(
        name in "x([a-z0-9-]{0,61}[a-z0-9])?",
        services in prop::collection::btree_set("[a-o]([a-z0-9-]{0,61}[a-o])?", 0..4),
        domain in "([a-z]{1,63}\\.){0,2}[a-z]{1,61}",
        target in prop::sample::select(vec![("lb.acme", None), ("lb.acme", Some("Z1")), ("10.0.0.1,2001:db8::1", None)]),
        prefix in prop::sample::select(vec!["", "txt-", "_%{record_type}.", "%{record_type}-eod-"]),
    ) {
        let services: Vec<String> = services.into_iter().collect();
        let hosts = EnvironmentHosts::of(&environment(&name, &services, Some(&domain))).unwrap();
        prop_assert_eq!(hosts.hosts.len(), services.len() + 1);
        let settings = settings(target.0, target.1, prefix);
        match hosts.record_pairs(&settings, &owner(&name)) {
            Ok(pairs) => {
                let sets: Vec<_> = pairs.iter().flat_map(|pair| [&pair.record, &pair.txt]).collect();
                for set in &sets {
                    prop_assert_eq!(set.name.as_str().parse::<RecordName>(), Ok(set.name.clone()));
                    prop_assert!(set.name.is_within(&RecordName::listed(&domain)));
                }
                let keys: std::collections::BTreeSet<_> =
                    sets.iter().map(|set| (&set.name, &set.record_type)).collect();
                prop_assert_eq!(keys.len(), sets.len());
                for RecordPair { record, txt } in &pairs {
                    let read = crate::dns::txt::record_of_txt_name(&txt.name, &settings.txt_prefix);
                    prop_assert_eq!(read, Some((record.name.clone(), record.record_type.clone())));
                }
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                for mistake in &mistakes {
                    let is_about_names = matches!(mistake.error, DnsRecordError::TxtName { .. } | DnsRecordError::HostIsTxtName { .. });
                    prop_assert!(is_about_names, "{}", mistake);
                }
            }
        }
    }
}
