use super::*;

fn parse(target: &str, zone: Option<&str>) -> Result<DnsTarget, String> {
    DnsTarget::parse(Some(target), zone, true).map_err(|mistake| mistake.to_string())
}

/// Records of a host in short form.
fn records(target: &str, zone: Option<&str>) -> Vec<String> {
    let host = RecordName::listed("x.acme");
    let short = |set: RecordSet| match &set.data {
        RecordData::Values { ttl, .. } => {
            format!("{} {ttl} {}", set.record_type, set.values().collect::<Vec<_>>().join(" "))
        }
        RecordData::Alias(target) => format!("{} alias {} {}", set.record_type, target.zone_id, target.name),
    };
    parse(target, zone).unwrap().records(&host, 60).into_iter().map(short).collect()
}

#[test]
fn targets_decide_the_types_of_the_records() {
    assert_eq!(records("LB-1.elb.amazonaws.com.", None), ["CNAME 60 lb-1.elb.amazonaws.com"]);
    assert_eq!(
        records("lb-1.elb.amazonaws.com", Some("/hostedzone/Z456")),
        ["A alias Z456 lb-1.elb.amazonaws.com", "AAAA alias Z456 lb-1.elb.amazonaws.com"]
    );
    assert_eq!(records("10.0.0.1", None), ["A 60 10.0.0.1"]);
    assert_eq!(records("2001:DB8::1", None), ["AAAA 60 2001:db8::1"]);
    assert_eq!(
        records("10.0.0.2, 10.0.0.1,2001:db8::1 ,10.0.0.2", None),
        ["A 60 10.0.0.1 10.0.0.2", "AAAA 60 2001:db8::1"]
    );
}

#[test]
fn invalid_targets_are_refused_with_the_argument() {
    for (target, zone, error) in [
        ("", None, "target: target is required: expected the name or the addresses of the gateway"),
        ("lb", None, "target: target `lb` is not a complete DNS name; expected a name such as `lb.example.com`"),
        (
            "10.0.0.300",
            None,
            "target: target `10.0.0.300` is not a complete DNS name; expected a name such as `lb.example.com`",
        ),
        (
            "a.acme,b.acme",
            None,
            "target: target `a.acme,b.acme` has several names; expected one name, a host has at most one CNAME record",
        ),
        (
            "a.acme,10.0.0.1",
            None,
            "target: target `a.acme,10.0.0.1` mixes names and addresses; expected either one name or only addresses",
        ),
        (
            "10.0.0.1,",
            None,
            "target: target `10.0.0.1,` mixes names and addresses; expected either one name or only addresses",
        ),
        (
            "0.0.0.0",
            None,
            "target: target address `0.0.0.0` is unspecified or multicast; expected the address of a gateway",
        ),
        (
            "10.0.0.1",
            Some("Z1"),
            "target_zone_id: target_zone_id requires the name of a load balancer as target, got addresses; remove \
                `target_zone_id`",
        ),
        (
            "lb.acme",
            Some("Z-1"),
            "target_zone_id: invalid hosted zone id `Z-1`: expected 1 to 32 letters and digits, for example \
                `Z35SXDOTRQ7X7K`",
        ),
    ] {
        assert_eq!(parse(target, zone), Err(error.to_owned()), "{target}");
    }
    assert!(parse("https://lb.acme", None).unwrap_err().contains("neither a DNS name nor an IP address"));
    let many = vec!["10.0.0.1"; TARGET_ADDRESSES_MAX + 1].join(",");
    assert_eq!(parse(&many, None).unwrap_err(), "target: target must have at most 100 addresses, got 101");
    assert!(DnsTarget::parse(None, Some("Z1"), true).is_err());
}
