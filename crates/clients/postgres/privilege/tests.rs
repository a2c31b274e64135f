use super::*;

#[test]
fn missing_privilege_names_object_and_privilege() {
    let of = |message: &str, sql: &str| {
        let missing = MissingPrivilege::of("42501", message, sql)?;
        Some((missing.privilege, format!("{} {}", missing.object_kind, missing.object)))
    };
    for (message, sql, privilege, object) in [
        ("permission denied for table customers", "SELECT 1", PostgresPrivilege::Select, "table customers"),
        (
            "permission denied for table customers",
            "copy c (id) FROM STDIN",
            PostgresPrivilege::Insert,
            "table customers",
        ),
        ("permission denied for table customers", "COPY c TO STDOUT", PostgresPrivilege::Select, "table customers"),
        ("permission denied for schema shop", "select * from shop.x", PostgresPrivilege::Usage, "schema shop"),
        ("permission denied for schema shop", "CREATE TABLE shop.x ()", PostgresPrivilege::Create, "schema shop"),
        ("permission denied for database \"a b\"", "", PostgresPrivilege::Connect, "database a b"),
        ("must be owner of table customers", "ALTER TABLE", PostgresPrivilege::Owner, "table customers"),
        ("must be owner of materialized view v", "REFRESH", PostgresPrivilege::Owner, "materialized view v"),
        ("permission denied to create database", "CREATE", PostgresPrivilege::CreateDatabase, " "),
        ("permission denied to set role \"app\"", "SET ROLE app", PostgresPrivilege::Membership, "role app"),
    ] {
        assert_eq!(of(message, sql), Some((privilege, object.to_owned())), "{message}");
    }
    assert_eq!(of("permiso denegado a la tabla clientes", "SELECT 1"), None);
    assert_eq!(MissingPrivilege::of("42P01", "permission denied for table x", "SELECT 1"), None);
}
