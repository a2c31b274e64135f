use super::*;

#[test]
fn password_on_the_command_line_is_refused() {
    for dsn in
        ["postgres://eod:canary-1@db/shop", "host=db user=eod password=canary-1", "postgres://db/x?password=canary-1"]
    {
        let failure = argument("--source", &DsnArgument(dsn.to_owned())).unwrap_err();
        assert!(failure.text().contains("a password is refused on the command line"), "{}", failure.text());
        assert!(!failure.text().contains("canary-1"), "{}", failure.text());
        assert!(may_have_password(dsn), "{dsn}");
        assert!(!format!("{:?}", DsnArgument(dsn.to_owned())).contains("canary-1"));
    }
    assert!(argument("--source", &DsnArgument("host=db user=eod".to_owned())).is_ok());
    for plain in ["host=db user=eod", "password", "postgres://db/shop", "--source"] {
        assert!(!may_have_password(plain), "{plain}");
    }
}

#[test]
fn error_about_a_connection_string_has_no_value() {
    let failure = parsed("EOD_SOURCE_DSN", "canary-1 = x canary-2").unwrap_err();
    assert!(!failure.text().contains("canary"), "{}", failure.text());
    assert!(failure.text().contains("EOD_SOURCE_DSN"), "{}", failure.text());
}
