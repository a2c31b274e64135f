use super::*;

#[test]
fn values_are_found_once_at_every_place() {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(["canary@shop", "another value"]).unwrap();
    for at in [0, 5, PIECE - 4, PIECE - 11, PIECE, PIECE + OVERLAP - 3, 2 * PIECE - 1, 3 * PIECE - 20] {
        let mut bytes = vec![b'.'; 3 * PIECE];
        bytes[at..at + 11].copy_from_slice(b"CANARY@shop");
        let mut found = BTreeMap::new();
        search_file(bytes.as_slice(), &search, &mut found).unwrap();
        assert_eq!(found, BTreeMap::from([(0, 1)]), "{at}");
    }
}

#[test]
fn files_of_all_tablespaces_are_searched() {
    let data = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = data.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("base/16384/1259", "canary@shop");
    write("base/16385/1259", "canary@shop");
    write("pg_tblspc/17000/PG_15_202209061/16384/2000", "xx canary@shop canary@shop");
    write("pg_tblspc/17000/PG_15_202209061/5/2000", "canary@shop");
    write("global/pg_control", "12345678 and more");
    assert_eq!(identifier(data.path()).unwrap(), u64::from_ne_bytes(*b"12345678"));
    let search = Arc::new(AhoCorasick::new(["canary@shop"]).unwrap());
    let files = DatabaseFiles { folder: data.path().to_owned(), database: 16384 };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = runtime.block_on(files.search(search)).unwrap();
    assert_eq!(found, BTreeMap::from([(0, 3)]));
}
