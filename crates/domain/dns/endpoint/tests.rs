use expect_test::expect;

use super::*;
use crate::dns::wanted::{EnvironmentHosts, RecordArguments, RecordSettings};
use crate::settings::Settings;
use crate::spec::EnvironmentSpec;

fn rendered(target: &str, target_zone_id: Option<&str>) -> Value {
    let settings = Settings {
        installation: "acme".parse().unwrap(),
        domain: Some("preview.acme.internal".parse().unwrap()),
        ..Settings::default()
    };
    let spec = EnvironmentSpec::from_json(r#"{"name":"shop-pr-1","services":["web","api"]}"#).unwrap();
    let environment = Environment::resolve(&spec, &settings).unwrap();
    let arguments = RecordArguments { target: Some(target), target_zone_id, ..RecordArguments::default() };
    let records = RecordSettings::parse(&arguments).unwrap();
    dns_endpoint(&environment, &EnvironmentHosts::of(&environment).unwrap().records(&records))
}

#[test]
fn endpoint_has_one_record_per_host() {
    let object = rendered("lb.acme.internal.", None);
    expect![[r#"
        {
          "apiVersion": "externaldns.k8s.io/v1alpha1",
          "kind": "DNSEndpoint",
          "metadata": {
            "labels": {
              "app.kubernetes.io/instance": "shop-pr-1",
              "app.kubernetes.io/managed-by": "eod",
              "app.kubernetes.io/name": "preview",
              "environment.on-demand/env": "shop-pr-1",
              "environment.on-demand/installation": "acme",
              "environment.on-demand/owner": "unknown",
              "environment.on-demand/tier": "lightweight",
              "environment.on-demand/ttl": "4h"
            },
            "name": "eod",
            "namespace": "shop-pr-1"
          },
          "spec": {
            "endpoints": [
              {
                "dnsName": "shop-pr-1-api.preview.acme.internal",
                "recordTTL": 60,
                "recordType": "CNAME",
                "targets": [
                  "lb.acme.internal"
                ]
              },
              {
                "dnsName": "shop-pr-1-web.preview.acme.internal",
                "recordTTL": 60,
                "recordType": "CNAME",
                "targets": [
                  "lb.acme.internal"
                ]
              },
              {
                "dnsName": "shop-pr-1.preview.acme.internal",
                "recordTTL": 60,
                "recordType": "CNAME",
                "targets": [
                  "lb.acme.internal"
                ]
              }
            ]
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&object).unwrap());
}

#[test]
fn aliases_and_addresses_have_one_endpoint_per_type() {
    let first = |target: &str, zone: Option<&str>| {
        let object = rendered(target, zone);
        let endpoints = object["spec"]["endpoints"].as_array().unwrap();
        assert_eq!(endpoints.len(), 6);
        format!("{}\n{}", endpoints[0], endpoints[1])
    };
    expect![[r#"
        {"dnsName":"shop-pr-1-api.preview.acme.internal","providerSpecific":[{"name":"alias","value":"true"},{"name":"aws/evaluate-target-health","value":"true"},{"name":"aws/target-hosted-zone","value":"Z456"}],"recordType":"A","targets":["lb-1.elb.amazonaws.com"]}
        {"dnsName":"shop-pr-1-api.preview.acme.internal","providerSpecific":[{"name":"alias","value":"true"},{"name":"aws/evaluate-target-health","value":"true"},{"name":"aws/target-hosted-zone","value":"Z456"}],"recordType":"AAAA","targets":["lb-1.elb.amazonaws.com"]}"#]]
    .assert_eq(&first("lb-1.elb.amazonaws.com", Some("Z456")));
    expect![[r#"
        {"dnsName":"shop-pr-1-api.preview.acme.internal","recordTTL":60,"recordType":"A","targets":["10.0.0.1","10.0.0.2"]}
        {"dnsName":"shop-pr-1-api.preview.acme.internal","recordTTL":60,"recordType":"AAAA","targets":["2001:db8::1"]}"#]]
    .assert_eq(&first("10.0.0.2,10.0.0.1,2001:db8::1", None));
}
