//! Check of a chart's archive before Helm reads it.

use std::io::Read as _;
use std::path::{Component, Path};

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

/// Maximum size of all files of an archive in bytes.
const MAX_UNPACKED: u64 = 64 << 20;
/// Maximum number of files of an archive.
const MAX_ENTRIES: usize = 5000;

/// Checks that the archive has only regular files below a directory with the chart's name, within limits.
pub(super) fn check(archive: &[u8], name: &str) -> Result<(), String> {
    // The headers need space, too; the limit ends an archive with endless other content.
    let mut archive = Archive::new(GzDecoder::new(archive).take(2 * MAX_UNPACKED));
    let failed = |problem: std::io::Error| format!("invalid archive: {problem}");
    let (mut has_chart, mut number, mut bytes) = (false, 0, 0_u64);
    for entry in archive.entries().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        number += 1;
        if number > MAX_ENTRIES {
            return Err(format!("it must have at most {MAX_ENTRIES} files"));
        }
        bytes = bytes.saturating_add(entry.size());
        if bytes > MAX_UNPACKED {
            return Err(format!("its files must have at most {MAX_UNPACKED} bytes"));
        }
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            other => return Err(format!("it must have only files, got an entry of the type {other:?}")),
        }
        let path = entry.path().map_err(failed)?.into_owned();
        let is_normal = |part: Component<'_>| matches!(part, Component::Normal(_));
        let shown = path.display();
        if !path.components().all(is_normal) || path.to_string_lossy().contains('\\') {
            return Err(format!("invalid path `{shown}`"));
        }
        if !path.starts_with(name) {
            return Err(format!("expected files below `{name}`, got `{shown}`"));
        }
        has_chart |= path == Path::new(name).join("Chart.yaml");
    }
    if has_chart { Ok(()) } else { Err(format!("it has no file `{name}/Chart.yaml`")) }
}
