//! A test cluster stops its servers and removes its files at every kind of end.

use std::{
    ffi::OsString,
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use eod_testkit::{
    testbed::{self, Testbed},
    wait::wait_until,
};
use tempfile::TempDir;

fn address(testbed: &Testbed) -> String {
    let text = std::fs::read_to_string(&testbed.kubeconfig).unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("server: https://"));
    line.unwrap().to_owned()
}

fn wait_until_refused(address: &str) {
    wait_until("the API server to be gone", Duration::from_secs(60), || match TcpStream::connect(address) {
        Ok(_) => Err("it accepts connections".to_owned()),
        Err(_) => Ok(()),
    });
}

#[test]
fn testbed_stops_and_cleans_up_when_stdin_is_closed() {
    let mut testbed = Testbed::start(testbed::binary().unwrap(), None).unwrap();
    let address = address(&testbed);
    let folder: PathBuf = testbed.kubeconfig.parent().unwrap().to_owned();
    TcpStream::connect(&address).unwrap();
    drop(testbed.process.stdin.take());
    assert!(testbed.process.wait().unwrap().success());
    wait_until_refused(&address);
    assert!(eod_testkit::keep_folders() || !folder.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn servers_stop_when_the_testbed_is_killed() {
    let mut testbed = Testbed::start(testbed::binary().unwrap(), None).unwrap();
    let address = address(&testbed);
    TcpStream::connect(&address).unwrap();
    testbed.process.kill().unwrap();
    testbed.process.wait().unwrap();
    wait_until_refused(&address);
    // A killed testbed cannot remove its directory.
    std::fs::remove_dir_all(testbed.kubeconfig.parent().unwrap()).unwrap();
}

/// Directory with scripts that run the programs of the testbed. Each script creates a file when it runs.
fn programs(names: &[&str]) -> TempDir {
    let folder = TempDir::with_prefix("eod-assets-").unwrap();
    let binary = testbed::binary().unwrap().display();
    for name in names {
        let file = folder.path().join(name);
        let mark = folder.path().join("ran").with_extension(name);
        let script = format!("#!/bin/sh\n: >'{}'\nexec '{binary}' {name} \"$@\"\n", mark.display());
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn ran(folder: &Path, name: &str) -> bool {
    folder.join("ran").with_extension(name).exists()
}

#[test]
fn servers_of_a_folder_replace_the_testbeds_own() {
    let given = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];
    let folder = programs(&given);
    let found = testbed::servers(Some(folder.path().into()), None).unwrap();
    let mut testbed = Testbed::start(testbed::binary().unwrap(), found.as_deref()).unwrap();
    for name in ["etcd", "kube-apiserver", "kube-controller-manager"] {
        assert!(ran(folder.path(), name), "{name} did not come from the folder");
    }
    assert_eq!(testbed.kubectl, Some(folder.path().join("kubectl")));
    // The scheduler is a program of the testbed, and `up` writes a log for each of its children.
    assert!(testbed.kubeconfig.with_file_name("kube-scheduler.log").exists());
    drop(testbed.process.stdin.take());
    assert!(testbed.process.wait().unwrap().success());
}

#[test]
fn folder_without_api_server_or_etcd_is_an_error() {
    let folder = programs(&["etcd"]);
    let error = testbed::servers(Some(folder.path().into()), None).unwrap_err();
    assert!(error.contains("does not contain kube-apiserver"), "{error}");
    let folder = programs(&["kube-apiserver"]);
    let error = testbed::servers(Some(folder.path().into()), None).unwrap_err();
    assert!(error.contains("does not contain etcd"), "{error}");
}

#[test]
fn servers_on_path_are_used_only_as_a_pair() {
    let (one, other) = (programs(&["etcd"]), programs(&["kube-apiserver"]));
    let list = |folders: &[&TempDir]| -> Option<OsString> {
        Some(std::env::join_paths(folders.iter().map(|folder| folder.path())).unwrap())
    };
    assert_eq!(testbed::servers(None, list(&[&one])).unwrap(), None);
    assert_eq!(testbed::servers(None, list(&[&one, &other])).unwrap(), list(&[&one, &other]));
}
