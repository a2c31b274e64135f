use super::*;

fn zone(id: &str, name: &str, is_private: bool) -> HostedZone {
    HostedZone { id: id.parse().unwrap(), name: RecordName::listed(name), is_private }
}

fn select(domain: &str, zones: &[HostedZone], id: Option<&str>) -> Result<String, String> {
    let id = id.map(|id| id.parse().unwrap());
    let selected = select_zone(&RecordName::listed(domain), zones, id.as_ref());
    selected.map(|zone| zone.id.to_string()).map_err(|error| error.to_string())
}

#[test]
fn zone_with_the_longest_name_is_selected() {
    let zones = [
        zone("Z1", "acme.internal.", false),
        zone("Z2", "Preview.acme.internal.", false),
        zone("Z3", "view.acme.internal", false),
        zone("Z4", "x.preview.acme.internal", false),
    ];
    assert_eq!(select("preview.acme.internal", &zones, None).unwrap(), "Z2");
    assert_eq!(select("a.b.preview.acme.internal", &zones, None).unwrap(), "Z2");
    assert_eq!(select("staging.acme.internal", &zones, None).unwrap(), "Z1");
    assert_eq!(select("preview.acme.internal", &zones, Some("/hostedzone/Z1")).unwrap(), "Z1");
}

#[test]
fn missing_and_ambiguous_zones_are_errors_with_the_zones() {
    let zones = [zone("Z1", "acme.internal", false), zone("Z2", "acme.internal", true), zone("Z3", "internal", false)];
    assert_eq!(
        select("preview.acme.internal", &zones, None).unwrap_err(),
        "several hosted zones contain the domain `preview.acme.internal`; set `zone_id` to one of: Z1 (acme.internal, public), \
            Z2 (acme.internal, private)"
    );
    assert_eq!(select("preview.acme.internal", &zones, Some("Z2")).unwrap(), "Z2");
    assert_eq!(
        select("acme.org", &zones[..1], None).unwrap_err(),
        "no hosted zone contains the domain `acme.org`; existing zones are: Z1 (acme.internal, public)"
    );
    assert_eq!(
        select("acme.org", &[], None).unwrap_err(),
        "no hosted zone contains the domain `acme.org`; there are no hosted zones"
    );
    assert_eq!(
        select("acme.org", &zones[..1], Some("Z9")).unwrap_err(),
        "hosted zone `Z9` does not exist, or the credentials cannot read it; existing zones are: Z1 (acme.internal, public)"
    );
    assert_eq!(
        select("acme.org", &zones, Some("Z1")).unwrap_err(),
        "hosted zone `Z1` has the name `acme.internal`, which does not contain the domain `acme.org`; expected a zone of the \
            domain or of a parent domain"
    );
    let many: Vec<_> = (0..12).map(|at| zone(&format!("Z{at}"), "acme.internal", false)).collect();
    assert!(select("acme.org", &many, None).unwrap_err().ends_with("Z9 (acme.internal, public), 2 more"));
}
