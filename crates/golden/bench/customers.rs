//! The generated table: 17 columns, of which 11 are masked, and 4 indexes.

/// Structure without indexes.
pub(crate) const TABLE: &str = "\
CREATE SCHEMA app;
CREATE TABLE app.customers (
  id bigint NOT NULL, email text NOT NULL, first_name text, last_name text, phone text, street text, city text, postcode text,
  born date, iban text, ip inet, profile jsonb, status text, note text, created timestamptz, updated timestamptz,
  balance numeric(12,2)
);";

/// The indexes.
pub(crate) const INDEXES: &str = "\
ALTER TABLE app.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX customers_email ON app.customers (email);
CREATE INDEX customers_names ON app.customers (last_name, first_name);
CREATE INDEX customers_phone ON app.customers (phone);";

/// Statement that inserts a number of rows of about 600 bytes.
pub(crate) fn rows(count: u32) -> String {
    format!(
        "INSERT INTO app.customers SELECT i, 'user' || i || '@shop.example', 'First' || i % 5000, 'Last' || i % 90000, \
           '+49 30 ' || 10000000 + i, 'Road ' || i % 70000 || ' ' || i % 90, 'Town' || i % 9000, lpad((i % 99999)::text, 5, '0'), \
           date '1950-01-01' + i % 20000, 'DE' || lpad((i::bigint * 7919 % 100000000)::text, 20, '0'), \
           '10.0.0.0'::inet + i % 16000000, \
           jsonb_build_object('email', 'user' || i || '@shop.example', 'phone', '+49 30 ' || 10000000 + i, \
             'address', jsonb_build_object('street', 'Road ' || i % 70000), 'theme', 'dark', 'logins', i % 900), \
           (ARRAY['new', 'active', 'closed'])[1 + i % 3], repeat(md5(i::text), 6), \
           timestamptz '2020-01-01' + i * interval '1 minute', timestamptz '2024-01-01' + i * interval '1 second', i % 100000 / 7.0 \
         FROM generate_series(1, {count}) i"
    )
}

/// Policy with a rule for each personal column.
pub(crate) const POLICY: &str = r#"
version: 1
defaults: { json_strings: keep }
domains:
  email: { kind: email, fold: lower }
  phone: { kind: phone }
  street: { kind: street }
tables:
  app.customers:
    email: { domain: email }
    first_name: { kind: first_name }
    last_name: { kind: last_name }
    phone: { domain: phone }
    street: { domain: street }
    city: { kind: city }
    postcode: { kind: postcode }
    born: { kind: date_shift }
    iban: { kind: iban }
    ip: { kind: ip }
    profile:
      kind: json
      paths:
        "$.email": { domain: email }
        "$.phone": { domain: phone }
        "$.address.street": { domain: street }
    status: keep
    note: keep
"#;

/// Masks these columns in place. Expressions of SQL with a keyed hash, as teams write them.
pub(crate) const UPDATE: &str = "\
UPDATE app.customers SET
  email = md5('key' || email) || '@example.com',
  first_name = initcap(translate(left(md5('key' || first_name), 8), '0123456789', 'ghijklmnop')),
  last_name = initcap(translate(left(md5('key' || last_name), 8), '0123456789', 'ghijklmnop')),
  phone = '+49 ' || translate(left(md5('key' || phone), 10), 'abcdef', '012345'),
  street = initcap(translate(left(md5('key' || street), 8), '0123456789', 'ghijklmnop')) || ' 7',
  city = initcap(translate(left(md5('key' || city), 8), '0123456789', 'ghijklmnop')),
  postcode = translate(left(md5('key' || postcode), 5), 'abcdef', '012345'),
  born = born + (hashtext('key' || born) % 30),
  iban = 'DE' || translate(left(md5('key' || iban), 20), 'abcdef', '012345'),
  ip = '192.0.2.0'::inet + (hashtext('key' || ip) & 255),
  profile = jsonb_set(jsonb_set(jsonb_set(profile,
    '{email}', to_jsonb(md5('key' || (profile ->> 'email')) || '@example.com')),
    '{phone}', to_jsonb('+49 ' || translate(left(md5('key' || (profile ->> 'phone')), 10), 'abcdef', '012345'))),
    '{address,street}', to_jsonb(initcap(translate(left(md5('key' || (profile #>> '{address,street}')), 8), '0123456789',
      'ghijklmnop'))));
ANALYZE app.customers";

/// Query with one row of numbers: rows, different e-mail addresses, rows with a value of the source, and valid indexes.
pub(crate) const CHECK: &str = "\
SELECT count(*), count(DISTINCT email), count(*) FILTER (WHERE email LIKE '%@shop.example' OR profile::text LIKE
         '%@shop.example%' OR first_name LIKE 'First%' OR street LIKE 'Road%' OR ip << '10.0.0.0/8'),
       (SELECT count(*) FROM pg_index WHERE indrelid = 'app.customers'::regclass AND indisvalid)
FROM app.customers";
