//! OCI registry: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>. The token handshake is that of
//! <https://distribution.github.io/distribution/spec/auth/token/>.

use eod_render::{ChartDependency, ToolError};
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::failure::error;
use super::web::{Answer, Web};
use super::{SERVER_REMEDY, Sha256Digest, hex, parse_digest};

/// Media type of manifests.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of the layer with a chart: <https://helm.sh/docs/topics/registries/>.
const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Maximum size of a manifest in bytes, as in the specification.
const MAX_MANIFEST: usize = 4 << 20;
/// Maximum size of a token's response in bytes.
const MAX_TOKEN: usize = 64 << 10;
/// Header with the digest of a manifest.
const CONTENT_DIGEST: &str = "docker-content-digest";
const CHART_REMEDY: &str = "publish the chart again with `helm push`";

/// Downloads the layer that the manifest of a tag names. Both digests are checked; the layer's is returned.
pub(super) async fn download(
    web: &Web<'_>,
    dependency: &ChartDependency,
    limit: usize,
) -> Result<(Sha256Digest, Vec<u8>), ToolError> {
    let ChartDependency { name, version, repository } = dependency;
    let path = [repository.path.as_slice(), std::slice::from_ref(name)].concat().join("/");
    let base = format!("https://{}/v2/{path}", repository.host);
    // A tag cannot have a plus sign.
    let tag = version.replace('+', "_");
    let invalid = |_| error(format!("invalid URL of the repository `{repository}`"), "correct the URL in `Chart.yaml`");
    let url: Url = format!("{base}/manifests/{tag}").parse().map_err(invalid)?;
    let mut authorization = web.credentials.of(&url).cloned();
    let mut answer = web.get(&url, authorization.as_ref(), Some(MANIFEST), MAX_MANIFEST).await?;
    if answer.status == StatusCode::UNAUTHORIZED
        && let Some(token) = token(web, &answer.headers, &path).await?
    {
        authorization = Some(token);
        answer = web.get(&url, authorization.as_ref(), Some(MANIFEST), MAX_MANIFEST).await?;
    }
    let layer = layer(answer, &url)?;
    let blob: Url = format!("{base}/blobs/sha256:{}", hex(&layer)).parse().map_err(invalid)?;
    let archive = web.get(&blob, authorization.as_ref(), None, limit).await?.ok(&blob)?;
    let digest: Sha256Digest = Sha256::digest(&archive).into();
    if digest != layer {
        let message = format!("`{blob}`: the content has another digest: {}", hex(&digest));
        return Err(error(message, SERVER_REMEDY));
    }
    Ok((digest, archive))
}

/// Digest of the layer with the chart.
fn layer(answer: Answer, url: &Url) -> Result<Sha256Digest, ToolError> {
    let declared = answer.headers.get(CONTENT_DIGEST).and_then(|digest| digest.to_str().ok()).map(parse_digest);
    let manifest = answer.ok(url)?;
    let digest: Sha256Digest = Sha256::digest(&manifest).into();
    if declared.is_some_and(|declared| declared != Some(digest)) {
        let message = format!("`{url}`: the manifest has another digest than the registry declares: {}", hex(&digest));
        return Err(error(message, SERVER_REMEDY));
    }
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    let mut charts = layers.filter(|layer| layer.get("mediaType").and_then(Value::as_str) == Some(CHART));
    let digest = charts.next().and_then(|layer| parse_digest(layer.get("digest")?.as_str()?));
    digest.ok_or_else(|| error(format!("`{url}`: the manifest has no layer with a chart"), CHART_REMEDY))
}

/// Token for pulling a repository; none if the registry uses no tokens.
async fn token(web: &Web<'_>, headers: &HeaderMap, path: &str) -> Result<Option<HeaderValue>, ToolError> {
    let mut challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|challenge| challenge.to_str().ok());
    let Some(challenge) = challenges.find_map(|challenge| {
        let (scheme, rest) = challenge.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(rest)
    }) else {
        return Ok(None);
    };
    let invalid = |problem: &str| error(format!("the registry's challenge for a token: {problem}"), SERVER_REMEDY);
    let realm = parameter(challenge, "realm").ok_or_else(|| invalid("it has no realm"))?;
    let mut url: Url = realm.parse().map_err(|_| invalid("its realm is not a URL"))?;
    if let Some(service) = parameter(challenge, "service") {
        url.query_pairs_mut().append_pair("service", &service);
    }
    url.query_pairs_mut().append_pair("scope", &format!("repository:{path}:pull"));
    // Only credentials of the realm's own host are sent, so that a registry cannot send them elsewhere.
    let body = web.get_ok(&url, MAX_TOKEN).await?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let token = ["token", "access_token"].iter().find_map(|key| body.get(*key)?.as_str());
    let token = token.ok_or_else(|| invalid("the response of its realm has no token"))?;
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| invalid("its token is invalid"))?;
    header.set_sensitive(true);
    Ok(Some(header))
}

/// Parameter of a challenge such as `realm="https://auth.example/token",service="registry"`.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    loop {
        let (key, after) = rest.trim_start_matches([' ', ',']).split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests;
