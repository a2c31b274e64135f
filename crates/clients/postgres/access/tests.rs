use secrecy::ExposeSecret;

use super::*;

fn access(text: &str) -> Result<PostgresAccess, PostgresAccessError> {
    PostgresAccess::new(&PostgresSettings::parse(text)?)
}

fn places(access: &PostgresAccess) -> Vec<String> {
    access.hosts.iter().map(ToString::to_string).collect()
}

fn with(text: &str, variables: &[(&str, &str)]) -> Result<PostgresAccess, PostgresAccessError> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    PostgresAccess::new(&PostgresSettings::parse(text)?.or_environment(variable)?)
}

#[test]
fn uri_and_list_have_the_same_meaning() {
    for text in [
        "postgresql://al%20ice:p%40ss%3A%2F@db.internal:6432/shop?sslmode=verify-full&application_name=a%26b",
        r"host=db.internal port = 6432 user='al ice' password='p@ss:/' dbname=shop sslmode=verify-full application_name=a&b",
    ] {
        let access = access(text).unwrap();
        assert_eq!(places(&access), ["db.internal:6432"]);
        assert_eq!((access.user.as_str(), access.database()), ("al ice", "shop"));
        assert_eq!(access.password.as_ref().unwrap().expose_secret(), "p@ss:/");
        assert_eq!((access.tls.mode, access.program.as_str()), (SslMode::VerifyFull, "a&b"));
    }
    let quoted = access(r"host=h user=u password='it\'s \\ fine' dbname=a\ b").unwrap();
    assert_eq!(quoted.password.unwrap().expose_secret(), r"it's \ fine");
    assert_eq!(quoted.database, "a b");
}

#[test]
fn hosts_addresses_and_ports_are_paired() {
    let places = |text| access(text).map(|access| places(&access));
    assert_eq!(places("postgres://u@a:1,b,[::1]:3/x").unwrap(), ["a:1", "b:5432", "[::1]:3"]);
    assert_eq!(places("host=a,b port=7 user=u").unwrap(), ["a:7", "b:7"]);
    assert_eq!(places("host=a,b hostaddr=10.0.0.1,10.0.0.2 user=u").unwrap(), ["10.0.0.1:5432", "10.0.0.2:5432"]);
    assert_eq!(places("host=/run/pg user=u port=1").unwrap(), ["/run/pg/.s.PGSQL.1"]);
    assert_eq!(places("postgres://u@%2Frun%2Fpg/x").unwrap(), ["/run/pg/.s.PGSQL.5432"]);
    let counts = |keyword| Err(PostgresAccessError::Counts { keyword });
    assert_eq!(places("host=a,b hostaddr=10.0.0.1 user=u"), counts("hostaddr"));
    assert_eq!(places("host=a,b,c port=1,2 user=u"), counts("port"));
}

#[test]
fn defaults_are_those_of_libpq() {
    let access = access("host=h user=u").unwrap();
    assert_eq!((access.database(), access.tls.mode), ("u", SslMode::Prefer));
    assert_eq!(access.channel_binding, BindingMode::Prefer);
    assert_eq!(access.attributes, SessionAttributes::Any);
    let limit = |text: &str| self::access(&format!("host=h user=u connect_timeout={text}")).unwrap().connect_timeout;
    assert_eq!((limit("3"), limit("0"), limit("-1")), (Some(Duration::from_secs(3)), None, None));
    let system = self::access("host=h user=u sslrootcert=system").unwrap();
    assert_eq!(system.tls.mode, SslMode::VerifyFull);
}

#[test]
fn environment_fills_what_is_not_set() {
    let variables = [
        ("PGHOST", "from-env"),
        ("PGPORT", "7"),
        ("PGUSER", "env"),
        ("PGPASSWORD", "secret"),
        ("PGDATABASE", "shop"),
        ("PGSSLMODE", "require"),
        ("PGSSLROOTCERT", "/root.pem"),
        ("PGSSLCERT", "/c.pem"),
        ("PGSSLKEY", "/c.key"),
        ("PGCHANNELBINDING", "require"),
        ("PGOPTIONS", "-c a.b=c"),
        ("PGAPPNAME", "app"),
        ("PGCONNECT_TIMEOUT", "4"),
        ("PGTARGETSESSIONATTRS", "primary"),
        ("PGPASSFILE", "/pass"),
        ("HOME", "/home/u"),
    ];
    let access = with("", &variables).unwrap();
    assert_eq!(places(&access), ["from-env:7"]);
    let host = &access.hosts[0];
    assert_eq!(access.address_of(host).to_string(), "PostgreSQL at from-env:7 (from environment variable PGHOST)");
    assert_eq!((access.user.as_str(), access.database()), ("env", "shop"));
    assert_eq!((access.tls.mode, access.channel_binding), (SslMode::Require, BindingMode::Require));
    assert_eq!((access.options.as_str(), access.program.as_str()), ("-c a.b=c", "app"));
    assert_eq!(access.attributes, SessionAttributes::Primary);
    assert_eq!(access.password_file.as_deref(), Some(Path::new("/pass")));
    assert_eq!(access.tls.defaults.as_deref(), Some(Path::new("/home/u/.postgresql")));

    let access = with("host=set user=set port=1", &variables).unwrap();
    assert_eq!((places(&access), access.user.as_str()), (vec!["set:1".to_owned()], "set"));
    assert_eq!(access.address_of(&access.hosts[0]).to_string(), "PostgreSQL at set:1");
    // An address from the environment must not replace the host of the settings.
    let access = with("host=set user=u", &[("PGHOSTADDR", "10.0.0.1")]).unwrap();
    assert_eq!(places(&access), ["set:5432"]);
    let access = with("user=u", &[("PGHOST", "name"), ("PGHOSTADDR", "10.0.0.1")]).unwrap();
    assert_eq!((places(&access), access.hosts[0].name.as_str()), (vec!["10.0.0.1:5432".to_owned()], "name"));
    assert_eq!(with("host=h user=u", &[("PGUSER", ""), ("PGSERVICE", "")]).unwrap().user, "u");
}

#[test]
fn unsupported_settings_are_refused_by_name() {
    let unsupported = |name| Some(PostgresAccessError::Unsupported { name });
    assert_eq!(access("host=h user=u service=prod").err(), unsupported("service"));
    assert_eq!(access("postgres://u@h/x?sslcrl=%2Fx").err(), unsupported("sslcrl"));
    assert_eq!(access("host=h user=u gssencmode=require").err(), unsupported("gssencmode"));
    assert!(access("host=h user=u gssencmode=disable").is_ok());
    assert_eq!(with("host=h user=u", &[("PGSERVICE", "prod")]).err(), unsupported("PGSERVICE"));
    assert_eq!(with("host=h user=u", &[("PGREQUIREAUTH", "md5")]).err(), unsupported("PGREQUIREAUTH"));
    let error = access("host=h user=u pasword=x").unwrap_err();
    assert_eq!(error.to_string(), "keyword 3 of the connection string does not exist");
}

#[test]
fn invalid_values_are_named_by_keyword() {
    for (text, message) in [
        ("user=u", "`host` is required and not set"),
        ("host=h", "`user` is required and not set"),
        ("host=h user=u port=0", "`port` must be a number from 1 to 65535"),
        ("hostaddr=x user=u", "`hostaddr` must be an IP address"),
        ("hostaddr=10.0.0.1 user=u sslmode=verify-full", "`host` is required and not set"),
        (
            "host=h user=u sslrootcert=system sslmode=require",
            "`sslrootcert=system` requires `sslmode=verify-full`, because anyone can get a certificate of these authorities",
        ),
        ("host=h user=u channel_binding=yes", "`channel_binding` must be one of disable, prefer, require"),
        ("host=h user=u connect_timeout=soon", "`connect_timeout` must be a number of seconds"),
        ("postgres://u@[::1/x", "the connection URI is not valid: an IPv6 address has no closing `]`"),
        ("postgres://u%4@h/x", "the connection URI is not valid: `%` must be followed by two hexadecimal digits"),
        ("host=h user", "the connection string is not valid: a keyword has no `=`"),
        ("host=h user='u", "the connection string is not valid: a value has no closing quote"),
    ] {
        assert_eq!(access(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn password_of_a_connection_string_is_found() {
    for text in ["postgres://u:p@h/x", "host=h user=u password=p", "postgres://u@h/x?password=p"] {
        assert!(PostgresSettings::parse(text).unwrap().has("password"), "{text}");
    }
    for text in ["postgres://u@h/x", "host=h user=u password=''"] {
        assert!(!PostgresSettings::parse(text).unwrap().has("password"), "{text}");
    }
}
