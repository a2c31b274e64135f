//! A database with every kind of column and definition. Personal values contain `canary`.

/// Run by the role that creates the database.
pub(super) const EXTENSIONS: &str = "\
CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION btree_gist SCHEMA public;
CREATE SCHEMA app AUTHORIZATION OWNER; CREATE SCHEMA \"Audit Log\" AUTHORIZATION OWNER";

/// Run by the owner of all tables, as everything below.
pub(super) const TABLES: &str = "\
CREATE TYPE app.mood AS ENUM ('calm', 'cross');
CREATE TYPE app.place AS (street text, number int, mood app.mood);
CREATE DOMAIN app.email_address AS varchar(50) CHECK (VALUE ~ '^[a-z0-9._-]+@[a-z.]+$');
CREATE DOMAIN app.short_codes AS varchar(8)[];
CREATE TABLE app.customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email app.email_address NOT NULL CONSTRAINT customers_email_key UNIQUE DEFERRABLE INITIALLY DEFERRED,
  login public.citext UNIQUE,
  name text NOT NULL DEFAULT 'nobody',
  loud_name text GENERATED ALWAYS AS (upper(name)) STORED,
  code char(8), codes app.short_codes, phones text[],
  born date, seen timestamptz, local timestamp, times date[],
  balance numeric(10,2), whole numeric(8,0), score real, ratio double precision, age smallint, size integer, far bigint,
  ip inet, net cidr, mac macaddr, key uuid NOT NULL, profile jsonb, raw json, doc xml, token bytea, active boolean,
  mood app.mood, moods app.mood[], home app.place, homes app.place[], span int4range, period tstzrange, tags public.hstore,
  pay money, pause interval, hour time, bits bit(3), spot point, search tsvector
);
CREATE TABLE app.orders (
  id int CONSTRAINT orders_pk PRIMARY KEY WITH (fillfactor = 80),
  customer_id bigint, customer_email text, login text, code text, note varchar(40), room int, period tstzrange,
  CONSTRAINT one_guest EXCLUDE USING gist (room WITH =, period WITH &&)
);
CREATE TABLE app.events (id int, day date, customer_id bigint, ip inet, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE \"Audit Log\".base (id int PRIMARY KEY, \"Note\" text);
CREATE TABLE \"Audit Log\".child (secret text) INHERITS (\"Audit Log\".base);
CREATE UNLOGGED TABLE app.cache (key text PRIMARY KEY, value text);
CREATE TABLE app.documents (id int PRIMARY KEY, body text, file bytea);
CREATE TABLE app.nothing ();
CREATE SEQUENCE app.counter; CREATE SEQUENCE app.unused START 5";

/// Rows of the source.
pub(super) const ROWS: &str = "\
INSERT INTO app.customers (email, login, name, code, codes, phones, born, seen, local, times, balance, whole, score, ratio,
  age, size, far, ip, net, mac, key, profile, raw, doc, token, active, mood, moods, home, homes, span, period, tags, pay,
  pause, hour, bits, spot, search)
SELECT 'canary' || i || '@shop.example', 'Canary' || i, 'Canary Berger', 'AB' || 1000 + i,
  ARRAY['CA' || 1000 + i, NULL], ARRAY['+49 30 ' || 100000 + i, NULL, ''], date '1980-01-01' + i, now() - i * interval '1 day',
  timestamp '1999-05-03 10:11:12.5' + i * interval '1 hour', ARRAY[date '1980-01-01' + i], i * 10.5, i + 100, i * 1.5,
  i * 2.5, 20 + i % 60, 1000 + i, 100000000000 + i,
  '10.0.0.0'::inet + i, '10.1.0.0/16', '08:00:2b:01:02:03', gen_random_uuid(),
  jsonb_build_object('mail', 'CANARY' || i || '@shop.example', 'theme', 'dark', 'deep', jsonb_build_array('canary', 7)),
  '{\"a\" : \"canary\", \"b\":1.50}', '<person>canary</person>', convert_to('canary' || i, 'UTF8'), i % 2 = 0,
  'calm', '{calm,cross}', '(canary street,7,calm)', '{\"(canary street,7,calm)\"}',
  int4range(i, i + 5), tstzrange('2024-01-01', '2024-02-01'), public.hstore('mail', 'canary'), '12.50', '3 days', '10:00',
  B'101', '(1,2)', to_tsvector('simple', 'canary')
FROM generate_series(1, 200) i;
INSERT INTO app.customers (email, name, key) VALUES ('canary@shop.example', '', gen_random_uuid());
INSERT INTO app.orders SELECT i, i % 200 + 1, 'canary' || i % 200 + 1 || '@shop.example', 'canary' || i % 200 + 1,
  'AB' || 1001 + i % 200, 'canary ' || i, i, tstzrange('2024-01-01', '2024-02-01') FROM generate_series(1, 500) i;
INSERT INTO app.events SELECT i, date '2024-01-01' + i, i % 200 + 1, '10.0.0.0'::inet + i FROM generate_series(0, 700) i;
INSERT INTO \"Audit Log\".base VALUES (1, 'canary'); INSERT INTO \"Audit Log\".child VALUES (2, 'canary', 'canary');
INSERT INTO app.cache VALUES ('canary', 'canary');
INSERT INTO app.documents VALUES (1, repeat('canary ', 300000), decode(repeat('00ff', 500000), 'hex'));
INSERT INTO app.nothing DEFAULT VALUES; INSERT INTO app.nothing DEFAULT VALUES;
SELECT setval('app.counter', 4711)";

/// Definitions that are added after the rows. The function proves that no code of the database runs during a load.
pub(super) const DEFINITIONS: &str = "\
CREATE INDEX customers_lower ON app.customers (lower(name), born DESC) WITH (fillfactor = 70);
ALTER INDEX app.customers_lower ALTER COLUMN 1 SET STATISTICS 500;
CREATE INDEX \"Active ones\" ON app.customers (born) INCLUDE (age) WHERE active AND seen > '2020-01-01 00:00:00+02';
CREATE UNIQUE INDEX customers_key ON app.customers (key); CREATE INDEX customers_tags ON app.customers USING gin (search);
CREATE INDEX customers_code ON app.customers (code bpchar_pattern_ops, login) TABLESPACE pg_default;
ALTER TABLE app.customers REPLICA IDENTITY USING INDEX customers_key;
ALTER TABLE app.customers CLUSTER ON customers_lower;
ALTER TABLE app.customers ALTER COLUMN name SET STATISTICS 300;
CREATE STATISTICS app.customers_statistics ON born, active FROM app.customers;
COMMENT ON INDEX app.customers_lower IS 'it''s by \\ name'; COMMENT ON INDEX app.orders_pk IS 'index';
COMMENT ON CONSTRAINT orders_pk ON app.orders IS 'key'; COMMENT ON TABLE app.orders IS 'orders';
COMMENT ON CONSTRAINT customers_email_key ON app.customers IS 'mail';
ALTER TABLE app.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES app.customers
  ON DELETE CASCADE DEFERRABLE;
COMMENT ON CONSTRAINT orders_customer ON app.orders IS 'foreign';
ALTER TABLE app.orders ADD CONSTRAINT old_rows FOREIGN KEY (room) REFERENCES app.orders NOT VALID;
ALTER TABLE app.orders ADD CONSTRAINT short_notes CHECK (length(note) < 3) NOT VALID;
ALTER TABLE app.orders ADD CONSTRAINT has_room CHECK (room > 0);
COMMENT ON CONSTRAINT short_notes ON app.orders IS 'new rows only';
ALTER TABLE app.events ADD CONSTRAINT events_customer FOREIGN KEY (customer_id) REFERENCES app.customers;
CREATE INDEX events_ip ON app.events (ip); CREATE INDEX only_2024 ON app.events_2024 (day);
CREATE FUNCTION app.stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'code of the database ran'; END$$;
CREATE TRIGGER stop_always BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.stop();
CREATE TRIGGER stop_truncate BEFORE TRUNCATE ON app.orders EXECUTE FUNCTION app.stop();
CREATE TRIGGER stop_off BEFORE UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.stop();
CREATE TRIGGER stop_events BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.stop();
ALTER TABLE app.orders ENABLE ALWAYS TRIGGER stop_always; ALTER TABLE app.orders DISABLE TRIGGER stop_off;
ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY; ALTER TABLE app.customers FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON app.customers USING (id < 3);
CREATE RULE no_delete AS ON DELETE TO app.documents DO INSTEAD NOTHING;
CREATE VIEW app.totals AS SELECT c.id, c.name, count(*) AS orders FROM app.customers c JOIN app.orders o
  ON o.customer_id = c.id GROUP BY c.id;
CREATE MATERIALIZED VIEW app.rooms AS SELECT room, count(*) AS n FROM app.orders GROUP BY room;
CREATE UNIQUE INDEX rooms_room ON app.rooms (room);
CREATE VIEW app.many_rooms AS SELECT * FROM app.rooms WHERE n > 0;
CREATE MATERIALIZED VIEW app.a_count AS SELECT count(*) AS n FROM app.many_rooms;
CREATE MATERIALIZED VIEW app.seen_by_owner AS SELECT count(*) AS n FROM app.customers;
CREATE MATERIALIZED VIEW app.never AS SELECT 1 AS one WITH NO DATA;
CREATE FUNCTION app.row_name(c app.customers) RETURNS text LANGUAGE sql AS 'SELECT c.name';
CREATE PUBLICATION shop FOR TABLE app.orders";

/// A column that is computed when it is read. Needs PostgreSQL 18.
pub(super) const VIRTUAL: &str =
    "ALTER TABLE app.documents ADD COLUMN letters int GENERATED ALWAYS AS (length(body)) VIRTUAL";

/// Policy for all of it.
pub(super) const POLICY: &str = r#"
version: 1
domains:
  email: { kind: email, fold: lower }
  login: { kind: username, fold: lower }
  code: { kind: digits }
tables:
  app.customers:
    email: { domain: email }
    login: { domain: login }
    name: { kind: full_name, locale: de }
    code: { domain: code }
    codes: { kind: digits }
    phones: { kind: phone }
    born: { kind: date_shift }
    seen: { kind: date_shift }
    local: { kind: year }
    times: { kind: date_shift }
    balance: { kind: number_noise }
    whole: { kind: number_noise }
    score: { kind: number_noise }
    ratio: { kind: round, to: 10 }
    age: { kind: number_noise }
    size: { kind: digits }
    far: { kind: digits }
    ip: { kind: ip }
    net: { kind: ip }
    mac: { kind: mac }
    key: { kind: uuid }
    profile: { kind: json, paths: { "$.mail": { domain: email }, "$.theme": keep } }
    raw: { kind: json }
    doc: { kind: text }
    token: { kind: hash }
    home: { kind: constant, value: "(Street,1,cross)" }
    homes: { kind: constant, value: "(Street,1,cross)" }
    tags: { kind: constant, value: "a=>1" }
    search: { kind: "null" }
    pause: { kind: constant, value: "1 day" }
  app.orders:
    customer_email: { domain: email }
    login: { domain: login }
    code: { domain: code }
    note: { kind: text }
  app.events: { ip: { kind: ip } }
  Audit Log.base: { Note: { kind: text } }
  Audit Log.child: { Note: { kind: text }, secret: { kind: text } }
  app.cache: empty
  app.documents: { body: { kind: text }, file: keep }
"#;

/// Queries that list all definitions.
pub(super) const FINGERPRINT: &[&str] = &[
    "SELECT 'relation', c.oid::regclass::text, c.relkind, c.relpersistence, c.reltablespace, c.relreplident,
            c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relowner::regrole::text,
            obj_description(c.oid, 'pg_class'), c.relispopulated AND c.relkind = 'm', c.relhastriggers
     FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('app', '\"Audit Log\"') ORDER BY 2",
    "SELECT 'column', a.attrelid::regclass::text, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity, a.attgenerated, a.attislocal, a.attinhcount, coalesce(a.attstattarget, -1), a.attstorage
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace::regnamespace::text IN ('app', '\"Audit Log\"') AND a.attnum > 0 ORDER BY 2, 3",
    "SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident,
            i.indisvalid, i.indisprimary, i.indimmediate, i.indisexclusion, obj_description(i.indexrelid, 'pg_class')
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace::regnamespace::text IN ('app', '\"Audit Log\"') ORDER BY 2",
    "SELECT 'constraint', k.conrelid::regclass::text, k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated,
            k.condeferrable, k.condeferred, k.conislocal, k.coninhcount, obj_description(k.oid, 'pg_constraint'),
            k.conindid::regclass::text
     FROM pg_constraint k WHERE k.connamespace::regnamespace::text IN ('app', '\"Audit Log\"') ORDER BY 2, 3",
    "SELECT 'trigger', t.tgrelid::regclass::text, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)
     FROM pg_trigger t WHERE NOT t.tgisinternal ORDER BY 2, 3",
    "SELECT 'rule', tablename, rulename, definition FROM pg_rules WHERE schemaname = 'app'",
    "SELECT 'policy', p.* FROM pg_policies p", "SELECT 'view', v.* FROM pg_views v WHERE schemaname = 'app'",
    "SELECT 'publication', p.* FROM pg_publication_tables p",
    "SELECT 'statistics', pg_get_statisticsobjdef(oid) FROM pg_statistic_ext",
    "SELECT 'function', oid::regprocedure::text, prosrc FROM pg_proc WHERE pronamespace::regnamespace::text = 'app'",
];
