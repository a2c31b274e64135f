//! The client: one attempt of a request, and the operations that need one request.

use std::{collections::BTreeMap, error::Error as StdError, fmt, future::Future};

use aws_sdk_route53::{
    Client,
    config::{self, SharedHttpClient, http::HttpResponse, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    types::{ChangeBatch, ChangeInfo},
};
use eod_domain::dns::{HostedZone, RecordChange, ZoneId};
use tokio::sync::OnceCell;

use super::{
    access::AwsAccess,
    change_receipt::{ChangeId, ChangeReceipt, ChangeState},
    credentials,
    failure::{Route53Failure, Route53Problem},
    limits::Route53Limits,
    rate_limit::RateLimiter,
    request::{Route53Request, SYSTEM},
    set_conversion::{change_of, zone_of},
    sync::pause_before_poll,
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind},
    send::{AttemptFailure, Sender},
    server::{AddressOrigin, ServerAddress},
};

/// Client of Route 53.
pub struct Route53 {
    access: AwsAccess,
    limits: Route53Limits,
    sender: Sender,
    requests: RateLimiter,
    changes: RateLimiter,
    transport: Option<SharedHttpClient>,
    sdk: OnceCell<Client>,
}

impl Route53 {
    /// A client. Nothing is loaded or contacted before the first call.
    pub fn new(access: AwsAccess, limits: Route53Limits) -> Self {
        Self::with_transport(access, limits, None)
    }

    /// A client with another HTTP transport than that of the SDK, if set.
    pub(super) fn with_transport(
        access: AwsAccess,
        limits: Route53Limits,
        transport: Option<SharedHttpClient>,
    ) -> Self {
        let sender = Sender::new(SYSTEM, limits.in_flight, limits.retry);
        let (requests, changes) = (RateLimiter::new(limits.requests), RateLimiter::new(limits.changes));
        Self { access, limits, sender, requests, changes, transport, sdk: OnceCell::new() }
    }

    /// Limits of this client.
    pub fn limits(&self) -> &Route53Limits {
        &self.limits
    }

    /// Number of requests sent so far by action, such as `ChangeResourceRecordSets`, retries included.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.sender.counts()
    }

    /// One hosted zone.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none with this id; else the request failed.
    pub async fn zone(&self, id: &ZoneId, deadline: &Deadline) -> Result<HostedZone, Error> {
        let request = Route53Request::read("read", format!("hosted zone `{id}`"), "GetHostedZone");
        let answer = self.call(&request, deadline, |sdk| sdk.get_hosted_zone().id(id.as_str()).send()).await?;
        let missing = || Route53Problem::Unreadable("no hosted zone".to_owned());
        let zone = answer.hosted_zone().ok_or_else(missing).and_then(zone_of);
        zone.map_err(|problem| request.problem(problem))
    }

    /// Sends one batch. Route 53 applies it completely or not at all.
    ///
    /// # Errors
    /// [`super::Route53Refusal`] is the cause if Route 53 refused it: [`ErrorKind::AlreadyExists`] for a CREATE of a record
    /// that exists, [`ErrorKind::Conflict`] for a change that does not agree with the stored records. If
    /// [`Error::outcome_unknown`] is true, an earlier attempt may have been applied, also if this one was refused.
    pub async fn change(
        &self,
        zone: &ZoneId,
        changes: &[&RecordChange],
        deadline: &Deadline,
    ) -> Result<ChangeReceipt, Error> {
        let request = Route53Request::batch(format!("records of hosted zone `{zone}`"), changes.len());
        let converted: Result<Vec<_>, _> = changes.iter().map(|change| change_of(change)).collect();
        let converted = converted.map_err(|problem| request.problem(problem))?;
        let batch = ChangeBatch::builder().set_changes(Some(converted)).build();
        let batch = batch.map_err(|error| request.problem(Route53Problem::NotSent(error.into())))?;
        let send = |sdk: &Client| {
            sdk.change_resource_record_sets().hosted_zone_id(zone.as_str()).change_batch(batch.clone()).send()
        };
        let answer = self.call(&request, deadline, send).await?;
        Self::receipt(&request, answer.change_info())
    }

    /// State of a batch.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if Route 53 does not know the id; else the request failed.
    pub async fn change_state(&self, id: &ChangeId, deadline: &Deadline) -> Result<ChangeState, Error> {
        let request = Route53Request::read("read", format!("state of change `{id}`"), "GetChange");
        let answer = self.call(&request, deadline, |sdk| sdk.get_change().id(id.as_str()).send()).await?;
        Ok(Self::receipt(&request, answer.change_info())?.state)
    }

    /// Waits until a batch is on all name servers of Route 53.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] or [`ErrorKind::Cancelled`] if the deadline ends the wait: the batch is applied, and not yet on
    /// all name servers. Else a request failed.
    pub async fn wait_until_in_sync(&self, receipt: &ChangeReceipt, deadline: &Deadline) -> Result<(), Error> {
        let (mut state, mut polls) = (receipt.state, 0);
        while state != ChangeState::InSync {
            deadline.pause(pause_before_poll(polls)).await.map_err(|reason| {
                let target = format!("change `{}` to be INSYNC; its state is {state}", receipt.id);
                Error::new(SYSTEM, "wait for", target, ErrorKind::from(reason)).because(reason)
            })?;
            state = self.change_state(&receipt.id, deadline).await?;
            polls += 1;
        }
        Ok(())
    }

    /// Sends a request until it succeeds or fails for good. Every attempt waits for the rate limits of this process.
    pub(super) async fn call<T, E, Answer>(
        &self,
        request: &Route53Request,
        deadline: &Deadline,
        send: impl Fn(&Client) -> Answer,
    ) -> Result<T, Error>
    where
        E: StdError + Send + Sync + ProvideErrorMetadata + 'static,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let (deadline, address) = (deadline.at_most(self.limits.operation), self.address());
        let (deadline, address, send) = (&deadline, &address, &send);
        let attempt = || async move {
            self.requests.take(1, deadline).await.map_err(AttemptFailure::unsent)?;
            if request.changes() > 0 {
                self.changes.take(request.changes(), deadline).await.map_err(AttemptFailure::unsent)?;
            }
            let sdk = deadline.run(self.sdk()).await.map_err(AttemptFailure::unsent)?;
            let answer = async { send(sdk).await.map_err(|error| Route53Failure::of_sdk(error, address)) };
            let result = self.sender.exchange(request, address, deadline, answer).await;
            self.note_throttling(&result);
            result
        };
        self.sender.send(request, deadline, attempt).await.map_err(|failed| request.error(failed))
    }

    /// After a throttled request, the next ones wait for new tokens: other processes use the limits of the account, too.
    fn note_throttling<T>(&self, result: &Result<T, AttemptFailure<Route53Failure>>) {
        if let Err(AttemptFailure::System(Route53Failure::Refused(refusal))) = result
            && refusal.is_throttling()
        {
            self.requests.drain();
            self.changes.drain();
        }
    }

    async fn sdk(&self) -> &Client {
        let build = || async {
            let loaded = credentials::load(self.access.settings(), self.transport.clone()).await;
            // The attempts are those of `call`.
            Client::from_conf(config::Builder::from(&loaded).retry_config(RetryConfig::disabled()).build())
        };
        self.sdk.get_or_init(build).await
    }

    fn address(&self) -> ServerAddress {
        let url = self.access.settings().route53_endpoint.clone();
        ServerAddress { server: SYSTEM, url, origin: AddressOrigin::Settings }
    }

    fn receipt(request: &Route53Request, info: Option<&ChangeInfo>) -> Result<ChangeReceipt, Error> {
        let missing = || request.problem(Route53Problem::Unreadable("no state of the change".to_owned()));
        let info = info.ok_or_else(missing)?;
        let state = if info.status().as_str() == "INSYNC" { ChangeState::InSync } else { ChangeState::Pending };
        Ok(ChangeReceipt { id: ChangeId::of_response(info.id()), state })
    }
}

impl fmt::Debug for Route53 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route53").field("access", &self.access).field("limits", &self.limits).finish_non_exhaustive()
    }
}
