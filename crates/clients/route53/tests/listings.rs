//! Zones and records, page by page.

use std::collections::BTreeSet;

use eod_testkit::route53::FakeRecord;

use super::fake::{Fake, deadline, name};
use crate::ErrorKind;

#[tokio::test(start_paused = true)]
async fn zones_are_listed_over_all_pages_and_read_by_id() {
    let fake = Fake::new();
    fake.service.create_zone("acme.example", true);
    fake.service.create_zone("other.example", false);
    fake.service.set_page(1);
    let client = fake.client();
    let zones = client.zones(&deadline()).await.unwrap();
    let found: Vec<_> = zones.iter().map(|zone| (zone.name.as_str(), zone.is_private)).collect();
    assert_eq!(found, [("acme.example", false), ("acme.example", true), ("other.example", false)]);
    assert_eq!(client.counts().get("ListHostedZones"), Some(&3));

    assert_eq!(client.zone(&fake.zone, &deadline()).await.unwrap(), zones[0]);
    let error = client.zone(&"Z0ABSENT".parse().unwrap(), &deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let chain = error.chain();
    assert!(
        chain.starts_with("cannot read hosted zone `Z0ABSENT`: Route 53 answered 404 NoSuchHostedZone ("),
        "{chain}"
    );
}

#[tokio::test(start_paused = true)]
async fn zone_is_listed_with_sets_of_one_name_across_the_border_of_a_page() {
    let fake = Fake::new();
    for n in 0..5 {
        let weighted = FakeRecord::simple("w.acme.example", "A", &["192.0.2.1"]).weighted(&format!("set{n}"), 1);
        fake.service.put(fake.zone.as_str(), weighted);
    }
    fake.service.put(fake.zone.as_str(), FakeRecord::simple("*.Acme.Example", "TXT", &["\"x\""]));
    for page in 1..=8 {
        fake.service.set_page(page);
        let records = fake.client().all_records(&fake.zone, &deadline()).await.unwrap();
        assert_eq!(records.len(), 8, "page {page}");
        let weighted = records.iter().filter(|record| record.routing.is_some());
        assert_eq!(weighted.count(), 5);
        assert!(records.iter().any(|record| record.name.as_str() == "*.acme.example"));
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_names_are_complete_with_every_size_of_a_page() {
    let fake = Fake::new();
    let hosts = ["a", "a-b", "x.a", "b", "c", "d-1", "d", "w"].map(|label| format!("{label}.acme.example"));
    for host in &hosts {
        fake.service.put(fake.zone.as_str(), FakeRecord::simple(host, "A", &["192.0.2.1"]));
        fake.service.put(fake.zone.as_str(), FakeRecord::simple(host, "TXT", &["\"x\""]));
    }
    for n in 0..4 {
        let weighted = FakeRecord::simple("w.acme.example", "AAAA", &["2001:db8::1"]).weighted(&format!("set{n}"), 1);
        fake.service.put(fake.zone.as_str(), weighted);
    }
    fake.service.put(fake.zone.as_str(), FakeRecord::simple("*.acme.example", "A", &["192.0.2.2"]));
    let wanted = ["*", "a-b", "a", "absent", "d", "w", "zzz"].map(|label| name(&format!("{label}.acme.example")));
    let wanted: BTreeSet<_> = wanted.into_iter().collect();
    for page in 1..=30 {
        fake.service.set_page(page);
        let client = fake.client();
        let records = client.records_at(&fake.zone, &wanted, &deadline()).await.unwrap();
        let count = |label: &str| {
            records.iter().filter(|record| record.name.as_str() == format!("{label}.acme.example")).count()
        };
        assert_eq!(["*", "a-b", "a", "d", "w"].map(count), [1, 2, 2, 2, 6], "page {page}");
        assert_eq!(records.len(), 13);
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_a_small_zone_need_one_request() {
    let fake = Fake::new();
    let wanted: BTreeSet<_> = (0..40).map(|n| name(&format!("pr-{n}.acme.example"))).collect();
    let client = fake.client();
    assert!(client.records_at(&fake.zone, &wanted, &deadline()).await.unwrap().is_empty());
    assert_eq!(client.counts().into_values().sum::<u64>(), 1);
    assert!(client.records_at(&fake.zone, &BTreeSet::new(), &deadline()).await.unwrap().is_empty());
    assert_eq!(client.counts().into_values().sum::<u64>(), 1);
}
