//! Sources of the renders: a small application in three formats, and a large repository that contains it.

use std::fmt::Write as _;

use eod_testkit::argocd::Repository;

/// The application as an overlay that the plugin renders without a binary.
pub(super) const OVERLAY: &str = "shop/overlay";
/// The application as plain YAML, one object in each file.
pub(super) const PLAIN: &str = "plain";
/// The application as a chart that several services share, with this service's values.
pub(super) const CHART: &str = "chart";

/// Number of other files in the large repository, and number of files per service folder.
const FILES: usize = 3000;
const FILES_OF_ONE: usize = 10;
/// Bytes of incompressible history; `.git` has 57 MB in total.
const HISTORY: usize = 54 << 20;

/// The files of the application, by name.
pub(super) fn application() -> Vec<(String, String)> {
    let mut files = vec![
        ("shop/base/kustomization.yaml".to_owned(), include_str!("sample/base.yaml").to_owned()),
        ("shop/base/deployment.yaml".to_owned(), include_str!("sample/deployment.yaml").to_owned()),
        ("shop/base/service.yaml".to_owned(), include_str!("sample/service.yaml").to_owned()),
        (format!("{OVERLAY}/kustomization.yaml"), include_str!("sample/overlay.yaml").to_owned()),
        (format!("{CHART}/Chart.yaml"), "apiVersion: v2\nname: shop\nversion: 1.0.0\n".to_owned()),
        (format!("{CHART}/values.yaml"), include_str!("sample/values.yaml").to_owned()),
        (format!("{CHART}/templates/workload.yaml"), include_str!("sample/workload.tpl").to_owned()),
    ];
    for number in 0..7 {
        files.push((format!("shop/base/config-{number}.yaml"), config(&format!("shop-{number}"))));
    }
    files
}

/// The chart of the application with a Secret of random values.
pub(super) fn random_application() -> Vec<(String, String)> {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"shop.fullname\" . }}\nstringData:\n  password: {{ randAlphaNum 24 | quote }}\n";
    let chart = application().into_iter().filter(|(name, _)| name.starts_with(CHART));
    chart.chain([(format!("{CHART}/templates/secret.yaml"), secret.to_owned())]).collect()
}

/// A repository with nothing but the application.
pub(super) fn small(plain: &str) -> Repository {
    let repository = Repository::new(&[]);
    write_application(&repository, plain);
    repository.commit("the application");
    repository
}

/// A repository with the application, thousands of other files and a large history.
pub(super) fn large(plain: &str) -> Repository {
    let repository = Repository::new(&[]);
    repository.write("assets.bin", noise(HISTORY));
    repository.commit("assets");
    repository.write("assets.bin", "moved to a bucket\n");
    write_application(&repository, plain);
    for (name, text) in neighbours() {
        repository.write(&name, text);
    }
    repository.commit("the application and its neighbours");
    repository
}

/// The other files of the large repository.
pub(super) fn neighbours() -> impl Iterator<Item = (String, String)> {
    (0..FILES).map(|number| {
        let mut text = config(&format!("neighbour-{number}"));
        for line in 0..60 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  entry-{line}: \"{}\"", number * 7919 + line * 104_729);
        }
        (format!("services/service-{}/config-{}.yaml", number / FILES_OF_ONE, number % FILES_OF_ONE), text)
    })
}

fn write_application(repository: &Repository, plain: &str) {
    for (name, text) in application() {
        repository.write(&name, text);
    }
    for (number, object) in plain.split("\n---\n").enumerate() {
        repository.write(&format!("{PLAIN}/{number}.yaml"), object);
    }
}

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  LOG_LEVEL: info\n  NAME: {name}\n")
}

/// Incompressible bytes, equal in each run.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = Vec::with_capacity(bytes);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise
}
