//! Answers of the service.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{
    LoggedCall, Route53Answer, Route53Call, Route53Fault, ServiceState,
    change::read_batch,
    document::{document, element, escaped},
    record::{FakeRecord, listed_name},
    record_order::RecordKey,
    rules, sts,
    zone::FakeZone,
};

/// Path of the API's version.
const VERSION: &str = "/2013-04-01/";

/// Maximum number of entries in a page of zones.
const ZONES_PAGE: usize = 100;

impl ServiceState {
    /// Answers a call and logs it.
    pub(super) fn answer(&mut self, call: &Route53Call, now: Duration) -> Route53Answer {
        let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let action = action(&call.method, path);
        let matched = self.faults.iter_mut().find(|(matches, left, _)| *left > 0 && matches(action, call));
        let fault = matched.map(|(_, left, fault)| {
            *left = left.saturating_sub(1);
            fault.clone()
        });
        let answer = match fault {
            Some(Route53Fault::Answer(answer)) => answer,
            Some(Route53Fault::LostAnswer) => {
                Route53Answer { is_lost: true, ..self.normal(action, path, query, call, now) }
            }
            None => self.normal(action, path, query, call, now),
        };
        let (status, code) = (answer.status, answer.code.clone());
        self.calls.push(LoggedCall { at: now, action, call: call.clone(), status, code });
        answer
    }

    fn normal(
        &mut self,
        action: &'static str,
        path: &str,
        query: &str,
        call: &Route53Call,
        now: Duration,
    ) -> Route53Answer {
        if action == "AssumeRole" {
            return sts::answer(&call.body);
        }
        if !call.authorization.starts_with("AWS4-HMAC-SHA256 Credential=") {
            return Route53Answer::error(403, "MissingAuthenticationToken", "Missing Authentication Token");
        }
        if !self.buckets.take_request(action, now) {
            return throttled();
        }
        let id = path.trim_end_matches('/').trim_end_matches("/rrset").rsplit('/').next().unwrap_or_default();
        match action {
            "ListHostedZones" => self.list_zones(query),
            "GetHostedZone" => self
                .zone(id, |id, zone| Route53Answer::text(200, &document("GetHostedZoneResponse", &zone_xml(id, zone)))),
            "ListResourceRecordSets" => {
                let page = self.page;
                self.zone(id, |_, zone| list_records(zone, query, page))
            }
            "ChangeResourceRecordSets" => self.change(id, &call.body, now),
            "GetChange" => self.get_change(id, now),
            _ => Route53Answer::error(404, "UnknownOperationException", "unknown operation"),
        }
    }

    fn zone(&self, id: &str, answer: impl Fn(&str, &FakeZone) -> Route53Answer) -> Route53Answer {
        match self.zones.get(id) {
            Some(zone) => answer(id, zone),
            None => no_zone(id),
        }
    }

    fn list_zones(&self, query: &str) -> Route53Answer {
        let size = parameter(query, "maxitems").and_then(|size| size.parse().ok()).unwrap_or(ZONES_PAGE);
        let size = size.min(self.page).min(ZONES_PAGE);
        let marker = parameter(query, "marker").unwrap_or_default();
        let rest: Vec<_> = self.zones.iter().filter(|(id, _)| **id >= marker).collect();
        let listed: String = rest.iter().take(size).map(|(id, zone)| zone_xml(id, zone)).collect();
        let next = rest.get(size).map(|(id, _)| element("NextMarker", id)).unwrap_or_default();
        let content = element("HostedZones", &listed)
            + &element("Marker", &marker)
            + &element("IsTruncated", if next.is_empty() { "false" } else { "true" })
            + &next
            + &element("MaxItems", &size.to_string());
        Route53Answer::text(200, &document("ListHostedZonesResponse", &content))
    }

    fn change(&mut self, id: &str, body: &str, now: Duration) -> Route53Answer {
        let Some(changes) = read_batch(body).filter(|changes| !changes.is_empty()) else {
            return Route53Answer::error(400, "MalformedInput", "Unexpected complex element termination");
        };
        if let Some(fault) = changes.iter().find_map(|change| rules::form_fault(&change.record)) {
            return Route53Answer::error(400, "InvalidInput", &fault);
        }
        let Some(zone) = self.zones.get_mut(id) else { return no_zone(id) };
        if zone.busy_until > now {
            let message = "The request was rejected because Route 53 was still processing a prior request.";
            return Route53Answer::error(400, "PriorRequestNotComplete", message);
        }
        if !self.buckets.take_changes(changes.len(), now) {
            return throttled();
        }
        if let Err(faults) = zone.apply(&changes) {
            return Route53Answer::error(400, "InvalidChangeBatch", &format!("[{}]", faults.join(", ")));
        }
        zone.busy_until = now + self.processing;
        self.created += 1;
        let change = format!("C{:012}FAKE", self.created);
        self.changes.insert(change.clone(), now + self.propagation);
        let content = change_xml(&change, "PENDING");
        let answer = Route53Answer::text(200, &document("ChangeResourceRecordSetsResponse", &content));
        Route53Answer { delay: self.processing, ..answer }
    }

    fn get_change(&self, id: &str, now: Duration) -> Route53Answer {
        let Some(in_sync) = self.changes.get(id) else {
            return Route53Answer::error(404, "NoSuchChange", &format!("Could not find resource with ID: {id}"));
        };
        let status = if now < *in_sync { "PENDING" } else { "INSYNC" };
        Route53Answer::text(200, &document("GetChangeResponse", &change_xml(id, status)))
    }
}

/// Name of the action of a call.
fn action(method: &str, path: &str) -> &'static str {
    if (method, path) == ("POST", "/") {
        return "AssumeRole";
    }
    let parts: Vec<&str> = path.strip_prefix(VERSION).unwrap_or_default().trim_end_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["hostedzone"]) => "ListHostedZones",
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", ["change", _]) => "GetChange",
        _ => "Unknown",
    }
}

fn list_records(zone: &FakeZone, query: &str, page: usize) -> Route53Answer {
    let size = parameter(query, "maxitems").and_then(|size| size.parse().ok()).unwrap_or(300).min(page);
    let (name, kind, identifier) = (parameter(query, "name"), parameter(query, "type"), parameter(query, "identifier"));
    if (kind.is_some() && name.is_none()) || (identifier.is_some() && kind.is_none()) {
        let message = "The input is not valid: type requires name, and identifier requires name and type";
        return Route53Answer::error(400, "InvalidInput", message);
    }
    let start = name
        .map(|name| RecordKey::new(&listed_name(&name), &kind.unwrap_or_default(), &identifier.unwrap_or_default()));
    let is_after = |key: &RecordKey| start.as_ref().is_none_or(|start| key >= start);
    let rest: Vec<&FakeRecord> = zone.records.iter().filter(|(key, _)| is_after(key)).map(|(_, set)| set).collect();
    let listed: String = rest.iter().take(size).map(|record| record.xml()).collect();
    let next = rest.get(size).map(|record| {
        let identifier = record.set_identifier.as_ref().map(|id| element("NextRecordIdentifier", &escaped(id)));
        element("NextRecordName", &escaped(&record.name))
            + &element("NextRecordType", &record.record_type)
            + &identifier.unwrap_or_default()
    });
    let content = element("ResourceRecordSets", &listed)
        + &element("IsTruncated", if next.is_some() { "true" } else { "false" })
        + &next.unwrap_or_default()
        + &element("MaxItems", &size.to_string());
    Route53Answer::text(200, &document("ListResourceRecordSetsResponse", &content))
}

fn zone_xml(id: &str, zone: &FakeZone) -> String {
    let config = element("PrivateZone", if zone.is_private { "true" } else { "false" });
    let content = element("Id", &format!("/hostedzone/{id}"))
        + &element("Name", &escaped(&zone.name))
        + &element("CallerReference", id)
        + &element("Config", &config)
        + &element("ResourceRecordSetCount", &zone.records.len().to_string());
    element("HostedZone", &content)
}

fn change_xml(id: &str, status: &str) -> String {
    let content = element("Id", &format!("/change/{id}"))
        + &element("Status", status)
        + &element("SubmittedAt", "2026-01-01T00:00:00.000Z");
    element("ChangeInfo", &content)
}

fn no_zone(id: &str) -> Route53Answer {
    Route53Answer::error(404, "NoSuchHostedZone", &format!("No hosted zone found with ID: {id}"))
}

fn throttled() -> Route53Answer {
    Route53Answer::error(400, "Throttling", "Rate exceeded")
}

/// Decoded value of a parameter of the query.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}
