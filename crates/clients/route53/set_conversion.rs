//! Record sets, changes and zones of the domain as those of the SDK, and the reverse.

use aws_sdk_route53::{
    error::BuildError,
    types::{self, ResourceRecord, ResourceRecordSet, RrType},
};
use eod_domain::dns::{
    AliasTarget, ChangeAction, HostedZone, RecordChange, RecordData, RecordName, RecordSet, RecordType, ZoneId,
};

use super::failure::Route53Problem;

/// The change for a batch.
///
/// # Errors
/// The record has a routing policy, of which not all fields are known.
pub(super) fn change_of(change: &RecordChange) -> Result<types::Change, Route53Problem> {
    let action = match change.action {
        ChangeAction::Create => types::ChangeAction::Create,
        ChangeAction::Delete => types::ChangeAction::Delete,
        ChangeAction::Upsert => types::ChangeAction::Upsert,
    };
    let built = types::Change::builder().action(action).resource_record_set(set_of(&change.record)?).build();
    built.map_err(incomplete)
}

fn set_of(record: &RecordSet) -> Result<ResourceRecordSet, Route53Problem> {
    let RecordSet { name, record_type, data, routing } = record;
    if routing.is_some() {
        let reason = "has a routing policy or a health check, which EoD does not write";
        return Err(Route53Problem::Unwritable { name: name.to_string(), reason });
    }
    let set = ResourceRecordSet::builder().name(name.as_str()).r#type(RrType::from(record_type.as_str()));
    let set = match data {
        RecordData::Alias(AliasTarget { zone_id, name, evaluate_target_health }) => {
            let alias = types::AliasTarget::builder().hosted_zone_id(zone_id.as_str()).dns_name(name.as_str());
            set.alias_target(alias.evaluate_target_health(*evaluate_target_health).build().map_err(incomplete)?)
        }
        RecordData::Values { ttl, values } => {
            let value = |value: &String| ResourceRecord::builder().value(value).build().map_err(incomplete);
            let values = values.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            set.ttl(i64::from(*ttl)).set_resource_records(Some(values))
        }
    };
    set.build().map_err(incomplete)
}

fn incomplete(error: BuildError) -> Route53Problem {
    Route53Problem::NotSent(error.into())
}

/// The record set of a listing.
///
/// # Errors
/// A TTL or the zone of an alias cannot be read.
pub(super) fn record_of(set: &ResourceRecordSet) -> Result<RecordSet, Route53Problem> {
    let name = RecordName::listed(set.name());
    let data = match set.alias_target() {
        Some(alias) => RecordData::Alias(AliasTarget {
            zone_id: zone_id(alias.hosted_zone_id())?,
            name: RecordName::listed(alias.dns_name()),
            evaluate_target_health: alias.evaluate_target_health(),
        }),
        None => {
            // A record set of a traffic policy has no TTL.
            let ttl = u32::try_from(set.ttl().unwrap_or_default());
            let invalid = |_| Route53Problem::Unreadable(format!("an invalid TTL of record `{name}`"));
            let values = set.resource_records().iter().map(|record| record.value().to_owned()).collect();
            RecordData::Values { ttl: ttl.map_err(invalid)?, values }
        }
    };
    Ok(RecordSet { name, record_type: RecordType::named(set.r#type().as_str()), data, routing: routing(set) })
}

/// Routing policy or health check of a record set, in words.
fn routing(set: &ResourceRecordSet) -> Option<String> {
    let policies = [
        (set.weight().is_some(), "weighted routing policy"),
        (set.region().is_some(), "latency routing policy"),
        (set.failover().is_some(), "failover routing policy"),
        (set.geo_location().is_some(), "geolocation routing policy"),
        (set.geo_proximity_location().is_some(), "geoproximity routing policy"),
        (set.cidr_routing_config().is_some(), "IP-based routing policy"),
        (set.multi_value_answer().is_some(), "multivalue answer routing policy"),
        (set.traffic_policy_instance_id().is_some(), "traffic policy"),
        (set.health_check_id().is_some(), "health check"),
        (set.set_identifier().is_some(), "routing policy"),
    ];
    policies.into_iter().find(|(is_set, _)| *is_set).map(|(_, policy)| policy.to_owned())
}

/// The zone of a listing.
///
/// # Errors
/// The id cannot be read.
pub(super) fn zone_of(zone: &types::HostedZone) -> Result<HostedZone, Route53Problem> {
    let is_private = zone.config().is_some_and(types::HostedZoneConfig::private_zone);
    Ok(HostedZone { id: zone_id(zone.id())?, name: RecordName::listed(zone.name()), is_private })
}

fn zone_id(text: &str) -> Result<ZoneId, Route53Problem> {
    text.parse().map_err(|error| Route53Problem::Unreadable(format!("an {error}")))
}

#[cfg(test)]
mod tests;
