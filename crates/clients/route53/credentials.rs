//! Configuration of the AWS SDK: region, credentials and endpoints.

use std::env;

use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableRegionProvider, meta::region::ProvideRegion,
    profile::ProfileFileRegionProvider, sts::AssumeRoleProvider,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_route53::config::SharedHttpClient;

use super::{
    access::{AssumedRole, AwsSettings, IdentityToken, WebIdentityRole},
    endpoints::{STS, ServiceEndpoints, configured},
    web_identity::{SESSION, WebIdentityProvider},
};

/// Region of the global service, used if none is set: a call without a region fails before it is sent.
const DEFAULT_REGION: &str = "us-east-1";

/// Loads the configuration. Reads the environment and the shared files; contacts nothing, because credentials are loaded by
/// the first call. `transport` is used in place of the SDK's own, if set.
pub(super) async fn load(settings: &AwsSettings, transport: Option<SharedHttpClient>) -> SdkConfig {
    let files = files(settings);
    let region = region(settings, files.clone()).await;
    // Pinned, because another version changes timeouts and retries.
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(region);
    if let Some(files) = files {
        loader = loader.profile_files(files);
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(transport) = transport {
        loader = loader.http_client(transport);
    }
    let loaded = loader.load().await;
    let identity = settings.assume_role_with_web_identity.clone().or_else(|| identity_of_environment(&loaded));
    let (route53, sts) = (settings.route53_endpoint.clone(), settings.sts_endpoint.clone());
    let endpoints = ServiceEndpoints::new(loaded.clone(), route53, sts);
    let mut config = loaded.into_builder().service_config(endpoints).build();
    if let Some(role) = identity {
        let sts = aws_sdk_sts::Client::new(&config);
        config = with_credentials(config, SharedCredentialsProvider::new(WebIdentityProvider { role, sts }));
    }
    if let Some(AssumedRole { role_arn, external_id, session_name, duration }) = &settings.assume_role {
        let mut role = AssumeRoleProvider::builder(role_arn).configure(&config);
        role = role.session_name(session_name.as_deref().unwrap_or(SESSION));
        if let Some(external_id) = external_id {
            role = role.external_id(external_id);
        }
        if let Some(duration) = duration {
            role = role.session_length(*duration);
        }
        let provider = SharedCredentialsProvider::new(role.build().await);
        config = with_credentials(config, provider);
    }
    config
}

fn with_credentials(config: SdkConfig, provider: SharedCredentialsProvider) -> SdkConfig {
    config.into_builder().credentials_provider(provider).build()
}

fn files(settings: &AwsSettings) -> Option<EnvConfigFiles> {
    if settings.shared_config_files.is_empty() {
        return None;
    }
    let mut files = EnvConfigFiles::builder().include_default_credentials_file(true);
    for file in &settings.shared_config_files {
        files = files.with_file(EnvConfigFileKind::Config, file);
    }
    Some(files.build())
}

/// The region of the settings, of the environment or of the profile. The metadata service of an instance is not asked: it
/// answers late or never outside of AWS, and the region only selects the partition.
async fn region(settings: &AwsSettings, files: Option<EnvConfigFiles>) -> Region {
    let is_set = |region: &Region| !region.as_ref().is_empty();
    if let Some(region) = &settings.region {
        return Region::new(region.clone());
    }
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await.filter(is_set) {
        return region;
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(files) = files {
        profile = profile.profile_files(files);
    }
    if let Some(name) = &settings.profile {
        profile = profile.profile_name(name);
    }
    let of_profile = ProvideRegion::region(&profile.build()).await.filter(is_set);
    of_profile.unwrap_or(Region::from_static(DEFAULT_REGION))
}

/// The web identity of the environment, if the SDK cannot use it: its own client of STS stops with a panic if the variable of
/// an endpoint is empty. Access keys in the environment have precedence, as in the SDK.
fn identity_of_environment(loaded: &SdkConfig) -> Option<WebIdentityRole> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let is_empty_endpoint = configured(loaded, STS).is_some_and(|endpoint| endpoint.is_empty());
    if !is_empty_endpoint || variable("AWS_ACCESS_KEY_ID").is_some() {
        return None;
    }
    let token = IdentityToken::File(variable("AWS_WEB_IDENTITY_TOKEN_FILE")?.into());
    let session_name = variable("AWS_ROLE_SESSION_NAME");
    Some(WebIdentityRole { role_arn: variable("AWS_ROLE_ARN")?, session_name, duration: None, token })
}
