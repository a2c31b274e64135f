use super::*;

const LIST: &str = "\
;
; Archive created at 2026-11-28 20:25:00 UTC
;     dbname: shop
;
; Selected TOC Entries:
;
2; 3079 16390 EXTENSION - citext 
3900; 0 0 COMMENT - EXTENSION citext 
8; 2615 16387 SCHEMA - app shop_owner
220; 1259 16500 TABLE app orders shop_owner
3901; 0 0 COMMENT app TABLE orders shop_owner
3902; 0 0 COMMENT app COLUMN orders.note shop_owner
221; 1259 16510 FOREIGN TABLE app remote orders shop_owner
3903; 0 0 COMMENT app FOREIGN TABLE remote orders shop_owner
3904; 0 0 COMMENT app COLUMN remote orders.id shop_owner
222; 1259 16520 VIEW app remote_view shop_owner
3905; 0 0 COMMENT app VIEW remote_view shop_owner
223; 1417 16530 SERVER - production postgres
224; 1418 16540 USER MAPPING - USER MAPPING shop_owner SERVER production postgres
225; 3466 16550 EVENT TRIGGER - watch postgres
3906; 0 0 COMMENT - EVENT TRIGGER watch postgres
3907; 0 0 ACL app TABLE orders shop_owner
3908; 826 16560 DEFAULT ACL app DEFAULT PRIVILEGES FOR TABLES shop_owner
3909; 1262 5 DATABASE - shop shop_owner
";

fn none() -> BTreeSet<ObjectId> {
    BTreeSet::new()
}

#[test]
fn entries_of_removed_objects_and_their_comments_are_left_out() {
    let found = ArchiveEntries::choose(LIST, &BTreeSet::from([(1259, 16520)]), &none(), &none());
    let kept: Vec<_> = found.structure.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(kept, ["8", "220", "3901", "3902"]);
    let privileges: Vec<_> = found.privileges.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(privileges, ["3907", "3908"]);
    assert_eq!(
        found.left_out,
        [
            "FOREIGN TABLE app remote orders shop_owner",
            "SERVER - production postgres",
            "USER MAPPING - USER MAPPING shop_owner SERVER production postgres",
            "EVENT TRIGGER - watch postgres",
            "DATABASE - shop shop_owner",
        ]
    );
}

#[test]
fn publications_of_all_tables_and_schemas_need_a_superuser() {
    let list = "10; 6104 5 PUBLICATION - some shop_owner\n11; 0 0 COMMENT - PUBLICATION some shop_owner\n\
                12; 6104 6 PUBLICATION - all postgres\n13; 0 0 COMMENT - PUBLICATION all postgres\n\
                14; 6237 7 PUBLICATION TABLES IN SCHEMA app some app postgres\n";
    let found = ArchiveEntries::choose(list, &none(), &none(), &BTreeSet::from([(6104, 6)]));
    let numbers = |list: &str| list.lines().map(|line| line.split(';').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(numbers(&found.structure), ["10", "11"]);
    assert_eq!(numbers(&found.superuser), ["12", "13", "14"]);
}

#[test]
fn existing_objects_keep_their_comments() {
    let found = ArchiveEntries::choose(LIST, &none(), &BTreeSet::from([(1259, 16500)]), &none());
    let kept: Vec<_> = found.structure.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(kept, ["8", "3901", "3902", "222", "3905"]);
}

#[test]
fn lines_that_are_no_entries_are_ignored() {
    let found = ArchiveEntries::choose("; x\n\nx; y\n1; 2\n1; 2 3\n", &none(), &none(), &none());
    assert_eq!(found, ArchiveEntries::default());
}
