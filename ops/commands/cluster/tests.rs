use clap::Parser as _;

use super::*;
use crate::arguments::EodCommandLine;

fn select(flags: &[&str], variables: &[(&str, &str)], files: &[&str]) -> Option<ClusterOrigin> {
    let line = EodCommandLine::try_parse_from([&["eod", "list"], flags].concat()).unwrap();
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    origin(&line.common, &environment, &|path| files.iter().any(|file| Path::new(file) == path))
}

#[test]
fn cluster_is_selected_in_order() {
    let pod = [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("HOME", "/home/a")];
    let everything = [pod[0], pod[1], ("KUBECONFIG", "/k")];
    let files = [POD_TOKEN, "/home/a/.kube/config"];
    let file = |path: &str| Some(ClusterOrigin::File(PathBuf::from(path)));
    assert_eq!(select(&["--kubeconfig", "/x"], &everything, &files), file("/x"));
    assert_eq!(select(&[], &everything, &files), Some(ClusterOrigin::Variable));
    assert_eq!(select(&[], &pod, &files), Some(ClusterOrigin::Pod));
    assert_eq!(select(&["--context", "preview"], &pod, &files), file("/home/a/.kube/config"));
    assert_eq!(select(&[], &pod, &files[1..]), file("/home/a/.kube/config"));
    assert_eq!(select(&[], &pod, &[]), None);
}
