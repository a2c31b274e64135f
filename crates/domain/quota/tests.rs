use super::*;
use crate::tier::{Tier, Tiers};

#[test]
fn settings_override_single_fields() {
    let base = Tiers::default().get(Tier::Full).quota.clone();
    let settings = QuotaSettings { cpu: Some(Quantity::whole(8)), node_ports: Some(1), ..Default::default() };
    let quota = base.with(&settings);
    assert_eq!(quota.cpu, Quantity::whole(8));
    assert_eq!(quota.node_ports, 1);
    assert_eq!(Quota { cpu: base.cpu.clone(), node_ports: 0, ..quota.clone() }, base);
    assert_eq!(base.with(&QuotaSettings::default()), base);
    assert_eq!(quota.limits_cpu().to_string(), "16");
    assert_eq!(quota.limits_memory().to_string(), "16Gi");
}

#[test]
fn settings_round_trip_as_json() {
    let settings: QuotaSettings = serde_json::from_str(r#"{"cpu":"1000m","pods":3}"#).unwrap();
    assert_eq!(settings.cpu, Some(Quantity::whole(1)));
    assert_eq!(serde_json::to_string(&settings).unwrap(), r#"{"cpu":"1000m","pods":3}"#);
    assert!(serde_json::from_str::<QuotaSettings>(r#"{"gpu":"1"}"#).is_err());
}
