use super::*;

#[test]
fn url_has_one_host_and_the_password() {
    let of = |host: &str| {
        let values = [
            ("PGHOST", host),
            ("PGPORT", "5432"),
            ("PGUSER", "shop_app"),
            ("PGPASSWORD", "canary-7Zq9"),
            ("PGDATABASE", "shop_shadow"),
            ("PGSSLMODE", "require"),
        ];
        let environment: LibpqEnvironment =
            values.into_iter().map(|(name, value)| (name, Zeroizing::new(value.to_owned()))).collect();
        url(&environment).map(|url| url.as_str().to_owned())
    };
    let expected = "postgres://shop_app:canary-7Zq9@db.internal:5432/shop_shadow?sslmode=require";
    assert_eq!(of("db.internal").as_deref(), Some(expected));
    assert!(of("::1").unwrap().contains("@[::1]:5432/"));
    assert_eq!(of("/run/postgresql"), None);
    assert_eq!(of("one,other"), None);
}
