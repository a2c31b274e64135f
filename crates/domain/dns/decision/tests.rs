use std::collections::BTreeMap;

use super::*;

fn owner(name: &str) -> OwnershipTxt {
    OwnershipTxt { owner: name.to_owned(), resource: Some("eod/x/x".to_owned()), others: BTreeMap::new() }
}

/// The table of [`decide_record`], one line per combination.
#[test]
fn decisions_follow_the_table() {
    let records = [
        ("absent", StoredState::Absent),
        ("equal", StoredState::Equal),
        ("different", StoredState::Different),
        ("routed", StoredState::Routed("weight 10".to_owned())),
    ];
    let txts = [
        ("no TXT", TxtState::Absent),
        ("ours", TxtState::Ours),
        ("other environment", TxtState::OtherEnvironment(owner("eod-acme"))),
        ("other installation", TxtState::OtherInstallation(owner("eod-other"))),
        ("ExternalDNS", TxtState::ExternalDns(owner("prod"))),
        ("unreadable", TxtState::Unreadable),
    ];
    let mut lines = Vec::new();
    for needed in [true, false] {
        for (txt_name, txt) in &txts {
            let of_txt = records.iter().map(|(_, record)| match decide_record(needed, record, txt) {
                RecordDecision::Create => "create",
                RecordDecision::Update => "update",
                RecordDecision::Delete => "delete",
                RecordDecision::Leave => "leave",
                RecordDecision::Refuse(RefusalCause::NoOwner) => "refuse: no owner",
                RecordDecision::Refuse(RefusalCause::OtherOwner(_)) => "refuse: other owner",
                RecordDecision::Refuse(RefusalCause::UnreadableOwner) => "refuse: unreadable",
                RecordDecision::Refuse(RefusalCause::Routed(_)) => "refuse: routed",
                RecordDecision::Refuse(other) => panic!("{other}"),
            });
            let needed = if needed { "needed" } else { "not needed" };
            lines.push(format!("{needed} | {txt_name} | {}", of_txt.collect::<Vec<_>>().join(" | ")));
        }
    }
    assert_eq!(records.map(|(name, _)| name), ["absent", "equal", "different", "routed"]);
    assert_eq!(
        lines,
        [
            "needed | no TXT | create | refuse: no owner | refuse: no owner | refuse: no owner",
            "needed | ours | create | leave | update | refuse: routed",
            "needed | other environment | refuse: other owner | refuse: other owner | refuse: other owner | refuse: other owner",
            "needed | other installation | refuse: other owner | refuse: other owner | refuse: other owner | refuse: other owner",
            "needed | ExternalDNS | refuse: other owner | refuse: other owner | refuse: other owner | refuse: other owner",
            "needed | unreadable | refuse: unreadable | refuse: unreadable | refuse: unreadable | refuse: unreadable",
            "not needed | no TXT | leave | leave | leave | leave",
            "not needed | ours | delete | delete | delete | refuse: routed",
            "not needed | other environment | leave | leave | leave | leave",
            "not needed | other installation | leave | leave | leave | leave",
            "not needed | ExternalDNS | leave | leave | leave | leave",
            "not needed | unreadable | leave | leave | leave | leave",
        ]
    );
}

#[test]
fn refusal_names_the_owner() {
    let refused = decide_record(true, &StoredState::Absent, &TxtState::ExternalDns(owner("prod")));
    let RecordDecision::Refuse(cause) = refused else { panic!("{refused:?}") };
    assert_eq!(cause.to_string(), "it belongs to owner `prod`, resource `eod/x/x`");
}
