use super::*;

#[test]
fn home_is_private_and_removed() {
    let base = tempfile::tempdir().unwrap();
    let scratch = ScratchDir::find(Some(base.path()));
    let home = scratch.home().unwrap();
    assert_eq!(fs::metadata(home.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let content: Arc<[u8]> = b"x".as_slice().into();
    home.lay_out("chart", [(&"templates/a.yaml".to_owned(), &content)]).unwrap();
    assert_eq!(fs::read(home.path().join("chart/templates/a.yaml")).unwrap(), b"x");
    for bad in ["../x", "/etc/x", "a/../../x", ""] {
        assert!(home.lay_out("chart", [(&bad.to_owned(), &content)]).is_err(), "{bad}");
    }
    drop(home);
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn stale_homes_are_removed() {
    let base = tempfile::tempdir().unwrap();
    let (parent, own) = (std::os::unix::process::parent_id(), std::process::id());
    let names = [
        "eod-cmp-4194304-a".to_owned(),
        format!("eod-cmp-{parent}-b"),
        "other".to_owned(),
        "eod-cmp-x".to_owned(),
        format!("eod-cmp-{own}-c"),
    ];
    for name in &names {
        fs::create_dir(base.path().join(name)).unwrap();
    }
    let left = || names.iter().filter(|name| base.path().join(name).exists()).count();
    let scratch = ScratchDir::find(Some(base.path()));
    scratch.remove_stale_homes(false);
    assert_eq!(left(), 4, "only the home of a process that has ended");
    scratch.remove_stale_homes(true);
    assert_eq!(left(), 3, "and the home of an earlier process with the same id");
    assert!(base.path().join(&names[1]).exists() && base.path().join("other").exists());
}
