//! The strict fake behind the transport of the SDK. Time is that of the runtime, so tests with a paused clock need no real time.

use std::{fmt, io, sync::Arc, time::Duration};

use aws_sdk_route53::config::{
    HttpClient, RuntimeComponents, SharedHttpClient,
    http::{HttpRequest, HttpResponse},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use eod_domain::{
    EnvironmentName, Installation,
    dns::{
        ChangeAction, ChangeEntry, DnsTarget, RecordChange, RecordName, RecordOwner, RecordSet, RecordType, TxtPrefix,
        ZoneId, ownership_record,
    },
};
use eod_testkit::route53::{Route53Call, Route53Service};
use tempfile::NamedTempFile;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Deadline,
    route53::{AwsAccess, AwsSettings, Route53, Route53Limits, ZoneWriters},
};

/// Time between a request and its arrival.
const LATENCY: Duration = Duration::from_millis(20);

/// A service with one zone, and the settings of its clients.
pub(super) struct Fake {
    pub(super) service: Route53Service,
    pub(super) zone: ZoneId,
    pub(super) settings: AwsSettings,
    started: Instant,
    _config: NamedTempFile,
}

#[derive(Clone)]
struct FakeTransport {
    service: Route53Service,
    started: Instant,
}

impl fmt::Debug for FakeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeTransport")
    }
}

impl HttpConnector for FakeTransport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { service, started } = self.clone();
        let (_, target) = request.uri().split_once("://").unwrap();
        let call = Route53Call {
            method: request.method().to_owned(),
            target: target.find('/').map_or("/", |at| &target[at..]).to_owned(),
            authorization: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        };
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(LATENCY).await;
            let answer = service.answer(&call, started.elapsed());
            tokio::time::sleep(answer.delay).await;
            if answer.is_lost {
                return Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into()));
            }
            let status = answer.status.try_into().map_err(|_| ConnectorError::user("invalid status".into()))?;
            Ok(HttpResponse::new(status, SdkBody::from(answer.body)))
        })
    }
}

impl HttpClient for FakeTransport {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Fake {
    /// A service with the zone `acme.example`.
    pub(super) fn new() -> Self {
        let service = Route53Service::default();
        let zone = service.create_zone("acme.example", false).parse().unwrap();
        let keys =
            "[profile test]\naws_access_key_id = AKIACANARYSTATIC0000\naws_secret_access_key = canary-static-secret\n";
        Self::with_config(service, zone, keys)
    }

    /// A service whose clients have this configuration file.
    pub(super) fn with_config(service: Route53Service, zone: ZoneId, text: &str) -> Self {
        let config = NamedTempFile::new().unwrap();
        std::fs::write(config.path(), text).unwrap();
        let settings = AwsSettings {
            profile: Some("test".to_owned()),
            shared_config_files: vec![config.path().to_owned()],
            ..AwsSettings::default()
        };
        Self { service, zone, settings, started: Instant::now(), _config: config }
    }

    /// A client with the default limits.
    pub(super) fn client(&self) -> Arc<Route53> {
        self.client_with(self.settings.clone())
    }

    pub(super) fn client_with(&self, settings: AwsSettings) -> Arc<Route53> {
        let transport = FakeTransport { service: self.service.clone(), started: self.started };
        let transport = Some(SharedHttpClient::new(transport));
        let access = AwsAccess::new(settings).unwrap();
        Arc::new(Route53::with_transport(access, Route53Limits::default(), transport))
    }

    pub(super) fn writers(&self) -> Arc<ZoneWriters> {
        Arc::new(ZoneWriters::new(self.client()))
    }

    /// Codes of the refusals so far.
    pub(super) fn codes(&self) -> Vec<String> {
        self.service.calls().into_iter().filter_map(|logged| logged.code).collect()
    }
}

pub(super) fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(3600), CancellationToken::new())
}

pub(super) fn name(text: &str) -> RecordName {
    RecordName::listed(text)
}

/// Creation of the CNAME record of an environment with its TXT record.
pub(super) fn creation(environment: &str) -> ChangeEntry {
    entry(ChangeAction::Create, environment)
}

/// Change of the CNAME record of an environment and of its TXT record.
pub(super) fn entry(action: ChangeAction, environment: &str) -> ChangeEntry {
    let host = name(&format!("{environment}.acme.example"));
    let target = DnsTarget::Name(name("lb-1234567890.eu-central-1.elb.example.com"));
    let owner = RecordOwner {
        installation: "acme".parse::<Installation>().unwrap(),
        environment: environment.parse::<EnvironmentName>().unwrap(),
    };
    let mut changes = Vec::new();
    for record in target.records(&host, 60) {
        let txt = ownership_record(&record, &owner, &TxtPrefix::default()).unwrap();
        changes.extend([record, txt].map(|record| RecordChange { action, record }));
    }
    ChangeEntry { host, changes }
}

/// Change of one record with an address.
pub(super) fn address(action: ChangeAction, host: &str, address: &str) -> RecordChange {
    let record = RecordSet::of_values(name(host), RecordType::A, 60, [address.to_owned()]);
    RecordChange { action, record }
}
