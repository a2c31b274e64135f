//! Each rule of the fake, with a call that the real service refuses.

use std::time::Duration;

use super::{FakeRecord, Route53Answer, Route53Call, Route53Fault, Route53Rates, Route53Service};

struct Zone {
    service: Route53Service,
    id: String,
}

impl Zone {
    fn new() -> Self {
        let service = Route53Service::default();
        service.set_rates(Route53Rates { account: (1e6, 1.0), action: (1e6, 1.0), changes: (1e6, 1.0) });
        service.set_processing(Duration::ZERO);
        let id = service.create_zone("acme.example", false);
        Self { service, id }
    }

    fn get(&self, path: &str, at: u64) -> Route53Answer {
        self.service.answer(&signed("GET", &format!("/2013-04-01/{path}"), ""), Duration::from_millis(at))
    }

    fn change(&self, changes: &[String], at: u64) -> Route53Answer {
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>{}\
             </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
            changes.concat()
        );
        let call = signed("POST", &format!("/2013-04-01/hostedzone/{}/rrset", self.id), &body);
        self.service.answer(&call, Duration::from_millis(at))
    }

    #[track_caller]
    fn accepts(&self, changes: &[String]) {
        let answer = self.change(changes, 0);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Expects a refusal with this code and text, and that nothing of the batch was applied.
    #[track_caller]
    fn refuses(&self, changes: &[String], code: &str, text: &str) {
        let before = self.service.records(&self.id);
        let answer = self.change(changes, 0);
        assert_eq!((answer.status, answer.code.as_deref()), (400, Some(code)), "{}", answer.body);
        assert!(answer.body.contains(text), "{}", answer.body);
        assert_eq!(self.service.records(&self.id), before);
    }
}

fn signed(method: &str, target: &str, body: &str) -> Route53Call {
    Route53Call {
        method: method.to_owned(),
        target: target.to_owned(),
        authorization: "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/route53/aws4_request".to_owned(),
        body: body.to_owned(),
    }
}

fn change(action: &str, name: &str, record_type: &str, values: &[&str]) -> String {
    with(action, name, record_type, "", values)
}

fn with(action: &str, name: &str, record_type: &str, policy: &str, values: &[&str]) -> String {
    let values: String = values
        .iter()
        .map(|value| format!("<ResourceRecord><Value>{}</Value></ResourceRecord>", super::document::escaped(value)))
        .collect();
    format!(
        "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>{record_type}</Type>{policy}\
         <TTL>60</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet></Change>"
    )
}

fn create(name: &str, record_type: &str, value: &str) -> String {
    change("CREATE", name, record_type, &[value])
}

const ADDRESS: &str = "192.0.2.1";
const WEIGHT: &str = "<SetIdentifier>one</SetIdentifier><Weight>10</Weight>";

#[test]
fn create_of_an_existing_name_is_refused_and_the_batch_is_atomic() {
    let zone = Zone::new();
    zone.accepts(&[create("a.acme.example", "A", ADDRESS)]);
    let message = "Tried to create resource record set [name='a.acme.example.', type='A'] but it already exists";
    zone.refuses(&[create("a.acme.example", "A", ADDRESS)], "InvalidChangeBatch", message);
    // Other values, and beside a valid change.
    let batch = [create("b.acme.example", "A", ADDRESS), create("A.acme.example.", "A", "192.0.2.2")];
    zone.refuses(&batch, "InvalidChangeBatch", message);
    zone.accepts(&[change("UPSERT", "a.acme.example", "A", &["192.0.2.2"])]);
}

#[test]
fn one_record_set_is_changed_once_in_a_batch() {
    let zone = Zone::new();
    let created = create("a.acme.example", "A", ADDRESS);
    let text = "invalid set of changes for a resource record set 'CREATE A a.acme.example.'";
    zone.refuses(&[created.clone(), created.clone()], "InvalidChangeBatch", text);
    zone.accepts(&[created]);
    zone.accepts(&[change("DELETE", "a.acme.example", "A", &[ADDRESS]), create("a.acme.example", "A", "192.0.2.2")]);
}

#[test]
fn delete_requires_the_stored_record_exactly() {
    let zone = Zone::new();
    let absent = "Tried to delete resource record set [name='a.acme.example.', type='A'] but it was not found";
    zone.refuses(&[change("DELETE", "a.acme.example", "A", &[ADDRESS])], "InvalidChangeBatch", absent);
    zone.accepts(&[change("CREATE", "a.acme.example", "A", &[ADDRESS, "192.0.2.2"])]);
    let different = "but the values provided do not match the current values";
    zone.refuses(&[change("DELETE", "a.acme.example", "A", &[ADDRESS])], "InvalidChangeBatch", different);
    let ttl = change("DELETE", "a.acme.example", "A", &[ADDRESS, "192.0.2.2"]).replace(">60<", ">61<");
    zone.refuses(&[ttl], "InvalidChangeBatch", different);
    zone.accepts(&[change("DELETE", "a.acme.example", "A", &["192.0.2.2", ADDRESS])]);
    assert!(zone.service.records(&zone.id).is_empty());
}

#[test]
fn cname_excludes_other_types_and_the_apex() {
    let zone = Zone::new();
    zone.accepts(&[create("a.acme.example", "A", ADDRESS)]);
    let text =
        "RRSet of type CNAME with DNS name a.acme.example. is not permitted because a conflicting RRSet of type A";
    zone.refuses(&[create("a.acme.example", "CNAME", "lb.acme.example")], "InvalidChangeBatch", text);
    zone.accepts(&[
        change("DELETE", "a.acme.example", "A", &[ADDRESS]),
        create("a.acme.example", "CNAME", "lb.acme.example"),
    ]);
    zone.refuses(&[create("a.acme.example", "TXT", "\"x\"")], "InvalidChangeBatch", "RRSet of type TXT");
    let apex = "is not permitted at apex in zone acme.example.";
    zone.refuses(&[create("acme.example", "CNAME", "lb.acme.example")], "InvalidChangeBatch", apex);
    let several = change("CREATE", "b.acme.example", "CNAME", &["x.acme.example", "y.acme.example"]);
    zone.refuses(&[several], "InvalidChangeBatch", "only one value");
}

#[test]
fn simple_and_weighted_records_exclude_each_other() {
    let zone = Zone::new();
    zone.accepts(&[create("a.acme.example", "A", ADDRESS)]);
    let weighted = with("CREATE", "a.acme.example", "A", WEIGHT, &[ADDRESS]);
    zone.refuses(&[weighted], "InvalidChangeBatch", "cannot be created as a non-weighted set exists");
    zone.accepts(&[with("CREATE", "b.acme.example", "A", WEIGHT, &[ADDRESS])]);
    zone.refuses(&[create("b.acme.example", "A", ADDRESS)], "InvalidChangeBatch", "SetIdentifier one");
}

#[test]
fn names_and_values_are_checked() {
    let zone = Zone::new();
    let refuses = |name: &str, record_type: &str, value: &str, text: &str| {
        zone.refuses(&[create(name, record_type, value)], "InvalidChangeBatch", text);
    };
    refuses(
        "a.other.example",
        "A",
        ADDRESS,
        "RRSet with DNS name a.other.example. is not permitted in zone acme.example.",
    );
    refuses("xacme.example", "A", ADDRESS, "is not permitted in zone");
    refuses(&format!("{}.acme.example", "a".repeat(64)), "A", ADDRESS, "DomainLabelTooLong");
    refuses(&format!("{}acme.example", "a.".repeat(125)), "A", ADDRESS, "DomainNameTooLong");
    refuses("a..acme.example", "A", ADDRESS, "DomainLabelEmpty");
    refuses("a.acme.example", "A", "192.0.2.256", "ARRDATAIllegalIPv4Address");
    refuses("a.acme.example", "AAAA", ADDRESS, "AAAARRDATAIllegalIPv6Address");
    refuses("a.acme.example", "TXT", "unquoted", "InvalidCharacterString");
    refuses("a.acme.example", "TXT", "\"unclosed", "InvalidCharacterString");
    refuses("a.acme.example", "TXT", &format!("\"{}\"", "x".repeat(256)), "CharacterStringTooLong");
    let twice = change("CREATE", "a.acme.example", "A", &[ADDRESS, ADDRESS]);
    zone.refuses(&[twice], "InvalidChangeBatch", "Duplicate Resource Record: '192.0.2.1'");
    zone.accepts(&[create("a.acme.example", "TXT", &format!("\"{}\" \"a\\\"b\"", "x".repeat(255)))]);
    zone.accepts(&[create(&format!("{}.acme.example", "a".repeat(63)), "AAAA", "2001:db8::1")]);
}

#[test]
fn form_of_a_record_set_is_checked() {
    let zone = Zone::new();
    let alias = "<AliasTarget><HostedZoneId>Z35SXDOTRQ7X7K</HostedZoneId><DNSName>lb.example.com</DNSName>\
                 <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>";
    let both = with("CREATE", "a.acme.example", "A", alias, &[ADDRESS]);
    zone.refuses(std::slice::from_ref(&both), "InvalidInput", "but found more than one");
    let without_ttl = create("a.acme.example", "A", ADDRESS).replace("<TTL>60</TTL>", "");
    zone.refuses(&[without_ttl], "InvalidInput", "but found none");
    let ttl = create("a.acme.example", "A", ADDRESS).replace(">60<", ">-1<");
    zone.refuses(&[ttl], "InvalidInput", "Invalid TTL -1");
    zone.refuses(&["<Change/>".to_owned()], "MalformedInput", "");
    let values = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>";
    zone.accepts(&[both.replace("<TTL>60</TTL>", "").replace(values, "")]);
    let listed = zone.get(&format!("hostedzone/{}/rrset", zone.id), 0).body;
    assert!(listed.contains("<DNSName>lb.example.com.</DNSName>") && !listed.contains("<TTL>60</TTL><AliasTarget>"));
}

#[test]
fn batches_have_limits_that_count_an_upsert_twice() {
    let zone = Zone::new();
    let values: Vec<String> = (0..600).map(|n| format!("10.0.{}.{}", n / 200, n % 200)).collect();
    let of_600 = |action: &str| {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        change(action, "a.acme.example", "A", &values)
    };
    zone.refuses(&[of_600("UPSERT")], "InvalidChangeBatch", "Number of records limit of 1000 exceeded.");
    zone.accepts(&[of_600("CREATE")]);
    let long = format!("\"{}\"", "x".repeat(250));
    let texts = |action: &str, count: usize| -> Vec<String> {
        (0..count).map(|n| change(action, &format!("t{n}.acme.example"), "TXT", &[&long])).collect()
    };
    zone.refuses(&texts("UPSERT", 64), "InvalidChangeBatch", "Number of characters limit of 32000 exceeded.");
    zone.accepts(&texts("CREATE", 64));
    zone.service.set_record_quota(&zone.id, 67);
    zone.refuses(&[create("z.acme.example", "A", ADDRESS)], "InvalidChangeBatch", "limit of 67 exceeded");
}

#[test]
fn names_are_listed_in_lower_case_with_escapes_in_reverse_order_of_labels() {
    let zone = Zone::new();
    for name in ["B.acme.example", "*.acme.example", "x.a.acme.example", "a.acme.example", "a-b.acme.example"] {
        zone.accepts(&[create(name, "A", ADDRESS)]);
    }
    let names: Vec<String> = zone.service.records(&zone.id).into_iter().map(|record| record.name).collect();
    let expected = ["\\052", "a-b", "a", "x.a", "b"].map(|name| format!("{name}.acme.example."));
    assert_eq!(names, expected);
    zone.accepts(&[change("DELETE", "\\052.acme.example", "A", &[ADDRESS])]);
}

#[test]
fn pages_need_all_three_cursors() {
    let zone = Zone::new();
    for n in 0..3 {
        zone.service.put(&zone.id, FakeRecord::simple("w.acme.example", "A", &[ADDRESS]).weighted(&format!("s{n}"), 1));
    }
    let path = format!("hostedzone/{}/rrset?maxitems=3&name=w.acme.example", zone.id);
    assert!(zone.get(&path, 0).body.contains("<IsTruncated>false"));
    let path = path.replace("maxitems=3", "maxitems=2");
    let page = zone.get(&path, 0).body;
    assert!(
        page.contains("<NextRecordType>A</NextRecordType><NextRecordIdentifier>s2</NextRecordIdentifier>"),
        "{page}"
    );
    let rest = zone.get(&format!("{path}&type=A&identifier=s2"), 0).body;
    assert!(rest.matches("<SetIdentifier>").count() == 1 && rest.contains("<IsTruncated>false"), "{rest}");
    let without_type = zone.get(&format!("hostedzone/{}/rrset?name=w.acme.example&identifier=s2", zone.id), 0);
    assert_eq!(without_type.code.as_deref(), Some("InvalidInput"));
    let second = zone.service.create_zone("acme.example", true);
    let zones = zone.get("hostedzone?maxitems=1", 0).body;
    assert!(zones.contains(&format!("<NextMarker>{second}</NextMarker>")), "{zones}");
    assert!(zone.get(&format!("hostedzone?maxitems=1&marker={second}"), 0).body.contains("<PrivateZone>true"));
}

#[test]
fn change_is_pending_and_then_in_sync() {
    let zone = Zone::new();
    let answer = zone.change(&[create("a.acme.example", "A", ADDRESS)], 1_000).body;
    let id = answer.split_once("/change/").and_then(|(_, rest)| rest.split_once('<')).unwrap().0;
    assert!(zone.get(&format!("change/{id}"), 30_999).body.contains("<Status>PENDING"));
    assert!(zone.get(&format!("change/{id}"), 31_000).body.contains("<Status>INSYNC"));
    let unknown = zone.get("change/C0", 31_000);
    assert_eq!((unknown.status, unknown.code.as_deref()), (404, Some("NoSuchChange")));
}

#[test]
fn batch_is_refused_while_another_one_is_processed() {
    let zone = Zone::new();
    zone.service.set_processing(Duration::from_millis(100));
    let batch = |n: u64| [create(&format!("a{n}.acme.example"), "A", ADDRESS)];
    assert_eq!(zone.change(&batch(1), 0).delay, Duration::from_millis(100));
    let refused = zone.change(&batch(2), 99);
    assert_eq!((refused.status, refused.code.as_deref()), (400, Some("PriorRequestNotComplete")));
    assert_eq!(zone.change(&batch(2), 100).status, 200);
}

#[test]
fn requests_and_changes_have_separate_limits() {
    let zone = Zone::new();
    zone.service.set_rates(Route53Rates { account: (5.0, 10.0), action: (3.0, 1.0), changes: (4.0, 1.0) });
    let list = |at| zone.get("hostedzone", at).code;
    assert_eq!([list(0), list(0), list(0)], [None, None, None]);
    assert_eq!(list(0).as_deref(), Some("Throttling"), "limit of the action");
    assert_eq!(zone.get(&format!("hostedzone/{}", zone.id), 0).code, None, "another action");
    assert_eq!(zone.get("change/C0", 0).code.as_deref(), Some("Throttling"), "limit of the account");
    assert_eq!(list(1_000), None);
    let batch = |count: u64, at: u64| {
        let changes: Vec<String> =
            (0..count).map(|n| create(&format!("a{n}x{at}.acme.example"), "A", ADDRESS)).collect();
        zone.change(&changes, at).code
    };
    assert_eq!(batch(4, 10_000), None);
    assert_eq!(batch(2, 11_000).as_deref(), Some("Throttling"), "limit of changes");
    assert_eq!(batch(2, 13_000), None);
    assert_eq!(zone.service.count("ChangeResourceRecordSets"), (3, 2));
}

#[test]
fn unknown_zones_and_unsigned_calls_are_refused() {
    let zone = Zone::new();
    let absent = zone.get("hostedzone/Z0", 0);
    assert_eq!((absent.status, absent.code.as_deref()), (404, Some("NoSuchHostedZone")));
    let unsigned =
        Route53Call { method: "GET".to_owned(), target: "/2013-04-01/hostedzone".to_owned(), ..Route53Call::default() };
    assert_eq!(zone.service.answer(&unsigned, Duration::ZERO).status, 403);
}

#[test]
fn injected_faults_replace_or_lose_the_answer() {
    let zone = Zone::new();
    zone.service.inject(
        |action, _| action == "ListHostedZones",
        1,
        Route53Fault::Answer(Route53Answer::text(502, "<html>")),
    );
    assert_eq!(zone.get("hostedzone", 0).status, 502);
    assert_eq!(zone.get("hostedzone", 0).status, 200);
    zone.service.inject(|action, _| action == "ChangeResourceRecordSets", 1, Route53Fault::LostAnswer);
    assert!(zone.change(&[create("a.acme.example", "A", ADDRESS)], 0).is_lost);
    assert_eq!(zone.service.records(&zone.id).len(), 1, "carried out");
}
