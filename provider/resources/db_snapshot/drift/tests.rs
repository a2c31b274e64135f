use super::*;

#[test]
fn each_change_of_the_access_is_one_sentence() {
    let name: CloneName = "shop_pr_7".parse().unwrap();
    let whole = CloneAccess { is_open: true, has_login: true, can_connect: true, is_public: false };
    assert_eq!(of_access(&name, whole), [""; 0]);
    for (access, expected) in [
        (CloneAccess { is_open: false, ..whole }, "was closed"),
        (CloneAccess { has_login: false, can_connect: false, ..whole }, "`shop_pr_7_app` does not exist"),
        (CloneAccess { can_connect: false, ..whole }, "has no CONNECT"),
        (CloneAccess { is_public: true, ..whole }, "was opened to all roles"),
    ] {
        let found = of_access(&name, access);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }
}
