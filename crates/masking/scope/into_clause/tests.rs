use super::*;

/// The body without the clauses that are found.
fn without(body: &str) -> String {
    let (mut text, mut at) = (String::new(), 0);
    for range in into_clauses(body) {
        text.push_str(&body[at..range.start]);
        at = range.end;
    }
    text + &body[at..]
}

#[test]
fn targets_are_found_and_tables_stay() {
    for (body, expected) in [
        ("BEGIN SELECT a, b INTO x, y.z FROM t; END", "BEGIN SELECT a, b  FROM t; END"),
        ("BEGIN SELECT * INTO STRICT \"X\"[1] FROM t; END", "BEGIN SELECT *  FROM t; END"),
        ("BEGIN SELECT INTO x a FROM t; END", "BEGIN SELECT  a FROM t; END"),
        (
            "BEGIN INSERT INTO t VALUES (1) RETURNING id INTO new_id; END",
            "BEGIN INSERT INTO t VALUES (1) RETURNING id ; END",
        ),
        (
            "BEGIN MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE; END",
            "BEGIN MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE; END",
        ),
        (
            "BEGIN FETCH c INTO r; EXECUTE 'x' INTO y USING 1; END",
            "BEGIN FETCH c INTO r; EXECUTE 'x' INTO y USING 1; END",
        ),
        (
            "IF a THEN SELECT 1 INTO x; ELSE DELETE FROM t RETURNING 1 INTO x; END IF;",
            "IF a THEN SELECT 1 ; ELSE DELETE FROM t RETURNING 1 ; END IF;",
        ),
        ("SELECT CASE WHEN a THEN 1 ELSE 2 END INTO x FROM t;", "SELECT CASE WHEN a THEN 1 ELSE 2 END  FROM t;"),
        ("DO $x$ BEGIN SELECT 1 INTO y; END $x$;", "DO $x$ BEGIN SELECT 1 ; END $x$;"),
        ("-- INTO x\nSELECT 'a INTO b', (SELECT 1) INTO c;", "-- INTO x\nSELECT 'a INTO b', (SELECT 1) ;"),
        ("SELECT 1 INTO", "SELECT 1 "),
        ("INTO INTO INTO", " "),
    ] {
        assert_eq!(without(body), expected);
    }
}
