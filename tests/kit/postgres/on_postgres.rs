//! The kit leaves nothing behind.

use std::{path::PathBuf, thread};

use super::{PostgresServer, folders};
use crate::{keep_folders, process::is_running};

#[test]
fn server_ends_with_its_handle_also_after_a_panic() {
    let bin = folders().unwrap().pop().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let panicked = thread::spawn(move || {
        let server = PostgresServer::start(&bin).unwrap();
        let pid_file = server.socket_folder.join("data/postmaster.pid");
        let pid: u32 = std::fs::read_to_string(pid_file).unwrap().lines().next().unwrap().trim().parse().unwrap();
        sender.send((pid, server.socket_folder.clone(), is_running(pid))).unwrap();
        panic!("this panic is part of the test");
    });
    assert!(panicked.join().is_err());
    let (pid, folder, was_running): (u32, PathBuf, bool) = receiver.recv().unwrap();
    assert!(was_running);
    assert!(!is_running(pid));
    assert!(keep_folders() || !folder.exists());
}
