//! Listings of zones and record sets, page by page.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::{Client, types::RrType};
use eod_domain::dns::{HostedZone, RecordName, RecordSet, ZoneId};

use super::{
    client::Route53,
    failure::Route53Problem,
    request::Route53Request,
    set_conversion::{record_of, zone_of},
};
use crate::{deadline::Deadline, error::Error};

/// Maximum number of record sets in a page.
const PAGE: i32 = 300;

/// Position in a listing of record sets. Several sets of one name and type have identifiers, so all three fields are necessary.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct RecordCursor {
    name: Option<String>,
    record_type: Option<RrType>,
    identifier: Option<String>,
}

/// A page of record sets, and the position of the next one.
struct RecordPage {
    records: Vec<RecordSet>,
    next: Option<RecordCursor>,
}

impl Route53 {
    /// All hosted zones of the account.
    ///
    /// # Errors
    /// A request failed.
    pub async fn zones(&self, deadline: &Deadline) -> Result<Vec<HostedZone>, Error> {
        let request = Route53Request::read("list", "hosted zones", "ListHostedZones");
        let (mut zones, mut marker) = (Vec::new(), None);
        loop {
            let send = |sdk: &Client| sdk.list_hosted_zones().set_marker(marker.clone()).send();
            let page = self.call(&request, deadline, send).await?;
            for zone in page.hosted_zones() {
                zones.push(zone_of(zone).map_err(|problem| request.problem(problem))?);
            }
            let next = page.next_marker().filter(|_| page.is_truncated()).map(ToOwned::to_owned);
            if page.is_truncated() && (next.is_none() || next == marker) {
                return Err(request.problem(no_next_page()));
            }
            match next {
                Some(next) => marker = Some(next),
                None => return Ok(zones),
            }
        }
    }

    /// All record sets of a zone.
    ///
    /// # Errors
    /// A request failed.
    pub async fn all_records(&self, zone: &ZoneId, deadline: &Deadline) -> Result<Vec<RecordSet>, Error> {
        let (mut records, mut cursor) = (Vec::new(), RecordCursor::default());
        loop {
            let page = self.page(zone, &cursor, deadline).await?;
            records.extend(page.records);
            match page.next {
                Some(next) => cursor = next,
                None => return Ok(records),
            }
        }
    }

    /// All record sets with these names. A page contains all names up to its end, so names that are near each other in the
    /// listing need one request.
    ///
    /// # Errors
    /// A request failed.
    pub async fn records_at(
        &self,
        zone: &ZoneId,
        names: &BTreeSet<RecordName>,
        deadline: &Deadline,
    ) -> Result<Vec<RecordSet>, Error> {
        let mut missing: BTreeMap<String, RecordName> =
            names.iter().map(|name| (listing_key(name), name.clone())).collect();
        let mut found = Vec::new();
        while let Some((_, first)) = missing.first_key_value() {
            let first = first.clone();
            let (records, next) = self.records_after(zone, &first, deadline).await?;
            let is_covered = |name: &RecordName| *name == first || is_between(name, &first, next.as_ref());
            let is_wanted =
                |record: &RecordSet| is_covered(&record.name) && missing.contains_key(&listing_key(&record.name));
            found.extend(records.into_iter().filter(is_wanted));
            missing.retain(|_, name| !is_covered(name));
        }
        Ok(found)
    }

    /// Record sets from a name on, at least all with this name, and the first name of the next page.
    async fn records_after(
        &self,
        zone: &ZoneId,
        name: &RecordName,
        deadline: &Deadline,
    ) -> Result<(Vec<RecordSet>, Option<RecordName>), Error> {
        let mut records = Vec::new();
        let mut cursor = RecordCursor { name: Some(name.to_string()), ..RecordCursor::default() };
        loop {
            let page = self.page(zone, &cursor, deadline).await?;
            records.extend(page.records);
            let next_name = page.next.as_ref().and_then(|next| next.name.as_deref()).map(RecordName::listed);
            match page.next {
                Some(next) if next_name.as_ref() == Some(name) => cursor = next,
                Some(_) | None => return Ok((records, next_name)),
            }
        }
    }

    async fn page(&self, zone: &ZoneId, cursor: &RecordCursor, deadline: &Deadline) -> Result<RecordPage, Error> {
        let request =
            Route53Request::read("list", format!("records of hosted zone `{zone}`"), "ListResourceRecordSets");
        let send = |sdk: &Client| {
            let RecordCursor { name, record_type, identifier } = cursor.clone();
            let list = sdk.list_resource_record_sets().hosted_zone_id(zone.as_str()).max_items(PAGE);
            let list = list.set_start_record_name(name).set_start_record_type(record_type);
            list.set_start_record_identifier(identifier).send()
        };
        let page = self.call(&request, deadline, send).await?;
        let records: Result<Vec<_>, _> = page.resource_record_sets().iter().map(record_of).collect();
        let records = records.map_err(|problem| request.problem(problem))?;
        if !page.is_truncated() {
            return Ok(RecordPage { records, next: None });
        }
        let next = RecordCursor {
            name: page.next_record_name().map(ToOwned::to_owned),
            record_type: page.next_record_type().cloned(),
            identifier: page.next_record_identifier().map(ToOwned::to_owned),
        };
        if next.name.is_none() || next == *cursor {
            return Err(request.problem(no_next_page()));
        }
        Ok(RecordPage { records, next: Some(next) })
    }
}

fn no_next_page() -> Route53Problem {
    Route53Problem::Unreadable("a page without the position of the next one".to_owned())
}

/// Key of a name in the order of a listing: labels in reverse order with a final dot, compared as bytes.
fn listing_key(name: &RecordName) -> String {
    let labels: Vec<&str> = name.as_str().rsplit('.').collect();
    labels.join(".") + "."
}

/// True if a name is certainly between two names of a listing; without a second one, up to the end of the listing. The order
/// of characters that are listed as escapes is not documented, so such a name is never between others.
fn is_between(name: &RecordName, first: &RecordName, next: Option<&RecordName>) -> bool {
    let is_plain = |name: &RecordName| {
        name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let all_plain = is_plain(name) && is_plain(first) && next.is_none_or(is_plain);
    let key = listing_key(name);
    all_plain && key > listing_key(first) && next.is_none_or(|next| key < listing_key(next))
}

#[cfg(test)]
mod tests;
