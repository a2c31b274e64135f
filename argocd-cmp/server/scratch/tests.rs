use super::*;

#[test]
fn a_home_is_private_and_goes() {
    let base = tempfile::tempdir().unwrap();
    let scratch = Scratch::find(Some(base.path()));
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
fn what_the_dead_left_is_removed() {
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
    let scratch = Scratch::find(Some(base.path()));
    scratch.clean(false);
    assert_eq!(left(), 4, "only the home of a process that is gone");
    scratch.clean(true);
    assert_eq!(left(), 3, "and what has our number but is not ours");
    assert!(base.path().join(&names[1]).exists() && base.path().join("other").exists());
}
