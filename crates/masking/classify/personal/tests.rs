use super::*;

#[test]
fn kinds_are_found_by_names() {
    for (name, expected) in [
        ("email", Some(MaskKind::Email)),
        ("customerEmail", Some(MaskKind::Email)),
        ("BILLING_ADDRESS", Some(MaskKind::Street)),
        ("ip_address", Some(MaskKind::Ip)),
        ("user_agent", Some(MaskKind::UserAgent)),
        ("last_name", Some(MaskKind::LastName)),
        ("date_of_birth", Some(MaskKind::DateShift)),
        ("shipped_at", None),
        ("quantity", None),
        ("latency", None),
        ("emails_sent", None),
    ] {
        assert_eq!(by_name(name), expected, "{name}");
    }
}
