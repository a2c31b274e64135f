use proptest::prelude::*;

use super::*;

#[test]
fn ranges_are_parsed_or_refused_with_a_reason() {
    for good in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "::/0", "fd00::/8", "2001:db8::1/128", "169.254.0.0/16"] {
        assert_eq!(good.parse::<Cidr>().expect(good).to_string(), good);
    }
    for (bad, part) in [
        ("", "invalid address range"),
        ("10.0.0.1", "invalid address range"),
        ("10.0.0/8", "invalid address range"),
        ("host/8", "invalid address range"),
        ("10.0.0.0/33", "at most 32"),
        ("10.0.0.0/", "at most 32"),
        ("10.0.0.0/+8", "at most 32"),
        ("::/129", "at most 128"),
        ("10.1.2.3/8", "write `10.0.0.0/8`"),
        ("2001:db8::1/64", "write `2001:db8::/64`"),
        ("::ffff:10.0.0.0/104", "written as IPv6"),
        ("169.254.169.254/32", "instance metadata"),
        ("fd00:ec2::254/128", "instance metadata"),
    ] {
        let error = bad.parse::<Cidr>().expect_err(bad).to_string();
        assert!(error.contains(part), "{bad}: {error}");
    }
}

#[test]
fn metadata_addresses_of_wider_ranges_are_known() {
    let metadata = |text: &str| text.parse::<Cidr>().unwrap().metadata();
    assert_eq!(metadata("0.0.0.0/0"), &METADATA[..4]);
    assert_eq!(metadata("169.254.169.254/31"), ["169.254.169.254/32"]);
    assert_eq!(metadata("::/0"), &METADATA[4..]);
    assert!(metadata("10.0.0.0/8").is_empty());
}

proptest! {
    #[test]
    fn ranges_round_trip(bits: u32, prefix in 0_u8..=32, wide: u128, long in 0_u8..=128) {
        for (address, prefix) in [(IpAddr::V4(bits.into()), prefix), (IpAddr::V6(wide.into()), long)] {
            let cidr = Cidr(IpNet::new(address, prefix).unwrap().trunc());
            if let Ok(again) = cidr.to_string().parse::<Cidr>() {
                prop_assert_eq!(again, cidr);
                let one = if address.is_ipv4() { 32 } else { 128 };
                let inside = cidr.contains(Cidr(IpNet::new(address, one).unwrap()));
                prop_assert!(inside);
            }
        }
    }
}
