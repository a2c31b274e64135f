use super::*;

#[test]
fn application_name_has_phase_and_table_within_63_bytes() {
    assert_eq!(application_name("eod", "copy", Some("public.customers")), "eod: copy public.customers");
    assert_eq!(application_name("eod", "connect", None), "eod: connect");
    assert_eq!(application_name("eod", "größe", None), "eod: gr??e");
    let long = application_name("eod", "copy", Some(&format!("schema.{}", "x".repeat(100))));
    assert_eq!((long.len(), long.starts_with("eod: copy ..x")), (63, true), "{long}");
    assert_eq!(application_name(&"p".repeat(100), "copy", Some("t")).len(), 63);
}
