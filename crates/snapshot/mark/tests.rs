use super::*;

#[test]
fn marks_round_trip_and_others_are_refused() {
    let mark = CloneMark {
        owner: CloneOwner { environment: "shop-pr-7".parse().unwrap(), installation: "acme".parse().unwrap() },
        golden: "shop".to_owned(),
        golden_version: "20261128120000".to_owned(),
        manifest: "0123456789abcdef".to_owned(),
        nonce: Nonce::new([7; 16]).as_str().to_owned(),
        begun_at: "2026-11-29T01:02:03Z".parse().unwrap(),
        size: Some(CloneSize { bytes: 7, strategy: CloneStrategy::Copy }),
    };
    assert_eq!(CloneMark::of_comment(&mark.comment()), Some(mark.clone()));
    assert_eq!(mark.objects_role().as_deref(), Some("shop_objects"));
    assert!(mark.is_of(&Nonce::new([7; 16])) && !mark.is_of(&Nonce::new([8; 16])));
    let facts = CloneFacts { login: "shop_app".to_owned(), opened_at: mark.begun_at };
    assert_eq!(CloneFacts::of_comment(&facts.comment()), Some(facts.clone()));
    for comment in ["", "eod clone 1 ", "eod clone 1 {}", "eod clone 2 {}", "eod golden 1 acme", &facts.comment()] {
        assert_eq!(CloneMark::of_comment(comment), None, "{comment}");
    }
    assert_eq!(CloneFacts::of_comment(&mark.comment()), None);
}

#[test]
fn size_of_its_own_follows_from_the_sharing() {
    let of = |strategy| CloneSize { bytes: 100, strategy }.own_bytes(130);
    assert_eq!(of(CloneStrategy::Clone), Some(30));
    assert_eq!(of(CloneStrategy::Copy), Some(130));
    assert_eq!(of(CloneStrategy::Unknown), None);
    assert_eq!(CloneSize { bytes: 100, strategy: CloneStrategy::Clone }.own_bytes(90), Some(0));
}

#[test]
fn marks_of_temporary_logins_have_their_end() {
    let (name, acme): (CloneName, Installation) = ("shop_pr_7".parse().unwrap(), "acme".parse().unwrap());
    let until: Timestamp = "2026-11-29T01:02:03Z".parse().unwrap();
    let mark = temporary_login_mark(&name, &acme, until);
    assert!(mark.starts_with(&login_mark(&name, &acme)), "{mark}");
    assert_eq!(temporary_login(&mark, &acme), Some((name.clone(), until)));
    for (comment, installation) in [(mark.as_str(), "other"), (&login_mark(&name, &acme), "acme"), ("a person", "acme")]
    {
        assert_eq!(temporary_login(comment, &installation.parse().unwrap()), None, "{comment}");
    }
}
