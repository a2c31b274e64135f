use super::*;

#[test]
fn statements_and_their_roles_are_read() {
    let script = "\
--
-- Name: TABLE orders; Type: ACL
--

SET search_path = '';
REVOKE ALL ON TABLE app.orders FROM shop_owner;
GRANT SELECT,INSERT ON TABLE app.orders TO shop_app;
GRANT SELECT(note) ON TABLE app.\"a TO \"\"b\" TO \"Shop \"\" Reader\" WITH GRANT OPTION;
GRANT USAGE ON SCHEMA app TO PUBLIC;
SET SESSION AUTHORIZATION shop_app;
GRANT ALL ON FUNCTION app.f(a integer, b text) TO shop_readonly;
RESET SESSION AUTHORIZATION;
ALTER DEFAULT PRIVILEGES FOR ROLE \"shop owner\" IN SCHEMA app GRANT SELECT ON TABLES TO shop_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
DROP TABLE app.orders;
";
    let found = privilege_statements(script, "shop_objects");
    let roles: Vec<_> = found.iter().map(|statement| statement.role.as_deref()).collect();
    let reader = "Shop \" Reader";
    assert_eq!(
        roles,
        [Some("shop_owner"), Some("shop_app"), Some(reader), None, Some("shop_readonly"), Some("shop_readonly"), None]
    );
    assert_eq!(found[3].sql, "GRANT USAGE ON SCHEMA app TO PUBLIC");
    assert_eq!(
        found[5].sql,
        "ALTER DEFAULT PRIVILEGES FOR ROLE \"shop_objects\" IN SCHEMA app GRANT SELECT ON TABLES TO shop_readonly"
    );
    assert_eq!(found[6].sql, "ALTER DEFAULT PRIVILEGES FOR ROLE \"shop_objects\" REVOKE ALL ON FUNCTIONS FROM PUBLIC");
}

#[test]
fn broken_lines_are_ignored() {
    for line in
        ["GRANT", "GRANT x;", "GRANT x TO \"open;", "ALTER DEFAULT PRIVILEGES FOR ROLE \"x;", ";", "GRANT x TO y"]
    {
        assert_eq!(privilege_statements(line, "o"), [], "{line}");
    }
}
