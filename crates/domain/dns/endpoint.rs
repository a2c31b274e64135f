//! Object `DNSEndpoint` for an ExternalDNS that creates the records.
//!
//! Source: the page "CRD source" of the ExternalDNS documentation, and the properties of its AWS provider. ExternalDNS reads
//! the object with `--source=crd`, and writes its own ownership TXT records. A target with a final dot is ignored by it.

use serde_json::{Value, json};

use crate::dns::record::{RecordData, RecordSet};
use crate::environment::Environment;

/// API version of [`dns_endpoint`].
pub const DNS_ENDPOINT_API_VERSION: &str = "externaldns.k8s.io/v1alpha1";
/// Kind of [`dns_endpoint`].
pub const DNS_ENDPOINT_KIND: &str = "DNSEndpoint";
/// Name of the object in the namespace of the environment.
pub const DNS_ENDPOINT_NAME: &str = "eod";

/// Object with the records of an environment, one endpoint per record set, sorted by name and type.
///
/// An alias has one endpoint per type with the property `alias`, which ExternalDNS supports for Route 53 only.
pub fn dns_endpoint(environment: &Environment, records: &[RecordSet]) -> Value {
    let mut sorted: Vec<&RecordSet> = records.iter().collect();
    sorted.sort_by_key(|set| (&set.name, &set.record_type));
    json!({
        "apiVersion": DNS_ENDPOINT_API_VERSION,
        "kind": DNS_ENDPOINT_KIND,
        "metadata": {
            "name": DNS_ENDPOINT_NAME,
            "namespace": environment.name.as_str(),
            "labels": environment.object_labels(),
        },
        "spec": { "endpoints": sorted.into_iter().map(endpoint).collect::<Vec<_>>() },
    })
}

fn endpoint(set: &RecordSet) -> Value {
    let (name, record_type) = (set.name.as_str(), set.record_type.as_str());
    match &set.data {
        RecordData::Values { ttl, values } => {
            json!({ "dnsName": name, "recordType": record_type, "recordTTL": ttl, "targets": values })
        }
        RecordData::Alias(target) => json!({
            "dnsName": name,
            "recordType": record_type,
            "targets": [target.name.as_str()],
            "providerSpecific": [
                { "name": "alias", "value": "true" },
                { "name": "aws/evaluate-target-health", "value": target.evaluate_target_health.to_string() },
                { "name": "aws/target-hosted-zone", "value": target.zone_id.as_str() },
            ],
        }),
    }
}

#[cfg(test)]
mod tests;
