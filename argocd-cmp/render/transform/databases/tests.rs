use super::*;

#[test]
fn service_is_found_as_a_host_only() {
    for text in [
        "db",
        "db:5432",
        "postgres://user:pass@db:5432/shop",
        "postgres://db/shop?sslmode=disable",
        "jdbc:postgresql://db.shop-pr-7.svc.cluster.local:5432/shop",
        "until pg_isready -h db; do sleep 1; done",
        "--host=db",
        "host='db' user=postgres",
        "mongodb://db-0.db:27017,db-1.db:27017",
        "ünïcode (db)",
        "db.shop-pr-7:5432",
        "db-0.db.shop-pr-7.svc",
        "db.stage.svc",
    ] {
        assert!(names_host(text, "db", "shop-pr-7"), "{text}");
    }
    for text in [
        "",
        "dbs",
        "db-2",
        "my-db",
        "DB_NAME",
        "db_name",
        "db://host/x",
        "postgres://rds.example/db",
        "a.db",
        "x/db:1",
        "db.example.com",
        "db.rds",
        "a-0.db.example",
    ] {
        assert!(!names_host(text, "db", "shop-pr-7"), "{text}");
    }
}
