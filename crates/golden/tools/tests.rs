use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

/// A folder with two programs of a version.
fn programs(folder: &Path, version: &str) {
    fs::create_dir_all(folder).unwrap();
    for program in ["pg_dump", "pg_restore"] {
        let file = folder.join(program);
        fs::write(&file, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn deadline() -> Deadline {
    Deadline::for_cleanup(Duration::from_secs(60))
}

#[test]
fn major_version_is_read_from_the_output() {
    assert_eq!(major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
    assert_eq!(major("pg_dump (PostgreSQL) 18beta1"), Some(18));
    assert_eq!(major("something else"), None);
}

#[tokio::test]
async fn oldest_programs_that_fit_source_and_server_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for version in ["14.1", "15.3", "17.2", "19.0"] {
        programs(&at(version), version);
    }
    fs::create_dir(at("empty")).unwrap();
    let folders = ["19.0", "empty", "17.2", "14.1"].map(at);
    let search = ToolSearch { folder: None, path: Some(std::env::join_paths(folders).unwrap()) };
    let found = |least, most| {
        let (search, beside) = (search.clone(), at("15.3"));
        async move { search.find(Some(&beside), least, most, &deadline()).await }
    };
    assert_eq!(found(15, 18).await.unwrap(), DumpTools { folder: at("15.3"), version: 15 });
    assert_eq!(found(16, 18).await.unwrap().version(), 17);
    let error = found(18, 18).await.unwrap_err().to_string();
    assert!(error.contains("version 18 to 18") && error.contains("14, 15, 17, 19"), "{error}");
    // A named folder is the only one.
    let named = ToolSearch { folder: Some(at("14.1")), path: search.path.clone() };
    let error = named.find(Some(&at("15.3")), 15, 15, &deadline()).await.unwrap_err().to_string();
    assert!(error.contains("found 14;"), "{error}");
}

#[test]
fn messages_have_no_statements() {
    let stderr = "pg_restore: while PROCESSING TOC:\n\
        pg_restore: from TOC entry 215; 1255 16390 FUNCTION f() alice\n\
        pg_restore: error: could not execute query: ERROR:  language \"plx\" does not exist\n\
        Command was: CREATE FUNCTION f() AS 'secret';\n";
    let found = messages(stderr);
    assert!(found.contains("FUNCTION f()") && found.contains("language \"plx\" does not exist"), "{found}");
    assert!(!found.contains("secret"), "{found}");
    assert_eq!(messages("\n"), "it has printed no message");
    assert!(messages(&format!("error: {}", "ü".repeat(5000))).len() < 2100);
}

#[tokio::test]
async fn programs_get_no_variable_of_this_process_that_is_not_needed() {
    let folder = tempfile::tempdir().unwrap();
    programs(folder.path(), "15.0");
    fs::write(folder.path().join("pg_restore"), "#!/bin/sh\ncat; env\n").unwrap();
    let tools = DumpTools { folder: folder.path().to_owned(), version: 15 };
    let output = tools.restore(None, &[], b"archive", &deadline()).await.unwrap();
    let output = String::from_utf8(output).unwrap();
    assert!(output.starts_with("archive") && output.contains("LC_ALL=C"), "{output}");
    let known = |line: &str| {
        let name = line.split('=').next().unwrap_or_default();
        PASSED_ON.contains(&name) || ["LC_ALL", "PGCLIENTENCODING", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name)
    };
    let others: Vec<_> = output.trim_start_matches("archive").lines().filter(|line| !known(line)).collect();
    assert_eq!(others, [""; 0]);
}
