use super::*;
use crate::parameters::{Parameters, RawParameter};

#[test]
fn every_name_stands_once_and_every_default_is_accepted() {
    let names: std::collections::BTreeSet<_> = ANNOUNCEMENTS.iter().map(|one| one.name).collect();
    assert_eq!(names.len(), ANNOUNCEMENTS.len());
    let defaults: Vec<_> = ANNOUNCEMENTS.iter().map(|one| RawParameter::text(one.name, one.default)).collect();
    assert_eq!(Parameters::parse(&defaults).unwrap(), Parameters::default());
    assert!(ANNOUNCEMENTS.iter().all(|one| !one.tooltip.is_empty()));
}
