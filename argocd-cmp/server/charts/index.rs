//! Repository with an index: <https://helm.sh/docs/topics/chart_repository/>.

use eod_render::{ChartDependency, Content, Node, ToolError, YamlLimits, read};
use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::failure::error;
use super::web::Web;
use super::{Sha256Digest, hex, parse_digest};

/// Maximum size of an index in bytes. Indexes of large public repositories have 20 MB.
const MAX_INDEX: usize = 64 << 20;
const INDEX_REMEDY: &str = "have the repository generate its index again (`helm repo index`)";

/// Version of a chart in an index.
struct IndexEntry {
    digest: Sha256Digest,
    url: String,
}

/// Downloads the archive that the index names. Its digest is that of the index.
pub(super) async fn download(
    web: &Web<'_>,
    dependency: &ChartDependency,
    limit: usize,
) -> Result<(Sha256Digest, Vec<u8>), ToolError> {
    let ChartDependency { name, version, repository } = dependency;
    let invalid = || error(format!("invalid URL of the repository `{repository}`"), "correct the URL in `Chart.yaml`");
    let base: Url = format!("{repository}/").parse().map_err(|_| invalid())?;
    let index = base.join("index.yaml").map_err(|_| invalid())?;
    let text = web.get_ok(&index, MAX_INDEX).await?;
    let entry = entry(&String::from_utf8_lossy(&text), name, version)
        .map_err(|(problem, remedy)| error(format!("`{index}`: {problem}"), remedy))?;
    let url = base.join(&entry.url).map_err(|_| error(format!("`{index}`: invalid URL of `{name}`"), INDEX_REMEDY))?;
    let archive = web.get_ok(&url, limit).await?;
    let digest: Sha256Digest = Sha256::digest(&archive).into();
    if digest != entry.digest {
        let message = format!("`{url}`: expected the digest {} of the index, got {}", hex(&entry.digest), hex(&digest));
        return Err(error(message, INDEX_REMEDY));
    }
    Ok((digest, archive))
}

/// Entry of a version.
fn entry(index: &str, name: &str, version: &str) -> Result<IndexEntry, (String, &'static str)> {
    let update = "correct the version in `Chart.yaml`, and run `helm dependency update`";
    let missing = || (format!("it has no version {version} of `{name}`"), update);
    let part = part(index, name);
    let documents = read(part.as_bytes(), &YamlLimits::default())
        .map_err(|faults| (faults.first().map_or_else(String::new, |fault| fault.kind.to_string()), INDEX_REMEDY))?;
    let versions = documents.first().and_then(|document| document.root.get("entries")?.get(name));
    let Some(Content::List(versions)) = versions.map(|node| &node.content) else { return Err(missing()) };
    let text = |node: &Node, key: &str| match node.get(key).map(|node| &node.content) {
        Some(Content::Text(text)) => text.clone(),
        Some(Content::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let found = versions.iter().find(|one| text(one, "version") == version).ok_or_else(missing)?;
    let digest = parse_digest(&text(found, "digest"))
        .ok_or_else(|| (format!("`{name}` {version} has no SHA-256 digest"), INDEX_REMEDY))?;
    let url = match found.get("urls").map(|node| &node.content) {
        Some(Content::List(urls)) => urls.first().and_then(Node::text),
        _ => None,
    };
    let url = url.ok_or_else(|| (format!("`{name}` {version} has no URL"), INDEX_REMEDY))?;
    Ok(IndexEntry { digest, url: url.to_owned() })
}

/// The lines of one chart, because a whole index as values would need a multiple of its size. An index in another layout
/// is returned as a whole.
fn part(index: &str, name: &str) -> String {
    let mut lines = index.lines().skip_while(|line| line.trim_end() != "entries:").skip(1);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(first) = lines.next() else { return index.to_owned() };
    let depth = indent(first);
    let is_key =
        |line: &str| indent(line) <= depth && !line.trim_start().starts_with(['-', '#']) && !line.trim().is_empty();
    let is_own = |line: &str| is_key(line) && line.trim().trim_end_matches(':').trim_matches(['"', '\'']) == name;
    let mut own = std::iter::once(first).chain(lines).skip_while(|line| !is_own(line));
    let Some(key) = own.next() else { return index.to_owned() };
    let mut part = format!("entries:\n{key}\n");
    for line in own.take_while(|line| !is_key(line)) {
        part.push_str(line);
        part.push('\n');
    }
    part
}

#[cfg(test)]
mod tests;
